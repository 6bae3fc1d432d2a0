// Where downloads are kept, and how one comes there: complete or not at all.
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Env } from './tools.ts'

export const cacheRoot = (env: Env): string =>
  env.NDSR_CACHE || join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'nd-service-registry')

export interface Download {
  // Puts everything into a draft of the folder.
  fill(draft: string): Promise<void>
  // Tells a finished folder from a left-over that is in the way.
  isComplete(folder: string): Promise<boolean>
}

// Fills a sibling folder and renames it into place, so that no reader and no other writer sees half of it.
export const download = async (folder: string, { fill, isComplete }: Download): Promise<void> => {
  await mkdir(dirname(folder), { recursive: true })
  const draft = await mkdtemp(join(dirname(folder), '.draft-'))
  try {
    await fill(draft)
    await rename(draft, folder).catch(async error => {
      // Whoever renames first wins; the loser's copy is as good and is dropped.
      if (await isComplete(folder)) return
      await rm(folder, { recursive: true, force: true })
      await rename(draft, folder).catch(() => {
        throw error
      })
    })
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}
