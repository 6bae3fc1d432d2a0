// One process at a time: the others wait, because what they would make is the same.
import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 100
// Longer than anything takes that is made in turn.
const PATIENCE_MS = 600_000

// `lock` is a file that names the process whose turn it is. Two at once would do no harm, only take longer: so whoever
// finds that the process is gone, or has waited for too long, goes on.
export const inTurn = async <T>(lock: string, work: () => Promise<T>): Promise<T> => {
  await take(lock)
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
}

const take = async (lock: string): Promise<void> => {
  await mkdir(dirname(lock), { recursive: true })
  const draft = `${lock}.${randomUUID()}`
  await writeFile(draft, String(process.pid))
  try {
    const end = performance.now() + PATIENCE_MS
    while (!(await appears(draft, lock))) {
      const holder = Number(await readFile(lock, 'utf8').catch(() => process.pid))
      if (!isRunning(holder) || performance.now() > end) await rm(lock, { force: true })
      else await sleep(PAUSE_MS)
    }
  } finally {
    await rm(draft)
  }
}

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
