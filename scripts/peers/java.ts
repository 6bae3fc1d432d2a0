// Finds what the interop tests need of Java: a compiler, the ZooKeeper client, and Curator through Maven, once.
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { namesIn } from '../zookeeper/find/release.ts'
import { withTemporaryFolder } from '../zookeeper/find/temporary.ts'
import type { Env } from '../zookeeper/find/tools.ts'
import { findTool, runTool, searchPath } from '../zookeeper/find/tools.ts'
import { findInstallation } from '../zookeeper/run/installation.ts'

export interface JavaPeers {
  readonly java: string
  readonly javac: string
  /** The ZooKeeper client first. */
  readonly classPath: readonly string[]
  readonly versions: { readonly zookeeper: string; readonly curator: string }
}

const CLIENT_LINE = '3.9'
const CURATOR = '5.7.1'
// zkCli needs commons-cli, which ZooKeeper's own POM leaves to its surroundings.
const BESIDE = [['commons-cli', 'commons-cli', '1.5.0']] as const
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'

/** The peers, fetched on first use and kept in the cache, or the reason why there are none. */
export async function findJavaPeers(env: Env = process.env): Promise<JavaPeers | string> {
  try {
    const { java, release } = await findInstallation({ version: CLIENT_LINE })
    const javac = await findTool('javac', [dirname(java), ...searchPath(env)])
    if (javac === null) throw new Error('there is no javac: install a JDK (Debian: default-jdk-headless)')
    const jars = await curatorJars(env)
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

/** One folder per set of jars, complete or not there at all. */
async function curatorJars(env: Env): Promise<string> {
  const cache =
    env.NDSR_CACHE || join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'nd-service-registry')
  const pom = pomText()
  const folder = join(cache, 'java', createHash('sha256').update(pom).digest('hex').slice(0, 16))
  if ((await namesIn(folder)).length > 0) return folder
  process.stderr.write(`interop: fetching Curator ${CURATOR} through Maven (once) ...\n`)
  await mkdir(dirname(folder), { recursive: true })
  const draft = await mkdtemp(join(dirname(folder), '.draft-'))
  try {
    await withTemporaryFolder(async work => {
      await writeFile(join(work, 'pom.xml'), pom)
      const args = ['-B', '-q', COPY, '-DincludeScope=runtime', `-DoutputDirectory=${draft}`]
      await runTool('mvn', args, { env, cwd: work })
    })
    await moveIntoPlace(draft, folder)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return folder
}

/** Whoever renames first wins; the other copy is as good. */
async function moveIntoPlace(draft: string, folder: string): Promise<void> {
  try {
    await rename(draft, folder)
  } catch (error) {
    if ((await namesIn(folder)).length === 0) throw error
  }
}

/** Without ZooKeeper and its logging: those come with the client. */
function pomText(): string {
  const without = ['org.apache.zookeeper', 'org.slf4j']
    .map(group => `<exclusion><groupId>${group}</groupId><artifactId>*</artifactId></exclusion>`)
    .join('')
  const dependencies = [['org.apache.curator', 'curator-x-discovery', CURATOR] as const, ...BESIDE].map(
    ([group, artifact, version]) =>
      `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>
      <exclusions>${without}</exclusions></dependency>`,
  )
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>interop-jars</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${dependencies.join('\n')}
  </dependencies>
</project>
`
}
