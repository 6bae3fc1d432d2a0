// What four-letter words tell of one connection.

export class ConnectionStats {
  received = 0
  sent = 0
  /** Milliseconds since 1970. */
  readonly established: number
  lastOperation = 'NA'
  lastXid = 0
  lastZxid = -1n

  constructor(established: number) {
    this.established = established
  }

  reset(): void {
    this.received = 0
    this.sent = 0
    this.lastOperation = 'NA'
    this.lastXid = 0
    this.lastZxid = -1n
  }
}
