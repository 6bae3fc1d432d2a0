// The cache of downloaded releases: one folder of jars a version, complete or not there at all.
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Release, Source } from './release.ts'
import { releaseIn, versionIn } from './release.ts'
import type { Env } from './tools.ts'

export const cacheFolder = (env: Env, version: string): string =>
  resolve(
    env.NDSR_CACHE ||
      join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'nd-service-registry'),
    'zookeeper',
    version,
  )

export const cache: Source = {
  name: 'cache',
  find: async ({ version }, env) => {
    const folder = cacheFolder(env, version)
    if ((await versionIn(folder)) !== version) throw new Error(`${folder} is not there`)
    return releaseIn(folder, version, `cache, ${folder}`)
  },
}

// Fills a sibling folder and renames it into place, so that no reader and no other writer sees half a release.
export const addToCache = async (
  env: Env,
  version: string,
  source: string,
  fill: (folder: string) => Promise<void>,
): Promise<Release> => {
  const folder = cacheFolder(env, version)
  await mkdir(dirname(folder), { recursive: true })
  const draft = await mkdtemp(join(dirname(folder), '.draft-'))
  try {
    await fill(draft)
    const found = await versionIn(draft)
    if (found !== version) throw new Error(`expected ZooKeeper ${version}, got ${found ?? 'no server jar'}`)
    await moveIntoPlace(draft, folder)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return releaseIn(folder, version, source)
}

// Whoever renames first wins; the loser's copy is as good and is dropped. A folder without a server is in the way.
const moveIntoPlace = async (draft: string, folder: string): Promise<void> => {
  try {
    await rename(draft, folder)
  } catch (error) {
    if ((await versionIn(folder)) !== null) return
    await rm(folder, { recursive: true, force: true })
    await rename(draft, folder).catch(() => {
      throw error
    })
  }
}
