// One timer for the deadlines of all requests: the earliest is awaited, then all are looked through.
import type { Clock, Timer } from '../support/clock.ts'
import type { PendingRequest } from './pending-request.ts'

/** Deadlines that lie closer together than this are served by one look. */
const GRAIN = 5

export class Deadlines {
  readonly #clock: Clock
  readonly #requests: () => Iterable<PendingRequest>
  readonly #missed: () => void
  #due: number = Number.POSITIVE_INFINITY
  #timer: Timer | undefined

  /** `requests` lists all that may be overdue; `missed` hears when some were. */
  constructor(clock: Clock, requests: () => Iterable<PendingRequest>, missed: () => void) {
    this.#clock = clock
    this.#requests = requests
    this.#missed = missed
  }

  /** Called for each request; costs one comparison unless its deadline is the earliest. */
  watch(request: PendingRequest): void {
    if (request.deadline < this.#due) this.#arm(request.deadline)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#due = Number.POSITIVE_INFINITY
  }

  #arm(due: number): void {
    this.#timer?.cancel()
    this.#due = due
    this.#timer = this.#clock.schedule(due - this.#clock.now() + GRAIN, () => this.#look())
  }

  #look(): void {
    const now = this.#clock.now()
    let earliest = Number.POSITIVE_INFINITY
    let late = 0
    for (const request of this.#requests()) {
      if (request.progress === 'done') continue
      if (request.deadline <= now) {
        request.fail('REQUEST_TIMEOUT')
        late++
      } else if (request.deadline < earliest) earliest = request.deadline
    }
    if (late > 0) this.#missed()
    this.#due = Number.POSITIVE_INFINITY
    if (earliest !== Number.POSITIVE_INFINITY) this.#arm(earliest)
  }
}
