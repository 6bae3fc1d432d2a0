// The registry's connection: a client with the registry's credentials, and the checks before every use.
import type { Acl } from '../../protocol/index.ts'
import { ZooKeeper, ZooKeeperError } from '../../protocol/index.ts'
import { isLinked } from '../../protocol/session/states.ts'
import { logger } from '../../protocol/support/log.ts'
import type { Credentials } from './credentials.ts'
import { defaultAcl, digestOf } from './credentials.ts'
import { NoConnectionError, ReadOnlyError, ServiceRegistryError } from './errors.ts'
import type { Settings } from './options.ts'

const log = logger('registry')

/** A request waits for a connection through one lost session, and no longer. */
const SESSIONS_TO_WAIT = 2

/** jute.maxbuffer less what a path and an ACL take. */
const MAX_DATA_SIZE = 1024 * 1024 - 4096

export class Link {
  readonly zk: ZooKeeper
  readonly #settings: Settings
  readonly #formerSessions = new Set<bigint>()
  #credentials: Credentials
  #stopped = false
  #confirmed = false
  /** Names the connection at hand. */
  #link: symbol | null = null

  constructor(settings: Settings) {
    const { servers, sessionTimeout, readOnly, username, password, acl } = settings
    this.#settings = settings
    this.#credentials = { username, password, acl }
    const digest = digestOf(this.#credentials)
    this.zk = new ZooKeeper(servers, {
      sessionTimeout,
      requestTimeout: sessionTimeout * SESSIONS_TO_WAIT,
      readOnly,
      auth: digest === null ? [] : [{ scheme: 'digest', auth: digest }],
    })
    this.zk.on('state', ({ state, previous, sessionId, generation }) => {
      if (sessionId !== 0n) this.#formerSessions.add(sessionId)
      if (isLinked(state) && isLinked(previous)) return
      // On the first connection there is no watch yet that could have missed something.
      this.#confirmed = isLinked(state) && generation === 1 && previous === 'connecting'
      if (isLinked(state) && !this.#confirmed) this.#confirm()
    })
  }

  /** Waits for the first connection; throws a NoConnectionError unless the registry is lazy. */
  async open(): Promise<void> {
    const { connectTimeout, lazy } = this.#settings
    try {
      await this.zk.connect({ timeout: connectTimeout })
    } catch (error) {
      if (lazy && ZooKeeperError.is(error, 'REQUEST_TIMEOUT')) {
        log('not connected yet: goes on in the background')
        return
      }
      await this.close()
      throw new NoConnectionError('Could not connect to Zookeeper', error)
    }
  }

  /** True while connected, once the watches have told what was missed: answers come behind their events. */
  get confirmed(): boolean {
    return this.connected && this.#confirmed
  }

  get connected(): boolean {
    return isLinked(this.zk.state)
  }

  /** ACL for what is created; undefined: open to everybody. */
  get acl(): readonly Acl[] | undefined {
    return defaultAcl(this.#credentials)
  }

  /** True for a session that this registry held before the one at hand. */
  wasOurs(sessionId: bigint): boolean {
    return sessionId !== this.zk.sessionId && this.#formerSessions.has(sessionId)
  }

  /** Bytes of data that a request can carry besides a path and an ACL of usual size. */
  get maxDataSize(): number {
    return MAX_DATA_SIZE
  }

  checkRunning(): void {
    if (this.#stopped) throw new ServiceRegistryError('STOPPED', 'the registry was stopped')
  }

  /** Throws, in this order: STOPPED, NoConnectionError, ReadOnlyError. */
  checkWritable(what: string): void {
    this.checkRunning()
    if (!this.connected) throw new NoConnectionError()
    if (this.#settings.readOnly) throw new ReadOnlyError(what)
  }

  /** Keeps the credentials for every connection; sends them on the one at hand. */
  async authenticate(change: Partial<Credentials>): Promise<void> {
    const before = digestOf(this.#credentials)
    this.#credentials = { ...this.#credentials, ...change }
    const digest = digestOf(this.#credentials)
    if (digest === before) return
    if (before !== null) this.zk.removeAuth('digest', before)
    if (digest === null) return
    await this.zk.addAuth('digest', digest)
  }

  /** Whatever is asked behind the re-armed watches is answered behind their events. */
  #confirm(): void {
    const link = Symbol('link')
    this.#link = link
    this.zk.exists('/').then(
      () => {
        if (this.#link === link && this.connected) this.#confirmed = true
      },
      error => log('not confirmed: %s', error),
    )
  }

  async close(): Promise<void> {
    this.#stopped = true
    await this.zk.close()
  }
}
