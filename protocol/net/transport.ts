// The transport port: a byte stream to one server, over TCP, TLS or memory.
import type { Buffer } from 'node:buffer'

export interface TransportHandlers {
  /** The first `length` bytes of `chunk` have arrived. The memory is lent for the call: what comes next may go there. */
  data(chunk: Buffer, length: number): void
  /** The transport takes bytes again after `write` returned false. */
  drain(): void
  /** Called exactly once, whoever ended it; `cause` is set when it broke. */
  closed(cause?: Error): void
}

export interface Transport {
  /** The address at the other end, for logs and errors. */
  readonly remote: string
  /** Delivery begins; nothing is lost that arrived before. Called once. */
  open(handlers: TransportHandlers): void
  /**
   * Sends bytes in order and calls `written` when their memory is free again: once for each call, in their order, and
   * at the end of the transport perhaps not at all.
   * False asks the caller to wait for `drain`.
   */
  write(bytes: Buffer, written: () => void): boolean
  /** Ends the transport at once; `closed` follows. */
  destroy(): void
}

/** A resolved address of one server. */
export interface Address {
  /** The name from the connect string. */
  readonly host: string
  readonly port: number
  /** IP address to connect to. */
  readonly ip: string
}

/** Opens a transport; rejects when the address does not answer or the signal aborts. */
export type Connector = (address: Address, signal: AbortSignal) => Promise<Transport>
