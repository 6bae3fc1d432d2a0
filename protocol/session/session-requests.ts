// The requests of a session: sent at once or kept for the next connection, each until its deadline.
import type { ErrorCode } from '../error-codes.ts'
import type { Connection } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import type { PendingRequest } from './pending-request.ts'
import { RequestQueue } from './request-queue.ts'
import type { SessionEnvironment } from './session-environment.ts'
import type { TerminalState } from './states.ts'
import { terminalCodes } from './states.ts'
import type { Watcher } from './watch-table.ts'

export class SessionRequests {
  readonly #environment: SessionEnvironment
  readonly #queue: RequestQueue
  readonly #deadlines: Deadlines
  /** Where they go; null: they wait. */
  connection: Connection | null = null

  constructor(environment: SessionEnvironment) {
    this.#environment = environment
    this.#queue = new RequestQueue(environment)
    this.#deadlines = new Deadlines(
      environment.clock,
      () => this.#unsettled(),
      () => this.#queue.trim(),
    )
  }

  /** Requests that wait for a connection. */
  get queued(): number {
    return this.#queue.size
  }

  /** Requests that wait for an answer. */
  get inFlight(): number {
    return this.connection?.inFlight.size ?? 0
  }

  /** True when a read that will watch the path has no answer yet. */
  isArming(path: string): boolean {
    for (const { watcher, serverPath, progress } of this.#unsettled()) {
      if (watcher !== null && serverPath === path && progress !== 'done') return true
    }
    return false
  }

  /** Takes a watcher back from the reads under way that would arm it, and tells which they are. */
  disown(path: string, watcher: Watcher): PendingRequest[] {
    const reads = [...this.#unsettled()].filter(
      request => request.watcher === watcher && request.serverPath === path && request.progress !== 'done',
    )
    for (const request of reads) request.watcher = null
    return reads
  }

  /** Sends the request in this turn, or as soon as there is a connection. */
  submit(request: PendingRequest, timeout: number): void {
    const connection = this.connection
    const sendable = connection?.ready && this.#queue.size === 0
    if (timeout !== Number.POSITIVE_INFINITY) {
      request.deadline = (sendable ? connection.turn : this.#environment.clock.now()) + timeout
    }
    if (sendable) connection.send(request)
    else if (connection === null && this.#environment.failFast) request.fail('CONNECTION_LOSS')
    else this.#queue.push(request)
    this.#deadlines.watch(request)
  }

  /** Takes over reads that outlived the session before this one, however many: each has its deadline already, or none. */
  inherit(requests: readonly PendingRequest[]): void {
    this.#queue.restore(requests, 'SESSION_EXPIRED', undefined)
    for (const request of requests) this.#deadlines.watch(request)
  }

  /** Sends what waits. */
  pump(): void {
    if (this.connection !== null) this.#queue.pump(this.connection)
  }

  /** The connection broke: what may be sent again waits for the next one, the rest fails with `code`. */
  restore(unanswered: readonly PendingRequest[], code: ErrorCode, cause: Error | undefined): void {
    this.#queue.restore(unanswered, code, cause)
  }

  /** No deadline is looked at any more. */
  stop(): void {
    this.#deadlines.stop()
  }

  /** The session is over: rejects what waits for a connection, but for what the next session may answer. */
  end(state: TerminalState): PendingRequest[] {
    const heirs: PendingRequest[] = []
    for (const request of this.#queue.drain()) {
      if (state === 'expired' && request.operation.retry === 'again') heirs.push(request)
      else request.fail(terminalCodes[state])
    }
    return heirs
  }

  *#unsettled(): IterableIterator<PendingRequest> {
    yield* this.#queue
    if (this.connection !== null) yield* this.connection.inFlight
  }
}
