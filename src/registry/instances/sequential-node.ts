// A sequential ephemeral node that is kept: another session, and a deletion, give it another number.
import { Buffer } from 'node:buffer'
import type { Acl, SessionState, ZooKeeperView } from '../../../protocol/index.ts'
import { childOf, isLinked, parentOf, ZooKeeperError } from '../../../protocol/index.ts'
import { Backoff } from '../../../protocol/support/backoff.ts'
import type { Deferred } from '../../../protocol/support/deferred.ts'
import { deferred } from '../../../protocol/support/deferred.ts'
import { logger } from '../../../protocol/support/log.ts'
import { isPassing, isRace, isSessionOver } from '../../recipes/persistence.ts'
import { ServiceRegistryError } from '../errors.ts'
import { withParents } from '../parents.ts'

const log = logger('sequential-node')

/** How often it is checked although nothing happened, in milliseconds. */
const CHECK_INTERVAL = 60_000

export interface SequentialNodePort {
  readonly zk: ZooKeeperView
  readonly acl: () => readonly Acl[] | undefined
  readonly maxDataSize: number
  /** True for a node that another registration of this process keeps. */
  readonly taken: (path: string) => boolean
  readonly warning: (error: unknown) => void
}

/** Where it stands; the number belongs to one session. */
interface Standing {
  readonly path: string
  readonly sessionId: bigint
}

export class SequentialNode {
  /** The path up to the number. */
  readonly prefix: string
  readonly #port: SequentialNodePort
  readonly #backoff = new Backoff({ base: 100, cap: 10_000 })
  readonly #unsubscribe: () => void
  #wanted: Uint8Array | null = null
  #standing: Standing | null = null
  /** Bytes of creations whose answers were lost: what they made has to be found. */
  #unsure: Uint8Array[] = []
  #waiters: Deferred<void>[] = []
  #timer: ReturnType<typeof setTimeout> | null = null
  #phase: 'resting' | 'working' | 'stopped' = 'resting'
  #due = false
  readonly #changed = (): void => this.#look()

  constructor(prefix: string, port: SequentialNodePort) {
    this.prefix = prefix
    this.#port = port
    this.#unsubscribe = port.zk.on('state', ({ state }) => {
      if (isLinked(state)) this.#look()
      if (isOver(state)) this.#rest()
    })
  }

  /** Where it stands, or stood when last heard of; null: nowhere. */
  get path(): string | null {
    return this.#standing?.path ?? null
  }

  /**
   * Resolves when the tree is as wanted; null: no node. Errors: NO_AUTH and others that do not
   * pass, INVALID_DATA for too many bytes, STOPPED.
   */
  want(bytes: Uint8Array | null): Promise<void> {
    if (this.#phase === 'stopped') return Promise.reject(this.#stopped())
    if (bytes !== null && bytes.length > this.#port.maxDataSize) return Promise.reject(this.#tooLarge(bytes))
    this.#wanted = bytes
    const waiter = deferred<void>()
    this.#waiters.push(waiter)
    this.#look()
    return waiter.promise
  }

  /** Stops looking after the node; the node itself is left to its session. */
  stop(): void {
    if (this.#phase === 'stopped') return
    this.#phase = 'stopped'
    this.#unsubscribe()
    this.#rest()
  }

  /** What is wanted stays wanted, for the time when the client is started again. */
  #rest(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#stopped())
  }

  #stopped(): ServiceRegistryError {
    return new ServiceRegistryError('STOPPED', 'the registry was stopped', { path: this.prefix })
  }

  #tooLarge({ length }: Uint8Array): ServiceRegistryError {
    const message = `data of ${length} bytes exceeds the limit of ${this.#port.maxDataSize}`
    return new ServiceRegistryError('INVALID_DATA', message, { path: this.prefix })
  }

  /** Every trigger leads here: a wish, a watch, a new session, the slow check. */
  #look(): void {
    this.#due = true
    if (this.#phase === 'resting') void this.#work()
  }

  #lookLater(ms: number): void {
    if (isOver(this.#port.zk.state)) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#look(), ms)
  }

  async #work(): Promise<void> {
    this.#phase = 'working'
    // `stop` may be called while it works.
    const stopped = (): boolean => this.#phase === 'stopped'
    while (this.#due && !stopped()) {
      this.#due = false
      const waiters = this.#waiters.splice(0)
      try {
        await this.#reconcile(this.#wanted)
        this.#backoff.reset()
        for (const waiter of waiters) waiter.resolve()
        // What is not to be there is nobody's to look after.
        if (!stopped() && this.#standing !== null)
          this.#lookLater(CHECK_INTERVAL * (0.8 + 0.4 * Math.random()))
      } catch (error) {
        this.#failed(error, waiters)
      }
    }
    if (!stopped()) this.#phase = 'resting'
  }

  #failed(error: unknown, waiters: readonly Deferred<void>[]): void {
    log('%s: %s', this.prefix, error)
    const over = isOver(this.#port.zk.state)
    if (over || this.#phase === 'stopped') {
      for (const waiter of waiters) waiter.reject(this.#stopped())
      return
    }
    const passing = isPassing(error) || isSessionOver(error) || isRace(error)
    // What passes is waited out together with the wish; the rest is the caller's to know, now.
    if (passing) this.#waiters.unshift(...waiters)
    else for (const waiter of waiters) waiter.reject(error)
    if (!passing && waiters.length === 0) this.#port.warning(error)
    this.#lookLater(this.#backoff.next())
  }

  /** One step from what is there to what is wanted. */
  async #reconcile(wanted: Uint8Array | null): Promise<void> {
    const { zk } = this.#port
    const session = zk.sessionId
    if (this.#standing !== null && this.#standing.sessionId !== session) this.#standing = null
    if (this.#unsure.length > 0) await this.#findLost(session)
    const standing = this.#standing
    if (wanted === null) {
      if (standing !== null) await removed(zk.delete(standing.path))
      this.#standing = null
      return
    }
    if (standing !== null && (await this.#adjust(standing.path, wanted))) return
    this.#standing = await this.#create(wanted)
    // From now on a change by anybody is noticed.
    if (!(await this.#adjust(this.#standing.path, wanted))) this.#due = true
  }

  /** Writes what is wanted where it differs, and watches; false where there is no node any more. */
  async #adjust(path: string, wanted: Uint8Array): Promise<boolean> {
    const { zk } = this.#port
    try {
      const { data, stat } = await zk.get(path, { watch: this.#changed })
      if (!sameBytes(data, wanted)) await zk.set(path, wanted, { version: stat.version })
      return true
    } catch (error) {
      if (!ZooKeeperError.is(error, 'NO_NODE')) throw error
      this.#standing = null
      return false
    }
  }

  async #create(bytes: Uint8Array): Promise<Standing> {
    const { zk, acl: aclNow } = this.#port
    const acl = aclNow()
    const options = acl === undefined ? {} : { acl }
    try {
      const { path, stat } = await withParents(zk, this.prefix, acl, () =>
        zk.create(this.prefix, bytes, { ...options, mode: 'ephemeralSequential' }),
      )
      return { path, sessionId: stat.ephemeralOwner }
    } catch (error) {
      if (ZooKeeperError.is(error) && error.mayHaveApplied) this.#unsure.push(bytes)
      throw error
    }
  }

  /** What a lost creation made carries its bytes and belongs to this session; with another one it went. */
  async #findLost(session: bigint): Promise<void> {
    const { zk, taken } = this.#port
    const parent = parentOf(this.prefix)
    const name = this.prefix.slice(this.prefix.lastIndexOf('/') + 1)
    // A server that lags behind cannot hide it.
    await zk.sync(parent)
    const { children } = await noNodeAs({ children: [] as readonly string[] }, zk.getChildren(parent))
    for (const child of children) {
      const path = childOf(parent, child)
      if (!child.startsWith(name) || path === this.path) continue
      const found = await noNodeAs(null, zk.get(path))
      if (found?.stat.ephemeralOwner !== session || taken(path)) continue
      if (!this.#unsure.some(bytes => sameBytes(found.data, bytes))) continue
      if (this.#standing === null) this.#standing = { path, sessionId: session }
      else await removed(zk.delete(path))
    }
    this.#unsure = []
  }
}

/** Closed, and nothing happens before it is started again. */
function isOver(state: SessionState): boolean {
  return state === 'closed' || state === 'authFailed'
}

async function noNodeAs<T, U>(instead: U, promise: Promise<T>): Promise<T | U> {
  try {
    return await promise
  } catch (error) {
    if (ZooKeeperError.is(error, 'NO_NODE')) return instead
    throw error
  }
}

function removed(promise: Promise<void>): Promise<void> {
  return noNodeAs(undefined, promise)
}

function sameBytes(a: Uint8Array | null, b: Uint8Array): boolean {
  return Buffer.compare(a ?? Buffer.alloc(0), b) === 0
}
