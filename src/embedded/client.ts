// A connection as the core sees it: who it is, which session it speaks for, and the way to reach it.
import type { Id } from '../../protocol/records/data.ts'
import type { SaslExchange } from './sasl.ts'
import type { Session } from './session.ts'
import type { Watcher } from './watch-manager.ts'

/** What a connection can be told, besides the replies to its own requests. */
export interface Link {
  /** The IP address at the other end. */
  readonly address: string
  notify(type: number, path: string, zxid: bigint): void
  /** Ends the connection, after what was written to it. */
  close(): void
}

export class Client implements Watcher {
  readonly #link: Link
  #identities: readonly Id[]
  session: Session | null = null
  /** The SASL exchange of this connection, once it has begun. */
  sasl: SaslExchange | null = null

  constructor(link: Link, identities: readonly Id[] = []) {
    this.#link = link
    this.#identities = [{ scheme: 'ip', id: link.address }, ...identities]
  }

  get address(): string {
    return this.#link.address
  }

  get identities(): readonly Id[] {
    return this.#identities
  }

  /** A further login adds to the others. */
  addIdentity(id: Id): void {
    const known = this.#identities.some(own => own.scheme === id.scheme && own.id === id.id)
    if (!known) this.#identities = [...this.#identities, id]
  }

  notify(type: number, path: string, zxid: bigint): void {
    this.#link.notify(type, path, zxid)
  }

  close(): void {
    this.#link.close()
  }
}
