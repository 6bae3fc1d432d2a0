// One process at a time: the others wait, because what they would make is the same.
import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 100
// Longer than anything takes that is made in turn.
const PATIENCE_MS = 600_000

// `lock` is a file that names the process whose turn it is, and the turn. Whoever finds that the process is gone, or has
// waited for too long, goes on: in the latter case there may be two at once, which does harm to few things.
export const inTurn = async <T>(lock: string, work: () => Promise<T>): Promise<T> => {
  const turn = `${process.pid} ${randomUUID()}`
  await take(lock, turn)
  try {
    return await work()
  } finally {
    if ((await contentOf(lock)) === turn) await remove(lock)
  }
}

const take = async (lock: string, turn: string): Promise<void> => {
  await mkdir(dirname(lock), { recursive: true })
  const draft = `${lock}.${randomUUID()}`
  await writeFile(draft, turn)
  try {
    let end = performance.now() + PATIENCE_MS
    while (!(await appears(draft, lock))) {
      const found = await contentOf(lock)
      if (performance.now() > end) {
        await Promise.all([remove(lock), remove(broomOf(lock))])
        end += PATIENCE_MS
      } else if (found !== null && !isRunning(Number.parseInt(found, 10))) await clear(lock, draft, found)
      else await sleep(PAUSE_MS)
    }
  } finally {
    await remove(draft)
  }
}

// Several may find it, and the lock of the first who goes on must not be taken for it.
const clear = async (lock: string, draft: string, found: string): Promise<void> => {
  const broom = broomOf(lock)
  if (!(await appears(draft, broom))) return sleep(PAUSE_MS)
  try {
    if ((await contentOf(lock)) === found) await remove(lock)
  } finally {
    await remove(broom)
  }
}

const broomOf = (lock: string): string => `${lock}.broom`

const remove = (file: string): Promise<void> => rm(file, { force: true })

// null: there is none.
const contentOf = (file: string): Promise<string | null> => readFile(file, 'utf8').catch(() => null)

// A link appears whole, with its content, and only where nothing is yet.
const appears = async (draft: string, lock: string): Promise<boolean> => {
  try {
    await link(draft, lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

const isRunning = (pid: number): boolean => {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
