// All sessions, and which of them end at which tick: no timer for a session, and a touch costs next to nothing.
import { randomBytes } from 'node:crypto'
import { PASSWORD_LENGTH } from '../../protocol/records/connect.ts'
import type { Session } from './session.ts'

export class SessionTable {
  readonly #tick: number
  readonly #now: () => number
  readonly #sessions = new Map<bigint, Session>()
  readonly #byExpiry = new Map<number, Set<Session>>()
  #nextId: bigint

  /** `firstId` is above the ids of every earlier server of this kind. */
  constructor(tick: number, now: () => number, firstId: bigint) {
    this.#tick = tick
    this.#now = now
    this.#nextId = firstId
  }

  get size(): number {
    return this.#sessions.size
  }

  [Symbol.iterator](): IterableIterator<Session> {
    return this.#sessions.values()
  }

  get(id: bigint): Session | undefined {
    return this.#sessions.get(id)
  }

  open(timeout: number, kind: Session['kind']): Session {
    const id = this.#nextId++
    const session: Session = {
      id,
      password: randomBytes(PASSWORD_LENGTH),
      kind,
      timeout,
      client: null,
      expires: 0,
    }
    this.#sessions.set(id, session)
    this.touch(session)
    return session
  }

  /** Heard of: it lives for its timeout from now on, rounded up to the next tick. */
  touch(session: Session): void {
    const expires = (Math.floor((this.#now() + session.timeout) / this.#tick) + 1) * this.#tick
    if (expires === session.expires) return
    this.#unlist(session)
    session.expires = expires
    const others = this.#byExpiry.get(expires)
    if (others === undefined) this.#byExpiry.set(expires, new Set([session]))
    else others.add(session)
  }

  remove(session: Session): void {
    this.#sessions.delete(session.id)
    this.#unlist(session)
  }

  /** When the next session ends unless it is heard of; undefined without any. */
  get nextExpiry(): number | undefined {
    let next: number | undefined
    for (const at of this.#byExpiry.keys()) if (next === undefined || at < next) next = at
    return next
  }

  /** The sessions that were not heard of in time, the oldest first. */
  due(): Session[] {
    const now = this.#now()
    const ticks = [...this.#byExpiry.keys()].filter(at => at <= now).sort((a, b) => a - b)
    return ticks.flatMap(at => [...this.#byExpiry.get(at)!])
  }

  #unlist(session: Session): void {
    const others = this.#byExpiry.get(session.expires)
    others?.delete(session)
    if (others?.size === 0) this.#byExpiry.delete(session.expires)
  }
}
