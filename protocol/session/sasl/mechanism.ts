// The port for SASL mechanisms: DIGEST-MD5 comes with the package, others can be plugged in.

/** One exchange on one connection. */
export interface SaslExchange {
  /** The first token; empty where the server speaks first. */
  initial(): Promise<Uint8Array> | Uint8Array
  /**
   * The answer to a token of the server, or null when the exchange is complete.
   * Throws when the server did not prove itself.
   */
  respond(token: Uint8Array): Promise<Uint8Array | null> | Uint8Array | null
}

export interface SaslMechanism {
  /** As registered, such as `DIGEST-MD5`. */
  readonly name: string
  /** A new exchange: called for every connection. `host` is the server's name in the connect string. */
  begin(host: string): SaslExchange
}
