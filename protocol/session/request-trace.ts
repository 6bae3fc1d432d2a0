// Publishes the life of a request, for subscribers of the diagnostics channels.
import type { Clock } from '../support/clock.ts'
import { channels } from '../support/diagnostics.ts'
import type { PendingRequest } from './pending-request.ts'

/** One object for the whole life of a request; what is not known yet is undefined. */
export interface RequestTrace {
  readonly operation: string
  readonly opcode: number
  readonly path: string | undefined
  xid?: number
  /** Milliseconds from the call to its outcome. */
  duration?: number
  /** Bytes of the request's frame, and of the reply's. */
  bytesSent?: number
  bytesReceived?: number
  error?: unknown
}

export function isTraced(): boolean {
  return (
    channels.requestStart.hasSubscribers ||
    channels.requestEnd.hasSubscribers ||
    channels.requestError.hasSubscribers
  )
}

export function traceRequest(request: PendingRequest, clock: Clock): void {
  const { name: operation, opcode } = request.operation
  const trace: RequestTrace = { operation, opcode, path: request.path }
  const began = clock.now()
  channels.requestStart.publish(trace)
  const settle = (): void => {
    trace.xid = request.xid
    trace.duration = clock.now() - began
    trace.bytesSent = request.bytesSent
    trace.bytesReceived = request.bytesReceived
  }
  request.promise.then(
    () => {
      settle()
      channels.requestEnd.publish(trace)
    },
    error => {
      settle()
      trace.error = error
      channels.requestError.publish(trace)
      channels.requestEnd.publish(trace)
    },
  )
}
