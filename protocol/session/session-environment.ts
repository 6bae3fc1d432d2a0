// What a session needs from outside and what it reports: the two sides of its port.
import type { ConnectError } from '../errors.ts'
import type { ServerList } from '../net/server-list.ts'
import type { Connector } from '../net/transport.ts'
import type { WatcherEvent } from '../records/watches.ts'
import type { ConnectionEnvironment } from './connection.ts'
import type { Credentials } from './credentials.ts'
import type { Pacing } from './pacing.ts'
import type { PendingRequest } from './pending-request.ts'
import type { QueueLimits } from './request-queue.ts'
import type { SaslMechanism } from './sasl/mechanism.ts'
import type { SessionState, TerminalState } from './states.ts'

/** Shared by all sessions of a client, one after the other. */
export interface SessionEnvironment extends ConnectionEnvironment, QueueLimits {
  readonly servers: ServerList
  readonly connect: Connector
  readonly pacing: Pacing
  readonly credentials: Credentials
  /** null: no SASL. */
  readonly sasl: SaslMechanism | null
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Asked for, in milliseconds. */
  readonly sessionTimeout: number
  /** Deadline of a request without its own, in milliseconds; Infinity for none. */
  readonly requestTimeout: number
  /** True: without a connection, requests fail at once instead of waiting for one. */
  readonly failFast: boolean
  /** True: a read-only server will do. */
  readonly readOnly: boolean
}

export interface SessionPort {
  changed(state: SessionState, before: SessionState): void
  /** The session is over. `heirs` are unsent reads, which the next session may answer. */
  ended(state: TerminalState, before: SessionState, heirs: PendingRequest[]): void
  notified(event: WatcherEvent, zxid: bigint): void
  /** On the connection at hand, persistent watches were armed later than the first requests were answered. */
  missed(): void
  /** An attempt to connect came to its end; `server` is null when it found no address, `cause` when it succeeded. */
  attempted(server: string | null, cause: ConnectError | null): void
  /** The process did not run for `ms` milliseconds more than it should have waited. */
  stalled(ms: number): void
  /** Something went wrong that no caller waits for. */
  warning(error: unknown): void
}
