// An ephemeral node that is kept as its owner wants it: what is wanted is compared with what is there, again and again.
import { Buffer } from 'node:buffer'
import type { Acl, Stat, ZooKeeperView } from '../../protocol/index.ts'
import { isLinked, ZooKeeperError } from '../../protocol/index.ts'
import { Backoff } from '../../protocol/support/backoff.ts'
import type { Deferred } from '../../protocol/support/deferred.ts'
import { deferred } from '../../protocol/support/deferred.ts'
import { logger } from '../../protocol/support/log.ts'
import { isPassing, isRace, isSessionOver } from '../recipes/persistence.ts'
import { ServiceRegistryError } from './errors.ts'
import { withParents } from './parents.ts'

const log = logger('registration')

/** How often a registration is checked although nothing happened, in milliseconds. */
const CHECK_INTERVAL = 60_000

/**
 * This many changes by others are answered at once, and then one per interval: somebody who answers back, as the
 * Python package does, would otherwise be fought as fast as the network allows.
 */
const BURST = 10
const ANSWER_INTERVAL = 500

/** What the owner wants: a node with these bytes, or none. */
export type Wanted = { readonly kind: 'present'; readonly data: Uint8Array } | { readonly kind: 'absent' }

/**
 * What a look at the tree found.
 * - `mine`: owned by the session at hand. `former`: by a session of ours that is over, proved by its id.
 * - `foreign`: by somebody else, or by nobody. It is never deleted: we wait for it to go.
 */
type Found =
  | { readonly kind: 'none' }
  | { readonly kind: 'mine' | 'former' | 'foreign'; readonly stat: Stat; readonly data: Uint8Array | null }

export interface RegistrationPort {
  /** ACL of the node and of its parent when they are created. */
  readonly acl: () => readonly Acl[] | undefined
  /** True for a session that this process held and lost. */
  readonly wasOurs: (sessionId: bigint) => boolean
  readonly warning: (error: unknown) => void
}

interface Waiter extends Deferred<void> {
  readonly kind: Wanted['kind']
}

/** `settled`: as wanted. `blocked`: a foreign node stands there, and we wait for it to go. */
type Outcome = 'settled' | 'blocked'

export class Registration {
  readonly path: string
  readonly #zk: ZooKeeperView
  readonly #port: RegistrationPort
  readonly #backoff = new Backoff({ base: 100, cap: 10_000 })
  readonly #unsubscribe: () => void
  #wanted: Wanted = { kind: 'absent' }
  /** Callers whose wish is not fulfilled yet. */
  #waiters: Waiter[] = []
  #outcome: Outcome = 'settled'
  /** True when what stands in the way is owned by no session. */
  #nobodys = false
  #working = false
  #due = false
  #timer: ReturnType<typeof setTimeout> | null = null
  #timerDue = 0
  /** How many changes were answered of late, and when that was counted. */
  #answers = { count: 0, at: 0 }
  #stopped = false

  /** One function for all watches, so that they count as one. */
  readonly #changed = (): void => {
    const now = performance.now()
    const count = Math.max(0, this.#answers.count - (now - this.#answers.at) / ANSWER_INTERVAL) + 1
    this.#answers = { count, at: now }
    if (count > BURST) this.#lookLater(ANSWER_INTERVAL)
    else this.#look()
  }

  constructor(zk: ZooKeeperView, path: string, port: RegistrationPort) {
    this.path = path
    this.#zk = zk
    this.#port = port
    // A lost link changes nothing: only a new session can have taken the node away.
    this.#unsubscribe = zk.on('state', ({ state }) => {
      if (isLinked(state)) this.#look()
      else if (state === 'closed' || state === 'authFailed') this.#rest()
    })
  }

  get wanted(): Wanted {
    return this.#wanted
  }

  /** True while a znode of somebody else stands in the way. */
  get blocked(): boolean {
    return this.#outcome === 'blocked'
  }

  /** Why it is blocked. */
  get obstacle(): ServiceRegistryError {
    return ownedByOther(this.path, this.#nobodys)
  }

  /**
   * Resolves when the tree is as wanted, however long that takes. Errors: NO_AUTH and others that do not pass, and
   * SUPERSEDED when the opposite is wanted meanwhile.
   */
  want(wanted: Wanted): Promise<void> {
    this.#wanted = wanted
    const waiter: Waiter = { kind: wanted.kind, ...deferred<void>() }
    this.#waiters.push(waiter)
    this.#requeue([])
    this.#look()
    return waiter.promise
  }

  /** Stops looking after the node; the node itself is left to its session. */
  stop(): void {
    this.#stopped = true
    this.#unsubscribe()
    this.#rest()
  }

  /** What is wanted stays wanted, for the time when the client is started again. */
  #rest(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#dismiss()
  }

  #dismiss(): void {
    const stopped = new ServiceRegistryError('STOPPED', 'the registry was stopped', { path: this.path })
    for (const waiter of this.#waiters.splice(0)) waiter.reject(stopped)
  }

  get #over(): boolean {
    return this.#zk.state === 'closed' || this.#zk.state === 'authFailed'
  }

  /** Every trigger leads here: a wish, a watch, a new session, the slow check. */
  #look(): void {
    this.#due = true
    if (!this.#working && !this.#stopped) void this.#work()
  }

  async #work(): Promise<void> {
    this.#working = true
    while (this.#due && !this.#stopped) {
      this.#due = false
      const waiters = this.#waiters.splice(0)
      try {
        const before = this.#outcome
        this.#outcome = await this.#reconcile()
        this.#backoff.reset()
        if (this.#outcome === 'settled') for (const waiter of waiters) waiter.resolve()
        else this.#requeue(waiters)
        // Nobody waits who could be told that what stood there is gone.
        if (this.#outcome === 'blocked' && before === 'settled' && this.#waiters.length === 0) {
          this.#port.warning(ownedByOther(this.path, this.#nobodys))
        }
        this.#lookLater(CHECK_INTERVAL * (0.8 + 0.4 * Math.random()))
      } catch (error) {
        this.#failed(error, waiters)
      }
    }
    this.#working = false
    // Whoever went back into the queue while the registration was stopped is told too.
    if (this.#stopped) this.#dismiss()
  }

  #failed(error: unknown, waiters: readonly Waiter[]): void {
    // A client that is closed brings nothing back before it is started again.
    const over = this.#over
    const passing = !over && (isPassing(error) || isSessionOver(error) || isRace(error))
    log('%s: %s', this.path, error)
    // What passes is waited out together with the wish; the rest is the caller's to know, now.
    if (passing) this.#requeue(waiters)
    else for (const waiter of waiters) waiter.reject(error)
    if (!passing && waiters.length === 0) this.#port.warning(error)
    this.#lookLater(this.#backoff.next())
  }

  /** Waiters go on waiting, except those whose wish is not the one at hand any more. */
  #requeue(waiters: readonly Waiter[]): void {
    const all = [...waiters, ...this.#waiters]
    this.#waiters = all.filter(waiter => waiter.kind === this.#wanted.kind)
    const message = `${this.path}: another call wants the opposite`
    const superseded = new ServiceRegistryError('SUPERSEDED', message, { path: this.path })
    for (const waiter of all) if (waiter.kind !== this.#wanted.kind) waiter.reject(superseded)
  }

  /** The earliest of the times that were asked for counts. */
  #lookLater(ms: number): void {
    if (this.#stopped || this.#over) return
    const due = performance.now() + ms
    if (this.#timer !== null) {
      if (this.#timerDue <= due) return
      clearTimeout(this.#timer)
    }
    this.#timerDue = due
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#look()
    }, ms)
  }

  /** One step from what is there to what is wanted. */
  async #reconcile(): Promise<Outcome> {
    const wanted = this.#wanted
    const found = await this.#find()
    if (wanted.kind === 'absent') {
      if (found.kind === 'mine' || found.kind === 'former') await this.#remove(found.stat)
      return 'settled'
    }
    switch (found.kind) {
      case 'none':
        await this.#create(wanted.data)
        break
      case 'mine':
        if (!sameBytes(found.data, wanted.data)) {
          await this.#zk.set(this.path, wanted.data, { version: found.stat.version })
        }
        return 'settled'
      case 'former':
        await this.#replace(found.stat, wanted.data)
        break
      case 'foreign':
        return 'blocked'
    }
    await this.#arm()
    return 'settled'
  }

  /** Reads with a watch, so that the next change leads to the next step. */
  async #find(): Promise<Found> {
    const before = this.#zk.sessionId
    try {
      const { data, stat } = await this.#zk.get(this.path, { watch: this.#changed })
      const owner = stat.ephemeralOwner
      // Between two sessions nothing is known to be ours.
      if (before !== this.#zk.sessionId) throw new ZooKeeperError('SESSION_EXPIRED', { path: this.path })
      if (owner !== 0n && owner === before) return { kind: 'mine', stat, data }
      this.#nobodys = owner === 0n
      return { kind: this.#port.wasOurs(owner) ? 'former' : 'foreign', stat, data }
    } catch (error) {
      if (!ZooKeeperError.is(error, 'NO_NODE')) throw error
      return { kind: 'none' }
    }
  }

  async #create(data: Uint8Array): Promise<void> {
    const acl = this.#port.acl()
    const options = acl === undefined ? {} : { acl }
    await withParents(this.#zk, this.path, acl, () =>
      this.#zk.create(this.path, data, { ...options, mode: 'ephemeral' }),
    )
  }

  /** In one transaction: readers see the old node or the new one, and never none. */
  async #replace(stat: Stat, data: Uint8Array): Promise<void> {
    const acl = this.#port.acl()
    await this.#zk
      .transaction()
      .delete(this.path, { version: stat.version })
      .create(this.path, data, acl === undefined ? { mode: 'ephemeral' } : { acl, mode: 'ephemeral' })
      .commit()
  }

  async #remove(stat: Stat): Promise<void> {
    try {
      await this.#zk.delete(this.path, { version: stat.version })
    } catch (error) {
      if (!ZooKeeperError.is(error, 'NO_NODE')) throw error
    }
  }

  /** After a creation: from now on a change by anybody is noticed. */
  async #arm(): Promise<void> {
    const stat = await this.#zk.exists(this.path, { watch: this.#changed })
    if (stat === null) this.#due = true
  }
}

function sameBytes(a: Uint8Array | null, b: Uint8Array): boolean {
  return a !== null && Buffer.compare(a, b) === 0
}

function ownedByOther(path: string, nobodys: boolean): ServiceRegistryError {
  const what = nobodys ? 'a persistent node stands there' : 'another session holds it'
  const message = `${path}: ${what}; the registration waits for it to go`
  return new ServiceRegistryError('OWNED_BY_OTHER', message, { path })
}
