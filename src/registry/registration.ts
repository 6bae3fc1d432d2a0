// An ephemeral node that is kept as its owner wants it: what is wanted is compared with what is there, again and again.
import { ZooKeeperError } from '../../protocol/index.ts'
import { Backoff } from '../../protocol/support/backoff.ts'
import { logger } from '../../protocol/support/log.ts'
import { isPassing, isRace, isSessionOver } from '../recipes/persistence.ts'
import type { Agenda } from './agenda.ts'
import { Alarm } from './agenda.ts'
import type { ServiceRegistryError } from './errors.ts'
import type { Gate } from './gate.ts'
import type { Found, OwnedNodePort } from './owned-node.ts'
import { OwnedNode } from './owned-node.ts'
import { ANSWER_INTERVAL, AnswerPace, TakeoverPace } from './pace.ts'
import { ownedByOther, stopped, takenOver } from './registration-errors.ts'
import type { Patience } from './waiters.ts'
import { Waiters } from './waiters.ts'
import type { Standing, Wanted } from './wanted.ts'
import { isAsWanted } from './wanted.ts'

const log = logger('registration')

/** How often a registration is checked although nothing happened, in milliseconds. */
const CHECK_INTERVAL = 60_000

export interface RegistrationPort extends OwnedNodePort {
  readonly agenda: Agenda
  /** Bounds how many look at the tree at once. */
  readonly gate: Gate
  warning(error: unknown): void
  /** The conflict policy made it give up. */
  gaveUp(registration: Registration): void
}

/**
 * - `created`: it stands since just now, and nobody watches it yet. `settled`: as wanted, and watched.
 * - `blocked`: something of somebody else stands there, and we wait for it to go.
 */
type Outcome = 'created' | 'settled' | 'blocked'
/** `queued`: it waits for its turn at the gate. */
type Phase = 'resting' | 'queued' | 'working' | 'stopped'

export class Registration {
  readonly path: string
  readonly #port: RegistrationPort
  readonly #node: OwnedNode
  readonly #alarm: Alarm
  readonly #waiters: Waiters
  // Most never need them, and there may be many registrations.
  #backoff: Backoff | null = null
  #answers: AnswerPace | null = null
  #takeovers: TakeoverPace | null = null
  #wanted: Wanted = { kind: 'absent' }
  #phase: Phase = 'resting'
  /** True while something may have changed since the last look. */
  #due = false
  #lookAt = Number.POSITIVE_INFINITY
  #standing: Standing = 'pending'
  #obstacle: 'foreign' | 'nobodys' = 'foreign'
  /** The session in which a look with a watch succeeded that has not fired since; 0n: none. */
  #watchedIn = 0n
  /** True if something stood there when last heard of. */
  #present = false
  /** Number of the newest caller whom the look at hand serves: a wish that comes meanwhile does not harm it. */
  #served = 0
  /** True once somebody was told why it is not as wanted. */
  #told = false

  constructor(path: string, port: RegistrationPort) {
    this.path = path
    this.#port = port
    this.#alarm = new Alarm(port.agenda, () => this.#rang())
    this.#waiters = new Waiters(
      () => this.#setAlarm(),
      () => this.#tellObstacle(),
    )
    this.#node = new OwnedNode(path, port, ({ type }) => this.#changed(type !== 'nodeDeleted'))
  }

  get wanted(): Wanted {
    return this.#wanted
  }

  get standing(): Standing {
    return this.#standing
  }

  /**
   * Resolves when the tree is as wanted. Errors: NO_AUTH and others that do not pass, SUPERSEDED when the opposite is
   * wanted meanwhile, and when the patience is over, why it is not as wanted; the wish stays.
   */
  want(wanted: Wanted, patience: Patience): Promise<void> {
    if (this.#phase === 'stopped') return Promise.reject(stopped(this.path))
    this.#wanted = wanted
    if (this.#standing === 'settled') this.#standing = 'pending'
    this.#waiters.supersede(wanted.kind, this.path, this.#served)
    const waiting = this.#waiters.add(wanted.kind, patience)
    this.#look()
    return waiting
  }

  /** What stands in the way; undefined if nothing does. */
  get obstacle(): ServiceRegistryError | undefined {
    if (this.#standing !== 'blocked') return undefined
    return ownedByOther(this.path, this.#obstacle)
  }

  #tellObstacle(): Error | undefined {
    const { obstacle } = this
    this.#told ||= obstacle !== undefined
    return obstacle
  }

  /** There is a link again. Watches tell what was missed, unless the session, and the node with it, is a new one. */
  linked(): void {
    const watched = this.#watchedIn === this.#port.zk.sessionId
    if (watched && this.#standing === 'settled') return
    if (!watched) this.#present = false
    this.#look()
  }

  /** The client was closed. What is wanted stays wanted, for the time when there is a link again. */
  rest(): void {
    this.#lookAt = Number.POSITIVE_INFINITY
    this.#alarm.clear()
    if (this.#waiters.size > 0) this.#waiters.reject(stopped(this.path))
  }

  /** Stops looking after the node; the node itself is left to its session. */
  stop(): void {
    this.#phase = 'stopped'
    this.rest()
  }

  /** Stops, and takes the watch back. */
  dispose(): void {
    this.stop()
    this.#node.forget()
  }

  #changed(present: boolean): void {
    this.#watchedIn = 0n
    this.#present = present
    // A session that is being closed takes all its nodes away: there is nothing to look at before the next one.
    if (this.#over) return
    const { clock } = this.#port.agenda
    this.#answers ??= new AnswerPace()
    if (this.#answers.allows(clock.now())) this.#look()
    else this.#lookLater(ANSWER_INTERVAL)
  }

  /** Every trigger leads here: a wish, a watch, a new session, the slow check. */
  #look(): void {
    this.#due = true
    if (this.#phase !== 'resting') return
    this.#phase = 'queued'
    const bytes = this.#wanted.kind === 'present' ? this.#wanted.bytes.length : 0
    this.#port.gate.run(bytes, () => this.#work())
  }

  /** The earliest of the times that were asked for counts. */
  #lookLater(ms: number): void {
    if (this.#over) return
    this.#lookAt = Math.min(this.#lookAt, this.#port.agenda.clock.now() + ms)
    this.#setAlarm()
  }

  #setAlarm(): void {
    if (this.#phase !== 'stopped') this.#alarm.set(Math.min(this.#lookAt, this.#waiters.deadline))
  }

  #rang(): void {
    const now = this.#port.agenda.clock.now()
    this.#waiters.expire(now)
    if (this.#lookAt > now) return this.#setAlarm()
    this.#lookAt = Number.POSITIVE_INFINITY
    this.#setAlarm()
    this.#look()
  }

  async #work(): Promise<void> {
    // While it waits and works, `stop` may be called at any point.
    const stopped = (): boolean => this.#phase === 'stopped'
    if (stopped()) return
    this.#phase = 'working'
    while (this.#due && !stopped()) {
      this.#due = false
      try {
        await this.#lookOnce()
        this.#backoff?.reset()
      } catch (error) {
        this.#failed(error)
      }
      // Those whom it did not serve, and who wanted something else than what is wanted by now.
      this.#waiters.supersede(this.#wanted.kind, this.path, 0)
      this.#served = 0
    }
    if (!stopped()) this.#phase = 'resting'
  }

  async #lookOnce(): Promise<void> {
    this.#served = this.#waiters.newest
    const wanted = this.#wanted
    const outcome = await this.#reconcile(wanted)
    if (this.#phase === 'stopped') return
    if (outcome === 'blocked') this.#blocked(wanted)
    else {
      this.#standing = this.#wanted === wanted ? 'settled' : 'pending'
      this.#told = false
      this.#waiters.resolve(this.#served)
    }
    this.#lookLater(CHECK_INTERVAL * (0.8 + 0.4 * Math.random()))
    // Whoever waited knows by now; the watch follows right behind.
    if (outcome !== 'created') return
    this.#present = true
    this.#port.gate.runLater(0, () => this.#arm(wanted))
  }

  #blocked(wanted: Wanted): void {
    this.#standing = 'blocked'
    const error = this.obstacle as ServiceRegistryError
    // Nobody waits who could be told that what stood there is gone.
    if (this.#waiters.size === 0 && !this.#told) {
      this.#told = true
      this.#port.warning(error)
    }
    if (wanted.kind === 'present' && wanted.conflict === 'fail' && wanted === this.#wanted) {
      this.#waiters.reject(error)
      this.#port.gaveUp(this)
    }
  }

  #failed(error: unknown): void {
    if (this.#phase === 'stopped') return
    // A client that is closed brings nothing back before it is started again.
    const passing = !this.#over && (isPassing(error) || isSessionOver(error) || isRace(error))
    log('%s: %s', this.path, error)
    this.#watchedIn = 0n
    if (this.#standing === 'settled') this.#standing = 'pending'
    // What passes is waited out together with the wish; the rest is the caller's to know, now.
    if (!passing && this.#waiters.size === 0 && !this.#told) {
      this.#told = true
      this.#port.warning(error)
    }
    if (!passing) this.#waiters.reject(error)
    this.#backoff ??= new Backoff({ base: 100, cap: 10_000 })
    this.#lookLater(this.#backoff.next())
  }

  get #over(): boolean {
    const { state } = this.#port.zk
    return state === 'closed' || state === 'authFailed'
  }

  /** One step from what is there to what is wanted. */
  async #reconcile(wanted: Wanted): Promise<Outcome> {
    if (wanted.kind === 'absent') return this.#reconcileAbsent()
    // Most often there is nothing, and asking first would only cost time.
    if (!this.#present && (await this.#node.create(wanted.bytes))) return 'created'
    const found = await this.#find()
    switch (found.kind) {
      case 'none':
        return (await this.#node.create(wanted.bytes)) ? 'created' : this.#again()
      case 'mine':
        if (!isAsWanted(found.data, wanted)) await this.#node.write(found.stat, wanted.bytes)
        return 'settled'
      case 'former':
        await this.#node.replace(found.stat, wanted.bytes)
        return 'created'
      case 'foreign':
        if (wanted.conflict === 'takeover') return this.#takeOver(found, wanted.bytes)
    }
    this.#obstacle = found.kind
    return 'blocked'
  }

  async #reconcileAbsent(): Promise<Outcome> {
    const found = await this.#find()
    if (found.kind === 'mine' || found.kind === 'former') await this.#node.remove(found.stat)
    return 'settled'
  }

  /** Something stood there a moment ago, and did not a moment before. */
  #again(): never {
    throw new ZooKeeperError('NODE_EXISTS', { path: this.path })
  }

  async #takeOver(found: Exclude<Found, { kind: 'none' }>, bytes: Uint8Array): Promise<Outcome> {
    this.#takeovers ??= new TakeoverPace()
    const { clock } = this.#port.agenda
    const pause = this.#takeovers.pause(clock.now())
    if (pause > 0) {
      this.#obstacle = 'foreign'
      this.#lookLater(pause)
      return 'blocked'
    }
    await this.#node.replace(found.stat, bytes)
    this.#takeovers.took(clock.now())
    this.#port.warning(takenOver(this.path, found.stat.ephemeralOwner))
    return 'created'
  }

  async #find(): Promise<Found> {
    const session = this.#port.zk.sessionId
    this.#watchedIn = session
    const found = await this.#node.find()
    this.#present = found.kind !== 'none'
    if (!this.#present) this.#watchedIn = 0n
    return found
  }

  /** After a creation, of many at once when all stand: from now on a change by anybody is noticed. */
  async #arm(wanted: Wanted): Promise<void> {
    if (this.#phase === 'stopped' || this.#over) return
    try {
      const found = await this.#find()
      if (wanted !== this.#wanted || wanted.kind === 'absent') return
      if (found.kind !== 'mine' || !isAsWanted(found.data, wanted)) this.#look()
    } catch (error) {
      this.#failed(error)
    }
  }
}
