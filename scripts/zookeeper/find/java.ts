// Finds the Java that runs the server: JAVA_HOME, then the PATH, then where systems usually put it.
import { join, resolve } from 'node:path'
import { namesIn } from './release.ts'
import type { Env } from './tools.ts'
import { findTool, isExecutable, searchPath } from './tools.ts'

const VIRTUAL_MACHINES = '/usr/lib/jvm'

export const findJava = async (env: Env, folders?: readonly string[]): Promise<string> => {
  if (env.JAVA_HOME) {
    const java = resolve(env.JAVA_HOME, 'bin', 'java')
    if (await isExecutable(java)) return java
  }
  const found = await findTool('java', folders ?? (await usualFolders(env)))
  if (found !== null) return found
  const tried = env.JAVA_HOME
    ? `JAVA_HOME (${env.JAVA_HOME}) has no bin/java, and`
    : 'JAVA_HOME is not set, and'
  throw new Error(
    `ZooKeeper needs Java, and there is none: ${tried} there is no java on the PATH. ` +
      'Install a Java runtime, version 11 or newer (Debian: default-jre-headless), or set JAVA_HOME.',
  )
}

const usualFolders = async (env: Env): Promise<string[]> => {
  const installed = (await namesIn(VIRTUAL_MACHINES)).sort()
  return [...searchPath(env), ...installed.map(name => join(VIRTUAL_MACHINES, name, 'bin'))]
}
