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
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { formatSessionId } from '../../protocol/ids.ts'
import { logger } from '../../protocol/support/log.ts'
import { ServiceRegistryError } from './errors.ts'

const log = logger('sessions')

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants

/** A session that is older has long expired. */
const MOST_SESSIONS = 16

/** What the file holds. No secret: the ids can be seen on every ephemeral znode. */
interface Content {
  readonly version: 1
  readonly host: string
  readonly pid: number
  /** When that process was started, as the system tells it; null where it does not. */
  readonly started: string | null
  /** In hexadecimal, the newest last. */
  readonly sessions: readonly string[]
}

/** The files that registries of this process use. */
const inUse = new Map<string, SessionMemory>()

export class SessionMemory {
  readonly #file: string | null
  readonly #warn: (error: unknown) => void
  #sessions = new Set<bigint>()

  /**
   * Takes the file over, for this process. Throws INVALID_OPTION when a process that is alive uses it, and when it
   * cannot be written. One that cannot be understood, or that another host wrote, proves nothing.
   */
  constructor(file: string | null, warn: (error: unknown) => void) {
    this.#file = file === null ? null : resolve(file)
    this.#warn = warn
    if (this.#file === null) return
    const content = read(this.#file)
    if (inUse.has(this.#file)) throw refused('another registry of this process uses it')
    if (content !== null && isAlive(content)) throw refused(`process ${content.pid} uses it`)
    if (content?.host === hostname()) this.#sessions = new Set(content.sessions.map(sessionIdOf))
    try {
      write(this.#file, this.#sessions)
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
    const user = inUse.get(this.#file) ?? this
    inUse.set(this.#file, user)
    try {
      if (user !== this) throw refused('another registry of this process uses it')
      write(this.#file, this.#sessions)
    } catch (error) {
      this.#warn(error)
    }
  }

  /** The file is free for another registry of this process. */
  release(): void {
    if (this.#file !== null && inUse.get(this.#file) === this) inUse.delete(this.#file)
  }
}

function read(file: string): Content | null {
  // Where it may not be asked for, as on Deno, this throws: a file that was only never believed would be no help.
  const user = process.geteuid?.()
  try {
    const content = JSON.parse(textOf(file, user)) as Partial<Content>
    const { version, host, pid, started, sessions } = content
    if (version !== 1 || typeof host !== 'string' || !Number.isInteger(pid) || !Array.isArray(sessions))
      return null
    if (!sessions.every(id => typeof id === 'string' && /^0x[0-9a-f]{1,16}$/.test(id))) return null
    return { version, host, pid: pid as number, started: started ?? null, sessions }
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
function write(file: string, sessions: Iterable<bigint>): void {
  const content: Content = {
    version: 1,
    host: hostname(),
    pid: process.pid,
    started: startOf(process.pid),
    sessions: [...sessions].map(formatSessionId),
  }
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

/** True for another process of this host; its id alone would not do, as ids are given again. */
function isAlive({ host, pid, started }: Content): boolean {
  if (host !== hostname() || pid === process.pid) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ESRCH') return false
    // Deno without the permission to signal: a guess could take the session of one that lives.
    if (code !== 'EPERM') throw refused(`whether process ${pid} uses it cannot be told`, error)
  }
  const now = startOf(pid)
  return started === null || now === null || now === started
}

/** Ticks between the start of the system and that of the process, where there is a /proc. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may have blanks; the 20th field behind it is the time.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

function refused(why: string, cause?: unknown): ServiceRegistryError {
  return new ServiceRegistryError('INVALID_OPTION', `sessionFile: ${why}`, { cause })
}
