// The state of the server: tree, watches, sessions and zxid, and the transactions that change them.
import { Buffer } from 'node:buffer'
import { timingSafeEqual } from 'node:crypto'
import type { Client } from './client.ts'
import { DataTree } from './data-tree.ts'
import { firstSessionId, firstZxid } from './epoch.ts'
import type { Settings } from './options.ts'
import type { Session } from './session.ts'
import { SessionTable } from './session-table.ts'
import { Transaction } from './transaction.ts'
import { WatchManager } from './watch-manager.ts'

/** `readOnly`: the server lost its quorum. */
export type ServerMode = 'standalone' | 'readOnly'

export class World {
  readonly settings: Settings
  readonly tree: DataTree = new DataTree()
  readonly watches: WatchManager<Client> = new WatchManager()
  readonly sessions: SessionTable
  readonly #wallOffset: number
  #zxid: bigint
  mode: ServerMode
  /** Called when there may be something to do later: a session to expire, a znode to reap. */
  onWork: () => void = () => {}

  constructor(settings: Settings, epoch: bigint, mode: ServerMode = 'standalone') {
    this.settings = settings
    this.mode = mode
    this.#zxid = firstZxid(epoch)
    // The wall clock is read once; after that the port tells both times, so that one clock moves everything.
    this.#wallOffset = Date.now() - settings.clock.now()
    this.sessions = new SessionTable(settings.tickTime, () => settings.clock.now(), firstSessionId(epoch))
  }

  /** The newest transaction, failed ones included. */
  get zxid(): bigint {
    return this.#zxid
  }

  /** Milliseconds since 1970. */
  get time(): number {
    return Math.floor(this.settings.clock.now() + this.#wallOffset)
  }

  /** Runs a write whole or not at all, and then tells the watchers. A write that fails has used a zxid too. */
  transact<T>(write: (txn: Transaction) => T): T {
    this.#zxid += 1n
    const txn = new Transaction(this.#zxid, this.time)
    let result: T
    try {
      result = write(txn)
    } catch (error) {
      txn.rollback()
      throw error
    }
    for (const change of txn.changes) this.watches.publish(change, txn.zxid)
    if (this.tree.reapable.size > 0) this.onWork()
    return result
  }

  openSession(client: Client, timeout: number): Session {
    const kind = this.mode === 'readOnly' ? 'local' : 'global'
    const session =
      kind === 'local'
        ? this.sessions.open(timeout, kind)
        : this.transact(() => this.sessions.open(timeout, kind))
    this.#attach(session, client)
    return session
  }

  /** The session with that id and password, now spoken for by this client; null when there is none. */
  resumeSession(client: Client, id: bigint, password: Uint8Array, timeout: number): Session | null {
    const session = this.sessions.get(id)
    if (session === undefined) return null
    // One connection for a session: the older one goes, even if the newer one turns out to be a stranger.
    session.client?.close()
    if (!samePassword(session.password, password)) return null
    session.timeout = timeout
    this.#attach(session, client)
    this.sessions.touch(session)
    return session
  }

  #attach(session: Session, client: Client): void {
    session.client = client
    client.session = session
    this.onWork()
  }

  /** The connection is gone: its watches are forgotten, its session waits to be resumed. */
  detach(client: Client): void {
    this.watches.removeAll(client)
    const { session } = client
    if (session?.client === client) session.client = null
    client.session = null
  }

  /** Ends a session, by request or by expiry: its ephemerals go in one transaction. */
  endSession(session: Session): void {
    this.sessions.remove(session)
    if (this.sessions.size === 0) this.onWork()
    if (session.kind === 'local') return
    this.transact(txn => {
      for (const path of this.tree.ephemeralsOf(session.id)) this.tree.delete(txn, path)
    })
  }

  /** Ends the sessions that were not heard of in time. */
  expireSessions(): void {
    for (const session of this.sessions.due()) {
      // Without a quorum nobody can expire a session of the ensemble.
      if (this.mode === 'readOnly' && session.kind === 'global') this.sessions.touch(session)
      else this.expire(session)
    }
  }

  expire(session: Session): void {
    const { client } = session
    this.endSession(session)
    client?.close()
  }

  /** Loses or regains the quorum; all connections end with the server that they were made to. */
  changeMode(mode: ServerMode): void {
    if (mode === this.mode) return
    this.mode = mode
    for (const session of [...this.sessions]) {
      session.client?.close()
      if (session.kind === 'local') this.endSession(session)
      else this.sessions.touch(session)
    }
  }
}

function samePassword(expected: Uint8Array, given: Uint8Array): boolean {
  return expected.length === given.length && timingSafeEqual(Buffer.from(expected), Buffer.from(given))
}
