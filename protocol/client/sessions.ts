// The sessions of a client, one after the other: which one is at hand, which follows, and what is told of it.
import type { ErrorCode } from '../error-codes.ts'
import type { SessionCredentials } from '../session/handshake.ts'
import type { PendingRequest } from '../session/pending-request.ts'
import { Session } from '../session/session.ts'
import type { SessionEnvironment } from '../session/session-environment.ts'
import type { SessionState, TerminalState } from '../session/states.ts'
import { isLinked, isTerminal } from '../session/states.ts'
import type { WatchDispatcher } from '../session/watch-dispatcher.ts'
import type { Announcer } from './announcer.ts'
import { hold, letGo } from './live-sessions.ts'
import type { StateChange } from './state-stream.ts'

const SHARED =
  'another client of this process uses the same session: they take the connection from each other'

export interface SessionsInput {
  readonly environment: SessionEnvironment
  readonly announcer: Announcer
  readonly dispatcher: WatchDispatcher
  readonly onExpired: 'renew' | 'close'
  /** Of a session to re-attach to; null opens a new one. */
  readonly credentials: SessionCredentials | null
}

export class Sessions {
  readonly #environment: SessionEnvironment
  readonly #announcer: Announcer
  readonly #dispatcher: WatchDispatcher
  readonly #onExpired: 'renew' | 'close'
  /** The session at hand. */
  current: Session
  /** Counts the sessions: 0 before the first. */
  generation = 0
  /** Of the session at hand; 0n while a server has given none. */
  id = 0n
  #previousId = 0n
  /** When a server was last heard in the sessions before the one at hand. */
  #heardAt = Number.NEGATIVE_INFINITY
  /** What `live-sessions.ts` knows this client to hold. */
  #held: SessionCredentials | null = null

  constructor({ environment, announcer, dispatcher, onExpired, credentials }: SessionsInput) {
    this.#environment = environment
    this.#announcer = announcer
    this.#dispatcher = dispatcher
    this.#onExpired = onExpired
    this.current = this.#open(credentials)
  }

  get change(): StateChange {
    const { state } = this.current
    return { state, previous: state, generation: this.generation, sessionId: this.id }
  }

  /** Milliseconds since a server was last heard, in whatever session; Infinity before the first. */
  get silence(): number {
    return Math.min(this.current.lifeline.silence, this.#environment.clock.now() - this.#heardAt)
  }

  /** True for a state that no other follows. */
  isLast(state: SessionState): boolean {
    if (state !== 'expired') return isTerminal(state)
    // With `close` too, a restart gives it a successor.
    return this.#onExpired === 'close' && isTerminal(this.current.state)
  }

  /** A new session in place of the one at hand, which is given up as if it had expired. */
  restart(): void {
    const former = this.current
    const { state, begun } = former
    // One that waits for its start is new: a listener hears of it, or of the end of the one before.
    if (!begun && !isTerminal(state)) return
    const heirs = former.giveUp()
    const { pacing, clock, servers } = this.#environment
    pacing.restarted({ at: clock.now(), servers: servers.size }, this.#announcer.events.telling)
    if (isTerminal(state)) this.#begin(this.#open(null), state)
    else this.#replace(state, heirs)
  }

  #open(credentials: SessionCredentials | null): Session {
    const announcer = this.#announcer
    const session: Session = new Session(
      this.#environment,
      {
        changed: (state, before) => this.#changed(session, state, before),
        ended: (state, before, heirs) => this.#ended(state, before, heirs),
        notified: (event, zxid) => this.#dispatcher.notified(event, zxid),
        missed: () => this.#dispatcher.resync(),
        attempted: (server, cause) => announcer.attempted(server, cause, session.credentials?.id ?? 0n),
        stalled: ms => announcer.stalled(ms),
        warning: error => announcer.warn(error),
      },
      credentials,
    )
    return session
  }

  #changed(session: Session, state: SessionState, previous: SessionState): void {
    const id = session.credentials?.id ?? 0n
    const isNew = isLinked(state) && id !== this.id
    if (isNew) {
      this.id = id
      this.generation++
      this.#hold(session)
    }
    // In a row: a listener may restart the client, and that ends the session of which the others have not heard yet.
    this.#announcer.events.together(() => {
      this.#announce(state, previous)
      if (isNew) this.#established(id)
    })
    if (isLinked(state)) this.#dispatcher.resync()
  }

  /** The former one may be gone without an end: one that only a read-only server has seen goes with its connection. */
  #hold({ credentials }: Session): void {
    this.#letGo()
    this.#held = credentials
    if (credentials !== null && !hold(credentials, this)) this.#announcer.warn(new Error(SHARED))
  }

  #letGo(): void {
    if (this.#held !== null) letGo(this.#held, this)
    this.#held = null
  }

  #established(sessionId: bigint): void {
    const previous = this.#previousId
    this.#previousId = sessionId
    this.#announcer.established({ sessionId, generation: this.generation, previous })
  }

  #ended(state: TerminalState, previous: SessionState, heirs: PendingRequest[]): void {
    this.#letGo()
    if (state === 'expired' && this.#onExpired === 'renew') return this.#replace(previous, heirs)
    const code: ErrorCode = state === 'expired' ? 'SESSION_EXPIRED' : 'CLOSED'
    for (const request of heirs) request.fail(code)
    this.#announce(state, previous)
  }

  /** A new one follows and has the reads that wait, before anybody hears of it and asks for it. */
  #replace(previous: SessionState, heirs: PendingRequest[]): void {
    this.#letGo()
    const next = this.#open(null)
    next.inherit(heirs)
    this.#succeed(next)
    this.#announce('expired', previous)
    this.id = 0n
    // Not before all have heard of the end, as a restart by one of them means this one. It may have been closed by then, and
    // another one begun.
    this.#announcer.events.afterwards(() => {
      if (this.current === next) this.#begin(next, 'expired')
    })
  }

  #succeed(next: Session): void {
    this.#heardAt = this.#environment.clock.now() - this.silence
    this.current = next
  }

  #begin(next: Session, previous: SessionState): void {
    this.#succeed(next)
    this.id = 0n
    if (next.state !== 'connecting') return
    this.#announce('connecting', previous)
    this.#announcer.events.afterwards(() => next.start())
  }

  #announce(state: SessionState, previous: SessionState): void {
    const { generation, id: sessionId } = this
    this.#announcer.events.together(() => {
      this.#announcer.state({ state, previous, generation, sessionId })
      if (state === 'expired') this.#announcer.expired({ sessionId, generation })
    })
  }
}
