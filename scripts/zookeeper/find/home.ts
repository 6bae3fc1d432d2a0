// A server that the user already has: ZOOKEEPER_HOME names a release folder, a Debian root or a folder of jars.
import { join, resolve } from 'node:path'
import { jarsOf } from './debian-jars.ts'
import type { Source } from './release.ts'
import { releaseIn, versionIn } from './release.ts'

export const home: Source = {
  name: 'ZOOKEEPER_HOME',
  find: async (request, env) => {
    if (!env.ZOOKEEPER_HOME) throw new Error('not set')
    const root = resolve(env.ZOOKEEPER_HOME)
    const check = (version: string): void => {
      if (!request.accepts(version))
        throw new Error(`${root} is ZooKeeper ${version}, not ${request.version}`)
    }
    const lib = join(root, 'lib')
    const released = await versionIn(lib)
    if (released !== null) {
      check(released)
      return releaseIn(lib, released, `ZOOKEEPER_HOME, ${root}`)
    }
    // Debian keeps every package's jars in one folder, so the class path has to name the ones that belong.
    for (const folder of [root, join(root, '../java'), join(root, 'usr/share/java')]) {
      const version = await versionIn(folder)
      if (version === null) continue
      check(version)
      return { version, classPath: await jarsOf(folder), source: `ZOOKEEPER_HOME, ${folder}` }
    }
    throw new Error(`${root} has no lib/zookeeper-<version>.jar`)
  },
}
