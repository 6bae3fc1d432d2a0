// A lock between the processes of one machine, as a file beside the one that it protects.
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { link, lstat, open, rename, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { delay } from '../../protocol/support/abort.ts'
import { systemClock } from '../../protocol/support/clock.ts'

/** Nobody holds it for longer: it is kept for one small write. In milliseconds. */
const STALE_AFTER = 5000
const LONGEST_PAUSE = 30

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
/** A holder takes less. */
const LONGEST = 4096
/** It becomes part of a file's name: what is none of ours could lead anywhere. */
const TOKEN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

interface Holder {
  readonly token: string
  readonly pid: number
  readonly host: string
}

export class FileLock {
  /** Names what this holder makes, so that it can be cleared away after him. */
  readonly token: string
  readonly #path: string

  private constructor(path: string, token: string) {
    this.#path = path
    this.token = token
  }

  /**
   * Takes the lock; null if others hold it for all of `patience` milliseconds. The lock of a process that is gone, or
   * that has stood still for too long, is broken; `orphaned` is told whose it was. Errors: of the file system.
   */
  static async take(
    path: string,
    patience: number,
    orphaned: (token: string) => Promise<void>,
  ): Promise<FileLock | null> {
    const token = randomUUID()
    const end = performance.now() + patience
    for (;;) {
      if (await create(path, { token, pid: process.pid, host: hostname() })) return new FileLock(path, token)
      const stale = await staleToken(path)
      if (stale !== null) {
        if ((await broken(path, stale)) && stale !== '') await orphaned(stale)
        continue
      }
      if (performance.now() > end) return null
      await delay(systemClock, 1 + Math.random() * LONGEST_PAUSE)
    }
  }

  /** False when somebody has broken it: what it protects is not ours to change any more. */
  async held(): Promise<boolean> {
    return (await holderOf(this.#path))?.token === this.token
  }

  async release(): Promise<void> {
    if (await this.held()) await unlink(this.#path)
  }
}

async function create(path: string, holder: Holder): Promise<boolean> {
  let file: Awaited<ReturnType<typeof open>>
  try {
    file = await open(path, 'wx', 0o600)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
  try {
    await file.writeFile(JSON.stringify(holder))
  } catch (error) {
    // The disk is full, say: a lock that names nobody would keep everybody waiting.
    await unlink(path).catch(() => {})
    throw error
  } finally {
    await file.close()
  }
  return true
}

/** The token of a lock that nobody will release; empty if it says nothing; null: it is held, or gone by now. */
async function staleToken(path: string): Promise<string | null> {
  try {
    const [holder, { mtimeMs }] = [await holderOf(path), await lstat(path)]
    const gone = holder !== null && holder.host === hostname() && !isAlive(holder.pid)
    return gone || Date.now() - mtimeMs > STALE_AFTER ? (holder?.token ?? '') : null
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/**
 * Takes a stale lock away. Two processes may come to that at once, and the second would take the new lock of the
 * first: so it is looked at again after it was moved, and put back if it is another one.
 */
async function broken(path: string, stale: string): Promise<boolean> {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
  const token = (await holderOf(aside))?.token ?? ''
  if (token !== stale) await link(aside, path).catch(() => {})
  await unlink(aside)
  return token === stale
}

/** null where it says nothing that a holder would say. */
async function holderOf(path: string): Promise<Holder | null> {
  try {
    const { token, pid, host } = Object(JSON.parse(await textOf(path))) as Partial<Holder>
    if (typeof token !== 'string' || !TOKEN.test(token)) return null
    return Number.isInteger(pid) && typeof host === 'string' ? { token, pid: pid as number, host } : null
  } catch (error) {
    if (error instanceof SyntaxError || codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** Neither follows a link nor waits at a pipe: in a folder that others can write to, it may be either. */
async function textOf(path: string): Promise<string> {
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw new Error(`${path} is no file`)
    return stat.size <= LONGEST ? await file.readFile('utf8') : ''
  } finally {
    await file.close()
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code
}
