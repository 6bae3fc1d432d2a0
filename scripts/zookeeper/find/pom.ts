// Jars through Maven: a project that depends on them, and the goal that copies what it depends on.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheRoot } from './cache-folder.ts'
import { inTurn } from './in-turn.ts'
import { withTemporaryFolder } from './temporary.ts'
import type { Env } from './tools.ts'
import { runTool } from './tools.ts'

export interface Artifact {
  readonly group: string
  readonly artifact: string
  readonly version: string
  // What of its dependencies is left out; `*` stands for any artifact of a group.
  readonly without: readonly (readonly [group: string, artifact: string])[]
}

const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'

export const pomOf = (name: string, artifacts: readonly Artifact[]): string =>
  `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>${name}</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${artifacts.map(dependency).join('\n')}
  </dependencies>
</project>
`

const dependency = ({ group, artifact, version, without }: Artifact): string => {
  const exclusions = without.map(
    ([g, a]) => `<exclusion><groupId>${g}</groupId><artifactId>${a}</artifactId></exclusion>`,
  )
  return `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>
      <exclusions>${exclusions.join('')}</exclusions></dependency>`
}

// Copies the jars that a POM asks for, with all that they need.
export const copyJars = async (pom: string, folder: string, env: Env): Promise<void> => {
  await withTemporaryFolder(async work => {
    await writeFile(join(work, 'pom.xml'), pom)
    const args = ['-B', '-q', COPY, '-DincludeScope=runtime', `-DoutputDirectory=${folder}`]
    // Maven's own store of what it fetched is not made for several at once.
    await inTurn(join(cacheRoot(env), 'maven.lock'), () =>
      runTool('mvn', args, { env, cwd: work, folders: mavenFolders(env) }),
    )
  })
}

const mavenFolders = (env: Env): string[] =>
  [env.MAVEN_HOME, env.M2_HOME]
    .filter(root => root !== undefined && root !== '')
    .map(root => join(root!, 'bin'))
