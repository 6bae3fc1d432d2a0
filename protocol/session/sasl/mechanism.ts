// The port for SASL mechanisms: DIGEST-MD5 comes with the package, others can be plugged in.

/**
 * One exchange on one connection.
 *
 * What its functions throw, or reject with, decides what follows. A `ZooKeeperError` with the code AUTH_FAILED is the end of the
 * client: the other side is not who it should be, or the credentials are wrong for good, so that to try again would only lock
 * somebody out. Anything else, such as a ticket that cannot be fetched now, fails this attempt to connect: `attemptFailed`
 * tells it with the reason `mechanismFailed`, and the next attempt follows after the usual pause. No request is ever sent
 * without the exchange. Messages of errors show in logs and in `status()`: they must hold no secrets.
 */
export interface SaslExchange {
  /** The first token; empty where the server speaks first. */
  initial(): Promise<Uint8Array> | Uint8Array
  /**
   * The answer to a token of the server, or null when the exchange is complete.
   * Throws a ZooKeeperError with AUTH_FAILED when the server did not prove itself.
   */
  respond(token: Uint8Array): Promise<Uint8Array | null> | Uint8Array | null
}

export interface SaslContext {
  /**
   * Aborts when the connection is over, also long after the exchange: nobody waits for it any more, because its time is
   * up, the link is lost or the client ends. What a step still does, such as asking for a ticket, can end then; what it
   * returns or throws is not looked at.
   */
  readonly signal: AbortSignal
}

export interface SaslMechanism {
  /** As registered, such as `DIGEST-MD5`. */
  readonly name: string
  /**
   * A new exchange: called for every connection. `host` is the server's name in the connect string. The exchange is part of
   * the attempt to connect, and has what is left of its time: a step that takes longer fails the attempt.
   */
  begin(host: string, context: SaslContext): SaslExchange
}

/** A mechanism did not do its part, which says nothing about the credentials. The cause is what it threw. */
export class MechanismError extends Error {
  override readonly name: string = 'MechanismError'

  constructor(mechanism: string, cause: unknown) {
    const words = cause instanceof Error ? cause.message : String(cause)
    super(`the SASL mechanism ${mechanism} failed: ${words}`, { cause })
  }
}
