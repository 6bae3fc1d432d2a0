// Requests that wait for a connection, in the order in which they will be sent.
import { Buffer } from 'node:buffer'
import type { ErrorCode } from '../error-codes.ts'
import { OpCode } from '../opcodes.ts'
import type { Acl } from '../records/data.ts'
import { copyOfAcl } from '../records/data.ts'
import { Fifo } from '../support/fifo.ts'
import type { Connection } from './connection.ts'
import { frameSizeOf } from './frame-size.ts'
import type { PendingRequest } from './pending-request.ts'

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

export interface QueueLimits {
  readonly maxQueuedRequests: number
  readonly maxQueuedBytes: number
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

  /** Fails the request when too many wait already. */
  push(request: PendingRequest): void {
    request.weight = frameSizeOf(request)
    this.#came++
    if (this.#isFull(request) && this.#came * LOOKED_AT >= this.#requests.size) this.#sweep()
    if (this.#isFull(request)) return request.fail('QUEUE_FULL')
    request.request = ownBody(request.request as Body | undefined)
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
        request.progress = 'queued'
        request.weight = frameSizeOf(request)
        this.#bytes += request.weight
        this.#requests.unshift(request)
      } else {
        request.fail(code, reason)
      }
    }
    if (this.#limits.failFast) for (const request of this.drain()) request.fail(code, reason)
  }

  /** Sends what the connection takes in this turn. */
  pump(connection: Connection): void {
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

  #drop(): void {
    this.#bytes -= this.#requests.shift()?.weight ?? 0
  }

  /** Requests that timed out or were aborted while they waited take no place. */
  #sweep(): void {
    this.#came = 0
    for (const request of this.drain()) this.#add(request)
  }

  #add(request: PendingRequest): void {
    this.#bytes += request.weight
    this.#requests.push(request)
  }

  /** An empty queue takes any request: it could not be sent otherwise. */
  #isFull(request: PendingRequest): boolean {
    const { maxQueuedRequests, maxQueuedBytes } = this.#limits
    if (this.#requests.size === 0) return false
    return this.#requests.size >= maxQueuedRequests || this.#bytes + request.weight > maxQueuedBytes
  }

  [Symbol.iterator](): IterableIterator<PendingRequest> {
    return this.#requests[Symbol.iterator]()
  }
}

/**
 * A server hangs up on a request that it does not know, and its answer may be lost with what follows it on the wire: the
 * second time, such a request goes alone, and whatever comes of it is its own.
 */
function send(connection: Connection, request: PendingRequest): boolean {
  if (request.attempts > 0 && mayBeUnknown.has(request.operation.opcode)) return connection.sendAlone(request)
  connection.send(request)
  return true
}

interface Body {
  readonly data?: Uint8Array | null
  readonly acl?: readonly Acl[]
  /** Of a transaction. */
  readonly operations?: readonly { readonly request?: Body }[]
}

/** The same request, of which its caller can change nothing while it waits: sending at once would have copied it. */
function ownBody(body: Body | undefined): Body | undefined {
  const { data, acl, operations } = body ?? {}
  if (data == null && acl === undefined && operations === undefined) return body
  return {
    ...body,
    ...(data != null && { data: Buffer.from(data) }),
    ...(acl && { acl: copyOfAcl(acl) }),
    ...(operations && { operations: operations.map(item => ({ ...item, request: ownBody(item.request) })) }),
  }
}

/** A server says nothing when a request is above its limit: it hangs up, with bytes of ours unread. */
function suspicion(unanswered: readonly PendingRequest[], cause: Error | undefined): Error | undefined {
  const large = unanswered.find(({ bytesSent }) => bytesSent >= LARGE_REQUEST)
  const { code } = (cause ?? {}) as NodeJS.ErrnoException
  if (large === undefined || (cause !== undefined && code !== 'ECONNRESET' && code !== 'EPIPE')) return cause
  const words = `the server hung up after a request of ${large.bytesSent} bytes: is its jute.maxbuffer lower?`
  return new Error(words, cause === undefined ? undefined : { cause })
}
