// One process at a time: the others wait, because what they would make is the same.
import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 100
const BEAT_MS = 5000
// Of a process that runs, or another one has its number now.
const LONGEST_SILENCE_MS = 120_000

// `lock` is a file that names the process whose turn it is, and the turn, and that this process touches again and again.
// Whoever finds that the process is gone, or has long been silent, goes on: in the latter case there may be two at once,
// which does harm to few things.
export const inTurn = async <T>(lock: string, work: () => Promise<T>): Promise<T> => {
  const turn = `${process.pid} ${randomUUID()}`
  await take(lock, turn)
  const beat = setInterval(() => void touch(lock).catch(() => {}), BEAT_MS)
  try {
    return await work()
  } finally {
    clearInterval(beat)
    if ((await contentOf(lock)) === turn) await remove(lock)
  }
}

const take = async (lock: string, turn: string): Promise<void> => {
  await mkdir(dirname(lock), { recursive: true })
  const draft = `${lock}.${randomUUID()}`
  await writeFile(draft, turn)
  try {
    while (!(await appears(draft, lock))) {
      const found = await contentOf(lock)
      const isOver = found !== null && (!isRunning(Number.parseInt(found, 10)) || (await isSilent(lock)))
      await (isOver ? clear(lock, draft, found) : sleep(PAUSE_MS))
    }
  } finally {
    await remove(draft)
  }
}

// Several may find it, and the lock of the first who goes on must not be taken for it.
const clear = async (lock: string, draft: string, found: string): Promise<void> => {
  const broom = broomOf(lock)
  if (!(await appears(draft, broom))) return (await isSilent(broom)) ? remove(broom) : sleep(PAUSE_MS)
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
    await touch(draft)
    await link(draft, lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

const touch = (file: string): Promise<void> => utimes(file, new Date(), new Date())

const isSilent = async (file: string): Promise<boolean> => {
  const found = await stat(file).catch(() => null)
  return found !== null && Date.now() - found.mtimeMs > LONGEST_SILENCE_MS
}

const isRunning = (pid: number): boolean => {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
