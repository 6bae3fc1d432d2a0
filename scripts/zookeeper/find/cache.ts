// The cache of downloaded releases: one folder of jars a version.
import { join, resolve } from 'node:path'
import { cacheRoot, download } from './cache-folder.ts'
import type { Release, Source } from './release.ts'
import { releaseIn, versionIn } from './release.ts'
import type { Env } from './tools.ts'

export const cacheFolder = (env: Env, version: string): string =>
  resolve(join(cacheRoot(env), 'zookeeper', version))

export const cache: Source = {
  name: 'cache',
  find: async ({ version }, env) => {
    const folder = cacheFolder(env, version)
    if ((await versionIn(folder)) !== version) throw new Error(`${folder} is not there`)
    return releaseIn(folder, version, `cache, ${folder}`)
  },
}

export const addToCache = async (
  env: Env,
  version: string,
  source: string,
  fill: (folder: string) => Promise<void>,
): Promise<Release> => {
  const folder = cacheFolder(env, version)
  await download(folder, {
    fill: async draft => {
      await fill(draft)
      const found = await versionIn(draft)
      if (found !== version) throw new Error(`expected ZooKeeper ${version}, got ${found ?? 'no server jar'}`)
    },
    isComplete: async place => (await versionIn(place)) !== null,
  })
  return releaseIn(folder, version, source)
}
