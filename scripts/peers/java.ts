// Finds what the interop tests need of Java: a compiler, the ZooKeeper client, and jars through Maven, once.
import { dirname, join } from 'node:path'
import type { Env } from '../zookeeper/find/tools.ts'
import { findTool, searchPath } from '../zookeeper/find/tools.ts'
import { findInstallation } from '../zookeeper/run/installation.ts'
import type { JarSet } from './jars.ts'
import { fetchJars } from './jars.ts'

export interface JavaPeers {
  readonly java: string
  readonly javac: string
  /** The ZooKeeper client first. */
  readonly classPath: readonly string[]
  readonly versions: { readonly zookeeper: string; readonly curator: string }
}

const CLIENT_LINE = '3.9'
const CURATOR = '5.7.1'
const CURATOR_JARS: JarSet = {
  name: `Curator ${CURATOR}`,
  artifacts: [
    ['org.apache.curator', 'curator-x-discovery', CURATOR],
    // zkCli needs it, and ZooKeeper's own POM leaves it to its surroundings.
    ['commons-cli', 'commons-cli', '1.5.0'],
  ],
  // They come with the client.
  without: ['org.apache.zookeeper', 'org.slf4j'],
}
const DUBBO_JARS: JarSet = {
  name: 'Dubbo 3.3.2',
  artifacts: [['org.apache.dubbo', 'dubbo-common', '3.3.2']],
  without: [],
}
const FINAGLE_JARS: JarSet = {
  name: 'Finagle 22.12.0',
  artifacts: [['com.twitter', 'finagle-serversets_2.13', '22.12.0']],
  without: [],
}

/** The peers, fetched on first use and kept in the cache, or the reason why there are none. */
export async function findJavaPeers(env: Env = process.env): Promise<JavaPeers | string> {
  try {
    const { java, release } = await findInstallation({ version: CLIENT_LINE })
    const javac = await findTool('javac', [dirname(java), ...searchPath(env)])
    if (javac === null) throw new Error('there is no javac: install a JDK (Debian: default-jdk-headless)')
    const jars = await fetchJars(CURATOR_JARS, env)
    return {
      java,
      javac,
      classPath: [...release.classPath, join(jars, '*')],
      versions: { zookeeper: release.version, curator: CURATOR },
    }
  } catch (error) {
    return `no Java peers: ${error instanceof Error ? error.message : String(error)}`
  }
}

export interface FormatPeer {
  readonly java: string
  readonly classPath: string
}

/** Java with the libraries of one format, or the reason why there is none. */
export async function findFormatPeer(
  which: 'dubbo' | 'finagle',
  env: Env = process.env,
): Promise<FormatPeer | string> {
  try {
    const { java } = await findInstallation({ version: CLIENT_LINE })
    const jars = await fetchJars(which === 'dubbo' ? DUBBO_JARS : FINAGLE_JARS, env)
    return { java, classPath: join(jars, '*') }
  } catch (error) {
    return `no ${which} in Java: ${error instanceof Error ? error.message : String(error)}`
  }
}
