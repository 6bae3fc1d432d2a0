// Who uses a file: one thread of one process, named so that nobody else on any machine is taken for it.
import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

export interface ThreadMark {
  readonly host: string
  /**
   * The start of the system and the namespace of process ids: a container has its own, even where it shares a host's
   * name. null on systems that have neither.
   */
  readonly place: string | null
  readonly pid: number
  /** As the system numbers threads; where it does not tell, as the runtime does. */
  readonly thread: number
  /** When that thread was started, in ticks since the start of the system; null where it does not tell. */
  readonly started: string | null
}

/** Of a system that does not show what it should: nothing can be proved about it, now or later. */
let nowhere: string | undefined

export function ownMark(): ThreadMark {
  const { pid } = process
  // Loaded here, because few need it, and it would make every start slower.
  const { threadId } = process.getBuiltinModule('node:worker_threads')
  const [host, own] = [hostname(), { pid, thread: threadId, started: null }]
  if (process.platform !== 'linux') return { host, place: null, ...own }
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const place = `${boot} ${readlinkSync('/proc/self/ns/pid')}`
    // Read by this very thread: a call that blocks is made by nobody else.
    const [, shown, thread] = /^(\d+)\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self')) ?? []
    if (Number(shown) !== pid) throw new Error('/proc is of another namespace')
    return { host, place, pid, thread: Number(thread), started: startOf(pid, Number(thread)) }
  } catch {
    // Deno shows /proc only to programs that may do everything.
    nowhere ??= `nowhere ${randomUUID()}`
    return { host, place: 'deno' in process.versions ? null : nowhere, ...own }
  }
}

/** True if this thread can tell whether that one lives. */
export function isInSight(mark: ThreadMark, own: ThreadMark): boolean {
  return mark.host === own.host && mark.place === own.place
}

export function isSame(mark: ThreadMark, own: ThreadMark): boolean {
  return (
    isInSight(mark, own) && mark.pid === own.pid && mark.thread === own.thread && mark.started === own.started
  )
}

/**
 * Of a thread in sight: false only if it is certain that it has ended. Errors: of a system that does not tell, as where
 * Deno may not signal.
 */
export function isAlive({ place, pid, thread, started }: ThreadMark): boolean {
  if (place !== null) return startOf(pid, thread) === started
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ESRCH' || code === 'EPERM') return code === 'EPERM'
    throw error
  }
}

/** null for a thread that is not there. Errors: of a system that does not tell. */
function startOf(pid: number, thread: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
    // The name, in parentheses, may have blanks; behind it the state, and as the 20th field the time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ended = fields[0] === 'Z' || fields[0] === 'X'
    return ended ? null : (fields[19] ?? null)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return null
    throw error
  }
}
