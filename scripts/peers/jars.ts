// Fetches jars for the interop tests through Maven, once for each set.
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { namesIn } from '../zookeeper/find/release.ts'
import { withTemporaryFolder } from '../zookeeper/find/temporary.ts'
import type { Env } from '../zookeeper/find/tools.ts'
import { runTool } from '../zookeeper/find/tools.ts'

export interface JarSet {
  /** For those who wait. */
  readonly name: string
  readonly artifacts: readonly (readonly [group: string, artifact: string, version: string])[]
  /** Groups that are left out. */
  readonly without: readonly string[]
}

const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'

/** One folder per set of jars, complete or not there at all. Throws where they cannot be had. */
export async function fetchJars(set: JarSet, env: Env): Promise<string> {
  const cache =
    env.NDSR_CACHE || join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'nd-service-registry')
  const pom = pomText(set)
  const folder = join(cache, 'java', createHash('sha256').update(pom).digest('hex').slice(0, 16))
  if ((await namesIn(folder)).length > 0) return folder
  process.stderr.write(`interop: fetching ${set.name} through Maven (once) ...\n`)
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

function pomText({ artifacts, without }: JarSet): string {
  const exclusions = without
    .map(group => `<exclusion><groupId>${group}</groupId><artifactId>*</artifactId></exclusion>`)
    .join('')
  const dependencies = artifacts.map(
    ([group, artifact, version]) =>
      `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>
      <exclusions>${exclusions}</exclusions></dependency>`,
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
