// Every deadline of a session, derived from one number: the session timeout.

export interface Timeouts {
  /** One connection attempt, from the name to the answered handshake. */
  readonly connect: number
  /** The link is dead when nothing was received for this long. */
  readonly read: number
  /** A ping is due when nothing was sent for this long. */
  readonly ping: number
  /** Without proof of life for this long, the server may already have given our locks to somebody else. */
  readonly lost: number
  /** Without proof of life for this long, the server must have expired the session (ZOOKEEPER-4508). */
  readonly expired: number
}

const SHORTEST_ATTEMPT = 1000

/**
 * Milliseconds throughout. The read timeout is 2/3 as in Java's ClientCnxn, so that a third is left to find
 * another server; two pings fit into it. A connection attempt gets the session timeout divided by the
 * number of addresses, so that each of them is tried before the session ends.
 */
export function timeoutsOf(sessionTimeout: number, addresses: number): Timeouts {
  return {
    connect: Math.max(SHORTEST_ATTEMPT, sessionTimeout / Math.max(1, addresses)),
    read: (sessionTimeout * 2) / 3,
    ping: sessionTimeout / 3,
    lost: sessionTimeout,
    expired: (sessionTimeout * 4) / 3,
  }
}

/**
 * The time for one attempt while a session waits: what is left of it, divided by the addresses, so that none that is
 * well goes untried because others are not. A single one gets half of it: a server that is just starting may swallow a
 * handshake, and is to be asked again in time.
 */
export function attemptTimeout(sessionTimeout: number, addresses: number, remaining: number): number {
  const { connect } = timeoutsOf(sessionTimeout, addresses)
  const least = Math.min(SHORTEST_ATTEMPT, sessionTimeout / (4 * Math.max(1, addresses)))
  return Math.min(connect, Math.max(least, remaining / Math.max(2, addresses)))
}
