// A request from its call to its answer: what to send, whom to tell, how far it got.
import type { Buffer } from 'node:buffer'
import type { ErrorCode } from '../error-codes.ts'
import { isRefusal, serverErrors } from '../error-codes.ts'
import { UnsupportedError, ZooKeeperError } from '../errors.ts'
import type { Operation } from '../operations.ts'
import type { Watcher } from './watch-table.ts'

/** `queued`: nothing was sent. `sent`: the answer is awaited. `done`: the promise is settled. */
export type Progress = 'queued' | 'sent' | 'done'

// One executor for all promises: a closure for each would cost the hot path an allocation.
let resolveNext: (value: unknown) => void
let rejectNext: (reason: unknown) => void
function capture(resolve: (value: unknown) => void, reject: (reason: unknown) => void): void {
  resolveNext = resolve
  rejectNext = reject
}

export class PendingRequest {
  readonly operation: Operation<unknown, unknown>
  /** Let go when a write is encoded before its turn: it is sent once. */
  request: unknown
  /** The path as the caller wrote it, for errors. */
  readonly path: string | undefined
  /** The path on the server, under which a watch is kept. */
  readonly serverPath: string
  /** Armed when the answer says so; null: none, or one that was taken back meanwhile. */
  watcher: Watcher | null
  /** False for a reply that answers something else. Stands alone: the request itself may be gone by then. */
  readonly isAnswer: ((reply: unknown) => boolean) | undefined
  readonly promise: Promise<unknown>
  readonly #resolve: (value: unknown) => void
  readonly #reject: (reason: unknown) => void
  progress: Progress = 'queued'
  xid = 0
  /** When it was sent, on the monotonic clock: its answer proves the session alive at that time. */
  sentAt = 0
  /** When its caller wants to hear at the latest, on the monotonic clock. */
  deadline: number = Number.POSITIVE_INFINITY
  /** Opcode and body in bytes of its own, while it waits: its caller may change data and lists meanwhile. */
  encoded: Buffer | null = null
  /** How often it was sent. */
  attempts = 0
  /** Bytes of its frame and of the reply's, without the length fields. */
  bytesSent = 0
  bytesReceived = 0

  constructor(
    operation: Operation<unknown, unknown>,
    request: unknown,
    path: string | undefined,
    serverPath: string,
    watcher: Watcher | null,
  ) {
    this.operation = operation
    this.request = request
    this.path = path
    this.serverPath = serverPath
    this.watcher = watcher
    this.isAnswer = operation.answerTo?.(request)
    this.promise = new Promise(capture)
    this.#resolve = resolveNext
    this.#reject = rejectNext
  }

  /** A request that the session makes for itself. */
  static internal<Request, Reply>(operation: Operation<Request, Reply>, request: Request): PendingRequest {
    return new PendingRequest(operation as Operation<unknown, unknown>, request, undefined, '', null)
  }

  resolve(value: unknown): void {
    this.progress = 'done'
    this.#resolve(value)
  }

  reject(reason: unknown): void {
    this.progress = 'done'
    this.#reject(reason)
  }

  /** Rejects with an error that tells whether the operation may have been executed. */
  fail(code: ErrorCode, cause?: unknown): void {
    if (this.progress !== 'done') this.reject(this.error(code, cause))
  }

  /** Rejects with the error for a number from a reply. */
  refuse(number: number): void {
    const { name, since, writes } = this.operation
    const context = { path: this.path, operation: name, mayHaveApplied: writes && !isRefusal(number) }
    if (number === serverErrors.UNIMPLEMENTED.number) this.reject(new UnsupportedError(since, context))
    else this.reject(ZooKeeperError.fromNumber(number, context))
  }

  error(code: ErrorCode, cause?: unknown): ZooKeeperError {
    const mayHaveApplied = this.operation.writes && this.attempts > 0
    return new ZooKeeperError(code, {
      path: this.path,
      operation: this.operation.name,
      mayHaveApplied,
      cause,
    })
  }
}
