// What each server of an ensemble turned out to know: members of several releases may serve side by side.
import { OpCode } from '../opcodes.ts'

/** Both came with ZooKeeper 3.6: a server knows both or neither. */
const PERSISTENT: readonly number[] = [OpCode.addWatch, OpCode.setWatches2]

/** So often a server may hang up without an answer to setWatches2 before it counts as one that does not know it. */
const MOST_SILENT = 2

/** Addresses come and go; what was learned of old ones is worth little. */
const MOST_SERVERS = 256

export class Skills {
  /** Opcodes of reads and watches that the server does not know: to ask again would cost another connection. */
  readonly lacking: Set<number> = new Set()
  #persistent: 'unknown' | 'known' = 'unknown'
  #silent = 0

  /** True when the server has armed a persistent watch before. */
  get armsPersistent(): boolean {
    return this.#persistent === 'known'
  }

  lacks(opcode: number): boolean {
    return this.lacking.has(opcode)
  }

  refused(opcode: number): void {
    this.lacking.add(opcode)
    if (!PERSISTENT.includes(opcode)) return
    this.#persistent = 'unknown'
    for (const other of PERSISTENT) this.lacking.add(other)
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

  /**
   * A connection on which `before` opcodes were lacking from the start is over. If nothing was learned on it, it did not
   * end for that: the server may have been upgraded meanwhile, and is asked anew.
   */
  connectionOver(before: number): void {
    if (this.lacking.size === before) this.lacking.clear()
  }
}

export class ServerSkills {
  readonly #servers = new Map<string, Skills>()

  /** `remote`: the address, as a transport tells it. */
  of(remote: string): Skills {
    const present = this.#servers.get(remote)
    if (present !== undefined) return present
    if (this.#servers.size >= MOST_SERVERS) this.#servers.clear()
    const skills = new Skills()
    this.#servers.set(remote, skills)
    return skills
  }
}
