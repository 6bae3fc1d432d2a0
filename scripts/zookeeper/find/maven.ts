// The release jars through Maven, with the few that ZooKeeper itself marks as given by its surroundings.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { addToCache } from './cache.ts'
import type { Source } from './release.ts'
import { withTemporaryFolder } from './temporary.ts'
import type { Env } from './tools.ts'
import { runTool } from './tools.ts'

// slf4j-simple comes first, so that its slf4j-api is taken on every line and the two fit each other.
// The server loads metrics-core and snappy-java from 3.6 on, and its own POM leaves both out.
const BESIDE = [
  ['org.slf4j', 'slf4j-simple', '2.0.13'],
  ['io.dropwizard.metrics', 'metrics-core', '4.1.12.1'],
  ['org.xerial.snappy', 'snappy-java', '1.1.10.5'],
] as const

// Other logging back ends start more slowly and would quarrel with slf4j-simple.
const WITHOUT = [
  ['ch.qos.logback', '*'],
  ['ch.qos.reload4j', '*'],
  ['log4j', '*'],
  ['org.slf4j', 'slf4j-log4j12'],
  ['org.slf4j', 'slf4j-reload4j'],
] as const

const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'

export const maven: Source = {
  name: 'Maven',
  find: async ({ version }, env) =>
    await addToCache(env, version, 'Maven', async folder => {
      await withTemporaryFolder(async work => {
        await writeFile(join(work, 'pom.xml'), pomFor(version))
        const args = ['-B', '-q', COPY, '-DincludeScope=runtime', `-DoutputDirectory=${folder}`]
        await runTool('mvn', args, { env, cwd: work, folders: mavenFolders(env) })
      })
    }),
}

export const pomFor = (version: string): string => {
  const own = dependency('org.apache.zookeeper', 'zookeeper', version, WITHOUT)
  const beside = BESIDE.map(([group, artifact, pinned]) => dependency(group, artifact, pinned, []))
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>zookeeper-jars</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${[...beside, own].join('\n')}
  </dependencies>
</project>
`
}

const dependency = (
  group: string,
  artifact: string,
  version: string,
  without: readonly (readonly [string, string])[],
): string => {
  const exclusions = without.map(
    ([g, a]) => `<exclusion><groupId>${g}</groupId><artifactId>${a}</artifactId></exclusion>`,
  )
  return `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>
      <exclusions>${exclusions.join('')}</exclusions></dependency>`
}

const mavenFolders = (env: Env): string[] =>
  [env.MAVEN_HOME, env.M2_HOME]
    .filter(root => root !== undefined && root !== '')
    .map(root => join(root!, 'bin'))
