// A session: the lease that a client holds on the server, whichever connection it comes over.

/** The connection, as far as a session needs it. */
export interface Speaker {
  close(): void
}

export interface Session {
  readonly id: bigint
  readonly password: Uint8Array
  /** Local sessions live on a read-only server: they are no transaction, and end with that server. */
  readonly kind: 'global' | 'local'
  /** Negotiated, in milliseconds. */
  timeout: number
  /** The connection that speaks for it now. */
  client: Speaker | null
  /** When it ends unless it is heard of: a whole number of ticks. */
  expires: number
}
