// The requests that were sent and not answered, in the order in which the server answers them.
import { Fifo } from '../support/fifo.ts'
import type { PendingRequest } from './pending-request.ts'

const LARGEST_XID = 2 ** 31 - 1

/** Counts 1 to 2^31-1 and wraps to 1: zero and below mean other things (ZOOKEEPER-3253). */
export class XidCounter {
  #last: number

  constructor(last = 0) {
    this.#last = last
  }

  next(): number {
    this.#last = this.#last === LARGEST_XID ? 1 : this.#last + 1
    return this.#last
  }
}

/** An answer that is not the one whose turn it is: nothing on this connection can be trusted any more. */
class XidMismatch extends Error {
  override readonly name: string = 'XidMismatch'

  constructor(received: number, expected: number | undefined) {
    super(`reply with xid ${received}, where ${expected ?? 'none'} was expected`)
  }
}

export class InFlight {
  readonly #requests = new Fifo<PendingRequest>()

  get size(): number {
    return this.#requests.size
  }

  push(request: PendingRequest): void {
    this.#requests.push(request)
  }

  /** The request that the reply answers; throws an XidMismatch when it is another one's turn. */
  take(xid: number): PendingRequest {
    const request = this.#requests.peek()
    if (request === undefined || request.xid !== xid) throw new XidMismatch(xid, request?.xid)
    this.#requests.shift()
    return request
  }

  peek(): PendingRequest | undefined {
    return this.#requests.peek()
  }

  drain(): PendingRequest[] {
    return this.#requests.drain()
  }

  [Symbol.iterator](): IterableIterator<PendingRequest> {
    return this.#requests[Symbol.iterator]()
  }
}
