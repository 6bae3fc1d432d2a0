// The sessions that were ours: what they own may be replaced. With a file, also those of the process before this one.
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { resolve } from 'node:path'
import { formatSessionId } from '../../protocol/ids.ts'
import { logger } from '../../protocol/support/log.ts'
import { ServiceRegistryError } from './errors.ts'
import type { ThreadMark } from './thread-mark.ts'
import { isAlive, isInSight, isSame, ownMark } from './thread-mark.ts'

const log = logger('sessions')

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants

/** A session that is older has long expired. */
const MOST_SESSIONS = 16

/** What the file holds. No secret: the ids can be seen on every ephemeral znode. */
interface Content extends ThreadMark {
  readonly version: 1
  /** True: that thread has no registry any more that uses the file. */
  readonly free: boolean
  /** In hexadecimal, the newest last. */
  readonly sessions: readonly string[]
}

/** The files that registries of this thread use. */
const inUse = new Map<string, SessionMemory>()

export class SessionMemory {
  readonly #file: string | null
  readonly #warn: (error: unknown) => void
  #sessions = new Set<bigint>()

  /**
   * Takes the file over, for this thread. Throws INVALID_OPTION when a thread that is alive uses it, and when it
   * cannot be written. One that cannot be understood, or that was written on another host, before the last start of
   * this one, or in another container, proves nothing.
   */
  constructor(file: string | null, warn: (error: unknown) => void) {
    this.#file = file === null ? null : resolve(file)
    this.#warn = warn
    if (this.#file === null) return
    if (inUse.has(this.#file)) throw refused('another registry of this thread uses it')
    const own = ownMark()
    const content = read(this.#file)
    checkFree(content, own)
    if (content !== null && isInSight(content, own))
      this.#sessions = new Set(content.sessions.map(sessionIdOf))
    try {
      write(this.#file, this.#sessions, own)
    } catch (cause) {
      throw refused('it cannot be written', cause)
    }
    inUse.set(this.#file, this)
  }

  has(sessionId: bigint): boolean {
    return this.#sessions.has(sessionId)
  }

  /** Remembers a session before anything is created in it. */
  add(sessionId: bigint): void {
    if (this.#sessions.has(sessionId)) return
    this.#sessions.add(sessionId)
    for (const oldest of [...this.#sessions].slice(0, -MOST_SESSIONS)) this.#sessions.delete(oldest)
    if (this.#file === null) return
    try {
      this.#take(this.#file)
      write(this.#file, this.#sessions, ownMark())
    } catch (error) {
      this.#warn(error)
    }
  }

  /** The file is free for another registry, here or elsewhere. */
  release(): void {
    if (this.#file === null || inUse.get(this.#file) !== this) return
    inUse.delete(this.#file)
    try {
      write(this.#file, this.#sessions, ownMark(), true)
    } catch (error) {
      log('%s: not released: %s', this.#file, error)
    }
  }

  /** Once more after `release`: somebody else may use it by now. */
  #take(file: string): void {
    const user = inUse.get(file)
    if (user === this) return
    if (user !== undefined) throw refused('another registry of this thread uses it')
    checkFree(read(file), ownMark())
    inUse.set(file, this)
  }
}

function checkFree(content: Content | null, own: ThreadMark): void {
  if (content === null || content.free || !isInSight(content, own) || isSame(content, own)) return
  let alive: boolean
  try {
    alive = isAlive(content)
  } catch (cause) {
    // A guess could take the session of one that lives.
    throw refused(`whether process ${content.pid} uses it cannot be told`, cause)
  }
  if (!alive) return
  throw refused(
    content.pid === own.pid ? 'another thread of this process uses it' : `process ${content.pid} uses it`,
  )
}

function read(file: string): Content | null {
  // Where it may not be asked for, as on Deno, this throws: a file that was only never believed would be no help.
  const user = process.geteuid?.()
  try {
    const content = JSON.parse(textOf(file, user)) as Partial<Content>
    const { version, host, place = null, pid, thread = 0, started = null, free = false, sessions } = content
    const known = version === 1 && typeof host === 'string' && (typeof place === 'string' || place === null)
    if (!known || !Number.isInteger(pid) || !Number.isInteger(thread) || !Array.isArray(sessions)) return null
    if (!sessions.every(id => typeof id === 'string' && /^0x[0-9a-f]{1,16}$/.test(id))) return null
    return { version, host, place, pid: pid as number, thread: thread as number, started, free, sessions }
  } catch (error) {
    log('%s: %s', file, error)
    return null
  }
}

/** Neither follows a link nor waits at a pipe; a file of another user could claim anybody's sessions. */
function textOf(file: string, user: number | undefined): string {
  const descriptor = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) throw new Error('it is no file')
    if (user !== undefined && stat.uid !== user) throw new Error('of another user')
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Written beside it and renamed: a crash leaves the old file or the new one. Under a name that nobody can guess and
 * only if it is new: a link that somebody left there is not written through.
 */
function write(file: string, sessions: Iterable<bigint>, own: ThreadMark, free = false): void {
  const content: Content = { version: 1, ...own, free, sessions: [...sessions].map(formatSessionId) }
  const temporary = `${file}.${randomUUID()}.tmp`
  try {
    writeFileSync(temporary, `${JSON.stringify(content)}\n`, { mode: 0o600, flag: 'wx' })
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Ids are signed, and written without a sign. */
function sessionIdOf(text: string): bigint {
  return BigInt.asIntN(64, BigInt(text))
}

function refused(why: string, cause?: unknown): ServiceRegistryError {
  return new ServiceRegistryError('INVALID_OPTION', `sessionFile: ${why}`, { cause })
}
