// The zxid of the newest ordinary reply, kept as two ints so that a reply costs no bigint.

export class LastZxid {
  #high = 0
  #low = 0
  #replies = 0

  /** Only ordinary replies count: not pings, not auth, not notifications (ZOOKEEPER-2775 and kin). */
  observe(high: number, low: number): void {
    if (high < 0 || (high === 0 && low === 0)) return
    this.#high = high
    this.#low = low
    this.#replies++
  }

  /** How many replies counted: a session that got none of them has no history of its own. */
  get replies(): number {
    return this.#replies
  }

  get value(): bigint {
    return (BigInt(this.#high) << 32n) | BigInt(this.#low)
  }

  set value(zxid: bigint) {
    this.#high = Number(zxid >> 32n)
    this.#low = Number(zxid & 0xffff_ffffn)
  }
}
