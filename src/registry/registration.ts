// An ephemeral node that is kept as its owner wants it: what is wanted is compared with what is there, again and again.
import { Backoff } from '../../protocol/support/backoff.ts'
import { logger } from '../../protocol/support/log.ts'
import { isPassing, isRace, isSessionOver } from '../recipes/persistence.ts'
import { Alarm } from './agenda.ts'
import type { ServiceRegistryError } from './errors.ts'
import type { Gate } from './gate.ts'
import { ANSWER_INTERVAL, AnswerPace } from './pace.ts'
import type { ReconcilerPort } from './reconciler.ts'
import { Reconciler } from './reconciler.ts'
import { ownedByOther, stopped } from './registration-errors.ts'
import type { Patience } from './waiters.ts'
import { Waiters } from './waiters.ts'
import type { Standing, Wanted } from './wanted.ts'

const log = logger('registration')

/** How often a registration is checked although nothing happened, in milliseconds. */
const CHECK_INTERVAL = 60_000

export interface RegistrationPort extends ReconcilerPort {
  /** Bounds how many look at the tree at once. */
  readonly gate: Gate
  /** The conflict policy made it give up. */
  gaveUp(registration: Registration): void
}

/** `queued`: it waits for its turn at the gate. */
type Phase = 'resting' | 'queued' | 'working' | 'stopped'

export class Registration {
  readonly path: string
  readonly #port: RegistrationPort
  readonly #reconciler: Reconciler
  readonly #alarm: Alarm
  readonly #waiters: Waiters
  // Most never need them, and there may be many registrations.
  #backoff: Backoff | null = null
  #answers: AnswerPace | null = null
  #wanted: Wanted = { kind: 'absent' }
  #phase: Phase = 'resting'
  /** True while something may have changed since the last look. */
  #due = false
  #lookAt = Number.POSITIVE_INFINITY
  #standing: Standing = 'pending'
  #obstacle: 'foreign' | 'nobodys' = 'foreign'
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
    this.#reconciler = new Reconciler(
      path,
      port,
      () => this.#changed(),
      ms => this.#lookLater(ms),
    )
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
    if (this.#reconciler.linked() && this.#standing === 'settled') return
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
    this.#reconciler.dispose()
  }

  #changed(): void {
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
    const outcome = await this.#reconciler.step(wanted)
    if (this.#phase === 'stopped') return
    if (outcome === 'foreign' || outcome === 'nobodys') {
      this.#obstacle = outcome
      this.#blocked(wanted)
    } else {
      this.#standing = this.#wanted === wanted ? 'settled' : 'pending'
      this.#told = false
      this.#waiters.resolve(this.#served)
    }
    this.#lookLater(CHECK_INTERVAL * (0.8 + 0.4 * Math.random()))
    // Whoever waited knows by now; the watch follows right behind.
    if (outcome !== 'created') return
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
    const passing = isPassing(error) || isSessionOver(error) || isRace(error)
    log('%s: %s', this.path, error)
    this.#reconciler.failed()
    if (this.#standing === 'settled') this.#standing = 'pending'
    // What passes is waited out together with the wish; the rest is the caller's to know, now.
    if (!passing && this.#waiters.size === 0 && !this.#told) {
      this.#told = true
      this.#port.warning(error)
    }
    // A client that is closed brings nothing back before it is started again.
    if (this.#over) this.#waiters.reject(error)
    // Whoever came meanwhile is served by the next look.
    else if (!passing) this.#waiters.reject(error, this.#served)
    this.#backoff ??= new Backoff({ base: 100, cap: 10_000 })
    this.#lookLater(this.#backoff.next())
  }

  get #over(): boolean {
    const { state } = this.#port.zk
    return state === 'closed' || state === 'authFailed'
  }

  /** After a creation, of many at once when all stand: from now on a change by anybody is noticed. */
  async #arm(wanted: Wanted): Promise<void> {
    if (this.#phase === 'stopped' || this.#over) return
    try {
      if (wanted.kind === 'absent') return
      const sound = await this.#reconciler.watch(wanted)
      if (wanted === this.#wanted && !sound) this.#look()
    } catch (error) {
      this.#failed(error)
    }
  }
}
