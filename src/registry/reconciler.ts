// One step from what stands at a path to what is wanted there.
import { ZooKeeperError } from '../../protocol/index.ts'
import type { Agenda } from './agenda.ts'
import type { Found, OwnedNodePort } from './owned-node.ts'
import { OwnedNode } from './owned-node.ts'
import { TakeoverPace } from './pace.ts'
import { takenOver } from './registration-errors.ts'
import type { Wanted } from './wanted.ts'
import { isAsWanted } from './wanted.ts'

/**
 * - `created`: it stands since just now, and nobody watches it yet. `settled`: as wanted, and watched.
 * - `foreign`, `nobodys`: something of another session, or of none, stands there, and we wait for it to go.
 */
export type Outcome = 'created' | 'settled' | 'foreign' | 'nobodys'

export interface ReconcilerPort extends OwnedNodePort {
  readonly agenda: Agenda
  warning(error: unknown): void
}

export class Reconciler {
  readonly #port: ReconcilerPort
  readonly #node: OwnedNode
  readonly #lookLater: (ms: number) => void
  // Most never need it, and there may be many registrations.
  #takeovers: TakeoverPace | null = null
  /** The session in which a look with a watch succeeded that has not fired since; 0n: none. */
  #watchedIn = 0n
  /** True if something stood there when last heard of. */
  #present = false

  /** `changed` is called when a watch fires; `lookLater` asks for another step. */
  constructor(path: string, port: ReconcilerPort, changed: () => void, lookLater: (ms: number) => void) {
    this.#port = port
    this.#lookLater = lookLater
    this.#node = new OwnedNode(path, port, ({ type }) => {
      this.#watchedIn = 0n
      this.#present = type !== 'nodeDeleted'
      changed()
    })
  }

  /** There is a link again: true if the watch of this session tells what was missed. */
  linked(): boolean {
    const watched = this.#watchedIn === this.#port.zk.sessionId
    // In a new session nothing of ours stands there.
    if (!watched) this.#present = false
    return watched
  }

  /** A step failed: what was known is not sure any more. */
  failed(): void {
    this.#watchedIn = 0n
  }

  /** Takes the watch back. */
  dispose(): void {
    this.#node.forget()
  }

  /** Errors: those of the client; NODE_EXISTS when something comes and goes too fast to be seen. */
  async step(wanted: Wanted): Promise<Outcome> {
    const outcome = await this.#step(wanted)
    if (outcome === 'created') this.#present = true
    return outcome
  }

  /** After a creation: from now on a change by anybody is noticed. True if it stands as it is wanted. */
  async watch(wanted: Extract<Wanted, { kind: 'present' }>): Promise<boolean> {
    const found = await this.#find()
    return found.kind === 'mine' && isAsWanted(found.data, wanted)
  }

  async #step(wanted: Wanted): Promise<Outcome> {
    if (wanted.kind === 'absent') return this.#takeAway()
    // Most often there is nothing, and asking first would only cost time.
    if (!this.#present && (await this.#node.create(wanted.bytes))) return 'created'
    const found = await this.#find()
    switch (found.kind) {
      case 'none':
        if (await this.#node.create(wanted.bytes)) return 'created'
        // Something stood there a moment ago, and did not a moment before.
        throw new ZooKeeperError('NODE_EXISTS', { path: this.#node.path })
      case 'mine':
        if (!isAsWanted(found.data, wanted)) await this.#node.write(found.stat, wanted.bytes)
        return 'settled'
      case 'former':
        await this.#node.replace(found.stat, wanted.bytes)
        return 'created'
      case 'foreign':
        return wanted.conflict === 'takeover' ? this.#takeOver(found, wanted.bytes) : 'foreign'
      case 'nobodys':
        return 'nobodys'
    }
  }

  async #takeAway(): Promise<Outcome> {
    const found = await this.#find()
    if (found.kind === 'mine' || found.kind === 'former') await this.#node.remove(found.stat)
    return 'settled'
  }

  async #takeOver(found: Exclude<Found, { kind: 'none' }>, bytes: Uint8Array): Promise<Outcome> {
    this.#takeovers ??= new TakeoverPace()
    const { clock } = this.#port.agenda
    const pause = this.#takeovers.pause(clock.now())
    if (pause > 0) {
      this.#lookLater(pause)
      return 'foreign'
    }
    await this.#node.replace(found.stat, bytes)
    this.#takeovers.took(clock.now())
    this.#port.warning(takenOver(this.#node.path, found.stat.ephemeralOwner))
    return 'created'
  }

  async #find(): Promise<Found> {
    this.#watchedIn = this.#port.zk.sessionId
    const found = await this.#node.find()
    this.#present = found.kind !== 'none'
    if (!this.#present) this.#watchedIn = 0n
    return found
  }
}
