// The clients of one process: each plays all loops, some are closed and replaced all the time.
import type { SessionCredentials } from '../../../protocol/index.ts'
import { isLinked } from '../../../protocol/index.ts'
import { randomOf } from '../../support/random.ts'
import type { History } from '../history.ts'
import { Recorder } from '../recorder.ts'
import { children } from './children.ts'
import { ephemerals } from './ephemerals.ts'
import { locks } from './locks.ts'
import { oneShots } from './one-shots.ts'
import { pairs } from './pairs.ts'
import type { Loop } from './player.ts'
import { Player } from './player.ts'
import { registers } from './registers.ts'
import { listen } from './stream.ts'

const LOOPS: readonly Loop[] = [registers, oneShots, children, pairs, ephemerals, locks]
/** Of a client that is replaced, in milliseconds at most. */
const SHORT_LIFE = 3000

export interface Seat {
  readonly name: string
  readonly connectString: string
  /** Whether clients come and go on it. */
  readonly passing: boolean
}

export interface CrewOptions {
  readonly process: string
  readonly seats: readonly Seat[]
  readonly sessionTimeout: number
  readonly seed: number
}

/** What a run knows of the clients of a process, its own or another. */
export interface Crew {
  /** Clients stop asking; resolves when all is answered and all are connected, or when it takes too long. */
  quiet(patience: number): Promise<void>
  /** What was written down so far, and whose sessions live. */
  report(): Promise<History>
  /** Closes the clients and tells all. */
  close(): Promise<History>
}

export class LocalCrew implements Crew {
  readonly recorder: Recorder
  readonly #options: CrewOptions
  readonly #over = new AbortController()
  readonly #players = new Map<string, Player>()
  readonly #seats: Promise<void>[] = []

  constructor(options: CrewOptions) {
    this.#options = options
    this.recorder = new Recorder(options.process)
    this.recorder.watchStalls()
    for (const [index, seat] of options.seats.entries()) {
      this.#seats.push(this.#occupy(seat, randomOf(options.seed * 31 + index)))
    }
  }

  /** Ids and passwords, of those who have one. */
  get sessions(): SessionCredentials[] {
    return [...this.#players.values()].map(({ zk }) => zk.session).filter(session => session !== null)
  }

  async quiet(patience: number): Promise<void> {
    this.#over.abort()
    await Promise.all(this.#seats)
    const end = Recorder.now() + patience
    const busy = (): boolean =>
      this.recorder.pending > 0 || [...this.#players.values()].some(({ zk }) => !isLinked(zk.state))
    while (busy() && Recorder.now() < end) await new Promise(resolve => setTimeout(resolve, 20))
  }

  report(): Promise<History> {
    const { history } = this.recorder
    history.alive = [...this.#players.values()].map(({ name, zk, ephemerals }) => {
      const mine = [...ephemerals].filter(([, session]) => session === zk.sessionId)
      return { client: name, sessionId: zk.sessionId, paths: mine.map(([path]) => path) }
    })
    return Promise.resolve(history)
  }

  async close(): Promise<History> {
    this.#over.abort()
    await Promise.all(this.#seats)
    await Promise.all([...this.#players.values()].map(player => player.close()))
    this.recorder.stop()
    return this.recorder.history
  }

  /** A life, in two sessions now and then. */
  async #passOn(player: Player, over: AbortSignal): Promise<void> {
    await player.pause(SHORT_LIFE, over)
    if (over.aborted || player.chance(0.6)) return
    const plan = { name: 'restart', composite: true, limit: Number.POSITIVE_INFINITY }
    void player.perform(plan, () => player.zk.restart())
    await player.pause(SHORT_LIFE, over)
  }

  /** Ends when all is over; the last client of the seat stays. */
  async #occupy({ name, connectString, passing }: Seat, random: () => number): Promise<void> {
    const { sessionTimeout } = this.#options
    const over = this.#over.signal
    for (let turn = 0; ; turn++) {
      const player = new Player(this.recorder, {
        name: `${name}.${turn}`,
        connectString,
        sessionTimeout,
        random,
      })
      this.#players.set(name, player)
      const left = new AbortController()
      const stop = AbortSignal.any([over, left.signal])
      // It ends with its client, which is what the history shows.
      void listen(player)
      const loops = LOOPS.map(loop => loop(player, stop))
      if (passing) await this.#passOn(player, over)
      else await aborted(over)
      left.abort()
      if (over.aborted) return
      // With requests on their way.
      await player.close()
      void Promise.all(loops)
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}
