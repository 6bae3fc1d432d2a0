// Requests that wait for a connection, in the order in which they will be sent.
import type { ErrorCode } from '../error-codes.ts'
import { Fifo } from '../support/fifo.ts'
import type { Connection } from './connection.ts'
import type { PendingRequest } from './pending-request.ts'

/** A read whose connections keep breaking is given up: it may be what breaks them. */
const MOST_ATTEMPTS = 5
/** A full queue is looked through for settled requests once in so many refusals, because that takes time. */
const SWEEP_EVERY = 256

export class RequestQueue {
  readonly #requests = new Fifo<PendingRequest>()
  readonly #limit: number
  #refusals = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#requests.size
  }

  /** Fails the request when too many wait already. */
  push(request: PendingRequest): void {
    if (this.#requests.size >= this.#limit && this.#refusals % SWEEP_EVERY === 0) this.#sweep()
    if (this.#requests.size >= this.#limit) {
      this.#refusals++
      request.fail('QUEUE_FULL')
      return
    }
    this.#refusals = 0
    this.#requests.push(request)
  }

  /**
   * Takes requests whose connection broke. What changes nothing goes back to the head, to be sent again;
   * what may have been applied is reported to its caller with `code`: only the caller can tell what to do.
   */
  restore(unanswered: readonly PendingRequest[], code: ErrorCode, cause: Error | undefined): void {
    for (const request of [...unanswered].reverse()) {
      if (request.progress === 'done') continue
      if (request.operation.retry === 'again' && request.attempts < MOST_ATTEMPTS) {
        request.progress = 'queued'
        this.#requests.unshift(request)
      } else {
        request.fail(code, cause)
      }
    }
  }

  /** Sends what the connection takes in this turn. */
  pump(connection: Connection): void {
    while (this.#requests.size > 0 && connection.ready) {
      const request = this.#requests.shift()
      if (request?.progress === 'queued') connection.send(request)
    }
  }

  /** Empties the queue of the requests that still have a caller. */
  drain(): PendingRequest[] {
    return this.#requests.drain().filter(request => request.progress === 'queued')
  }

  /** Requests that timed out or were aborted while they waited take no place. */
  #sweep(): void {
    for (const request of this.drain()) this.#requests.push(request)
  }

  [Symbol.iterator](): IterableIterator<PendingRequest> {
    return this.#requests[Symbol.iterator]()
  }
}
