// What each server of an ensemble turned out to know: members of several releases may serve side by side.
import { serverErrors } from '../error-codes.ts'
import { OpCode } from '../opcodes.ts'
import type { Clock } from '../support/clock.ts'

/** Both came with ZooKeeper 3.6: a server knows both or neither. */
const PERSISTENT: readonly number[] = [OpCode.addWatch, OpCode.setWatches2]

/** So often a server may hang up without an answer to setWatches2 before it counts as one that does not know it. */
const MOST_SILENT = 2

/**
 * So long, in milliseconds, a server is not asked again what it did not know. Without it a client would pay a second
 * connection for each that it loses; with it a server upgraded in place is found out at the next reconnect.
 */
const ASK_AGAIN = 300_000

/** Addresses come and go; what was learned of old ones is worth little. */
const MOST_SERVERS = 256

export class Skills {
  /** Opcodes of reads and watches that the server does not know: to ask again would cost another connection. */
  readonly lacking: Set<number> = new Set()
  readonly #clock: Clock
  #persistent: 'unknown' | 'known' = 'unknown'
  #silent = 0
  #learnedAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** True when the server has armed a persistent watch before. */
  get armsPersistent(): boolean {
    return this.#persistent === 'known'
  }

  lacks(opcode: number): boolean {
    return this.lacking.has(opcode)
  }

  refused(opcode: number): void {
    this.lacking.add(opcode)
    this.#learnedAt = this.#clock.now()
    if (!PERSISTENT.includes(opcode)) return
    this.#persistent = 'unknown'
    for (const other of PERSISTENT) this.lacking.add(other)
  }

  /** A server with a WatchManagerOptimized has no persistent watches, and says so in a way of its own. */
  meaningOf(err: number, opcode: number): number {
    if (err !== serverErrors.MARSHALLING_ERROR.number || !PERSISTENT.includes(opcode)) return err
    this.refused(opcode)
    return serverErrors.UNIMPLEMENTED.number
  }

  armed(): void {
    this.#persistent = 'known'
    this.#silent = 0
  }

  /** The connection ended before setWatches2 was answered: whether for that reason, nobody knows. */
  silent(): void {
    this.#silent++
    if (this.#silent < MOST_SILENT) return
    this.#silent = 0
    this.refused(OpCode.setWatches2)
  }

  /** A connection is over: the server may be upgraded before the next one, and is asked anew if that is long ago. */
  connectionOver(): void {
    if (this.#clock.now() - this.#learnedAt >= ASK_AGAIN) this.lacking.clear()
  }
}

export class ServerSkills {
  readonly #servers = new Map<string, Skills>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `remote`: the address, as a transport tells it. */
  of(remote: string): Skills {
    const present = this.#servers.get(remote)
    if (present !== undefined) return present
    if (this.#servers.size >= MOST_SERVERS) this.#servers.clear()
    const skills = new Skills(this.#clock)
    this.#servers.set(remote, skills)
    return skills
  }
}
