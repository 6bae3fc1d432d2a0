// The jars that a server needs among those that Debian's Java packages put into one folder.
import { join } from 'node:path'
import { namesIn } from './release.ts'

const WANTED =
  /^(zookeeper|zookeeper-jute|slf4j-api|slf4j-simple|metrics-core|snappy-java|commons-(cli|io)|netty-(buffer|codec|common|handler|resolver|transport|transport-native-(epoll|unix-common)|tcnative.*|all)|jctools-core)\.jar$/

// Of the logging back ends only slf4j-simple, or another one in the same folder might be the one that is found.
export const jarsOf = async (folder: string): Promise<string[]> => {
  const names = (await namesIn(folder)).filter(name => WANTED.test(name)).sort()
  const jars = names.map(name => join(folder, name))
  // A folder of jars with versions in their names is not Debian's; all of it is taken.
  return names.includes('zookeeper.jar') ? jars : [join(folder, '*')]
}
