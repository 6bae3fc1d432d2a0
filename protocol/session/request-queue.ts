// Requests that wait for a connection, in the order in which they will be sent.
import type { ErrorCode } from '../error-codes.ts'
import { OpCode } from '../opcodes.ts'
import { Fifo } from '../support/fifo.ts'
import type { Connection } from './connection.ts'
import { encodeAhead, frameSizeOf } from './encode-ahead.ts'
import type { PendingRequest } from './pending-request.ts'
import { unsendable } from './settle.ts'

/** A read whose connections keep breaking is given up: it may be what breaks them. */
const MOST_ATTEMPTS = 5
/** To look through a full queue for settled requests takes time: each request that comes pays for so many. */
const LOOKED_AT = 256

/** Bytes from which on a request may be what made the server hang up. */
const LARGE_REQUEST = 512 * 1024

/** What servers before 3.6, the oldest with persistent watches, may not know, and what changes nothing. */
const mayBeUnknown: ReadonlySet<number> = new Set([
  OpCode.addWatch,
  OpCode.multiRead,
  OpCode.getEphemerals,
  OpCode.getAllChildrenNumber,
  OpCode.whoAmI,
])

/** What takes requests off the queue. */
type Outlet = Pick<Connection, 'ready' | 'send' | 'sendAlone'>

export interface QueueLimits {
  readonly maxQueuedRequests: number
  readonly maxQueuedBytes: number
  /** Largest frame sent, in bytes. */
  readonly maxRequestSize: number
  /** True: nothing waits for another connection. */
  readonly failFast?: boolean
}

export class RequestQueue {
  readonly #requests = new Fifo<PendingRequest>()
  readonly #limits: QueueLimits
  #bytes = 0
  /** Requests that came since the queue was looked through. */
  #came = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#requests.size
  }

  /** Fails the request when too many wait already, and when it could not be sent anyway. */
  push(request: PendingRequest): void {
    if (!this.#encode(request)) return
    this.#came++
    if (this.#isFull(request) && this.#came * LOOKED_AT >= this.#requests.size) this.#sweep()
    if (this.#isFull(request)) return request.fail('QUEUE_FULL')
    this.#add(request)
  }

  /**
   * Takes requests whose connection broke. What changes nothing goes back to the head, to be sent again;
   * what may have been applied is reported to its caller with `code`: only the caller can tell what to do.
   */
  restore(unanswered: readonly PendingRequest[], code: ErrorCode, cause: Error | undefined): void {
    const reason = suspicion(unanswered, cause)
    for (const request of [...unanswered].reverse()) {
      if (request.progress === 'done') continue
      if (request.operation.retry === 'again' && request.attempts < MOST_ATTEMPTS) {
        if (!this.#encode(request)) continue
        request.progress = 'queued'
        this.#bytes += weightOf(request)
        this.#requests.unshift(request)
      } else {
        request.fail(code, reason)
      }
    }
    if (this.#limits.failFast) for (const request of this.drain()) request.fail(code, reason)
  }

  /** Sends what the connection takes in this turn. */
  pump(connection: Outlet): void {
    while (this.#requests.size > 0 && connection.ready) {
      const request = this.#requests.peek() as PendingRequest
      if (request.progress === 'queued' && !send(connection, request)) return
      this.#drop()
    }
  }

  /** Empties the queue of the requests that still have a caller. */
  drain(): PendingRequest[] {
    this.#bytes = 0
    return this.#requests.drain().filter(request => request.progress === 'queued')
  }

  /** Lets go of what timed out or was aborted at the head: most requests get the same time, and leave in their order. */
  trim(): void {
    while (this.#requests.peek()?.progress === 'done') this.#drop()
  }

  /** Its bytes were copied to the connection, or have nobody who waits for them. */
  #drop(): void {
    const request = this.#requests.shift()
    if (request === undefined) return
    this.#bytes -= weightOf(request)
    request.encoded = null
  }

  /** False, with its caller told, when it cannot be encoded or is too large. */
  #encode(request: PendingRequest): boolean {
    try {
      request.encoded = encodeAhead(request, this.#limits.maxRequestSize)
      if (request.operation.retry === 'never') request.request = undefined
      return true
    } catch (error) {
      request.reject(unsendable(error, request))
      return false
    }
  }

  /** Requests that timed out or were aborted while they waited take no place. */
  #sweep(): void {
    this.#came = 0
    for (const request of this.drain()) this.#add(request)
  }

  #add(request: PendingRequest): void {
    this.#bytes += weightOf(request)
    this.#requests.push(request)
  }

  /** An empty queue takes any request: it could not be sent otherwise. */
  #isFull(request: PendingRequest): boolean {
    const { maxQueuedRequests, maxQueuedBytes } = this.#limits
    if (this.#requests.size === 0) return false
    return this.#requests.size >= maxQueuedRequests || this.#bytes + weightOf(request) > maxQueuedBytes
  }

  [Symbol.iterator](): IterableIterator<PendingRequest> {
    return this.#requests[Symbol.iterator]()
  }
}

/**
 * A server hangs up on a request that it does not know, and its answer may be lost with what follows it on the wire: the
 * second time, such a request goes alone, and whatever comes of it is its own.
 */
function send(connection: Outlet, request: PendingRequest): boolean {
  if (request.attempts > 0 && mayBeUnknown.has(request.operation.opcode)) return connection.sendAlone(request)
  connection.send(request)
  return true
}

function weightOf({ encoded }: PendingRequest): number {
  return encoded === null ? 0 : frameSizeOf(encoded)
}

/** A server says nothing when a request is above its limit: it hangs up, with bytes of ours unread. */
function suspicion(unanswered: readonly PendingRequest[], cause: Error | undefined): Error | undefined {
  const large = unanswered.find(({ bytesSent }) => bytesSent >= LARGE_REQUEST)
  const { code } = (cause ?? {}) as NodeJS.ErrnoException
  if (large === undefined || (cause !== undefined && code !== 'ECONNRESET' && code !== 'EPIPE')) return cause
  const words = `the server hung up after a request of ${large.bytesSent} bytes: is its jute.maxbuffer lower?`
  return new Error(words, cause === undefined ? undefined : { cause })
}
