// Fetches jars for the interop tests through Maven, once for each set.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { cacheRoot, download } from '../zookeeper/find/cache-folder.ts'
import { inTurn } from '../zookeeper/find/in-turn.ts'
import { copyJars, pomOf } from '../zookeeper/find/pom.ts'
import { namesIn } from '../zookeeper/find/release.ts'
import type { Env } from '../zookeeper/find/tools.ts'

export interface JarSet {
  /** For those who wait. */
  readonly name: string
  readonly artifacts: readonly (readonly [group: string, artifact: string, version: string])[]
  /** Groups that are left out. */
  readonly without: readonly string[]
}

/** One folder per set of jars. Throws where they cannot be had. */
export async function fetchJars(set: JarSet, env: Env): Promise<string> {
  const pom = pomText(set)
  const key = createHash('sha256').update(pom).digest('hex').slice(0, 16)
  const folder = join(cacheRoot(env), 'java', key)
  const isComplete = async (): Promise<boolean> => (await namesIn(folder)).length > 0
  if (await isComplete()) return folder
  await inTurn(`${folder}.lock`, async () => {
    if (await isComplete()) return
    process.stderr.write(`interop: fetching ${set.name} through Maven (once) ...\n`)
    await download(folder, { fill: draft => copyJars(pom, draft, env), isComplete })
  })
  return folder
}

function pomText({ artifacts, without }: JarSet): string {
  const groups = without.map(group => [group, '*'] as const)
  return pomOf(
    'interop-jars',
    artifacts.map(([group, artifact, version]) => ({ group, artifact, version, without: groups })),
  )
}
