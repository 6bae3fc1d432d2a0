// A client as seen from a chroot: its znodes, its session, and what the ensemble tells of itself.
import { InvalidArgumentError, ZooKeeperError } from '../errors.ts'
import { OpCode } from '../opcodes.ts'
import { operations } from '../operations.ts'
import { CONFIG, intoChroot, outOfChroot, validatePath } from '../paths.ts'
import type { ClientInfo } from '../records/admin.ts'
import type { Stat } from '../records/data.ts'
import type { MultiReadOutcome } from '../records/multi-read.ts'
import type { GetDataReply } from '../records/nodes.ts'
import type { SessionState } from '../session/states.ts'
import type { WatchedEvent } from '../session/watch-table.ts'
import type { ZooKeeperEvents } from './announcer.ts'
import type { ClientCore } from './core.ts'
import type { ReadOptions } from './node-operations.ts'
import { NodeOperations } from './node-operations.ts'
import type { RequestOptions } from './options.ts'
import type { StateChange } from './state-stream.ts'
import { stateStream } from './state-stream.ts'
import type { ClientStatus } from './status.ts'
import type { WatchOptions } from './watch-stream.ts'
import { watchStream } from './watch-stream.ts'
import { WatchSubscription } from './watch-subscription.ts'

/** One read of a multiRead: the data, or the names of the children. */
export type MultiReadItem = { readonly get: string } | { readonly children: string }

/** The outcome of one read, in the order of the request; one may fail without the others. */
export type MultiReadResult =
  | { readonly type: 'data'; readonly data: Uint8Array | null; readonly stat: Stat }
  | { readonly type: 'children'; readonly children: readonly string[] }
  | { readonly type: 'error'; readonly error: ZooKeeperError }

export interface ReconfigChange {
  /** Server lines to add or change, such as `server.4=host:2888:3888:participant;2181`. */
  joining?: readonly string[]
  /** Ids of servers to remove. */
  leaving?: readonly string[]
  /** All server lines, in place of the two above. */
  members?: readonly string[]
  /** Version of the configuration that must be in force; default any. */
  from?: bigint
}

const NONE: RequestOptions = {}
const WATCH_CAPACITY = 1024

export class ZooKeeperView extends NodeOperations {
  readonly #core: ClientCore
  readonly #chroot: string

  constructor(core: ClientCore, chroot: string) {
    super(core, chroot)
    this.#core = core
    this.#chroot = chroot
  }

  get state(): SessionState {
    return this.#core.state
  }

  /** Counts the sessions: 0 before the first, one more after each expiry. */
  get generation(): number {
    return this.#core.generation
  }

  /** Id of the session at hand; 0n while there is none. */
  get sessionId(): bigint {
    return this.#core.sessionId
  }

  /** Negotiated session timeout in milliseconds; before the first connection, the one asked for. */
  get sessionTimeout(): number {
    return this.#core.sessionTimeout
  }

  /**
   * Milliseconds since the newest request was sent that a server has answered, in this session or one before it, by the
   * client's own monotonic clock: so old is what is known of the servers. Infinity before the first session.
   */
  get silence(): number {
    return this.#core.silence
  }

  /**
   * Milliseconds for which the session is known to live on, by the client's own monotonic clock; 0: locks are void, even
   * if the state does not say so yet, because this process did not run meanwhile, or `close()` was called. 0 also between
   * an expired session and the next. Infinity before the first session.
   */
  get sessionRemaining(): number {
    return this.#core.sessionRemaining
  }

  /** zxid of the newest answer: the point in history that this client has seen. */
  get lastZxid(): bigint {
    return this.#core.lastZxid
  }

  /** What the client is doing now, for people and monitors. */
  status(): ClientStatus {
    return this.#core.status
  }

  /** Listens to events; the returned function ends that. A listener that throws becomes a `warning`. */
  on<Name extends keyof ZooKeeperEvents>(
    name: Name,
    listener: (value: ZooKeeperEvents[Name]) => void,
  ): () => void {
    return this.#core.events.on(name, listener)
  }

  /** The state now and every one that follows, until the client closes or the signal aborts. */
  states(options: { signal?: AbortSignal } = {}): AsyncGenerator<StateChange, void, void> {
    return stateStream({
      signal: options.signal,
      now: () => this.#core.change,
      subscribe: listener => this.on('state', listener),
      isLast: state => this.#core.isLast(state),
    })
  }

  /** A view of the same session in which `path` is the root. The znode itself is not created. */
  chroot(path: string): ZooKeeperView {
    validatePath(path)
    return new ZooKeeperView(this.#core, path === '/' ? this.#chroot : this.#chroot + path)
  }

  /**
   * The changes of a znode and of its list of children; with `recursive`, of the znode and everything below it.
   * The first event is `resync`: the watch is armed, read now. Another `resync` follows every gap, such as a broken
   * connection, because the server does not repeat what was missed; a full buffer becomes one too. Survives
   * reconnects and new sessions, and the deletion of the znode. Servers before 3.6, and those with
   * WatchManagerOptimized, have no such watches: there it is made of one-shot ones, a pair for each znode.
   */
  watch(path: string, options: WatchOptions = {}): AsyncGenerator<WatchedEvent, void, void> {
    const { recursive = false, signal, capacity = WATCH_CAPACITY } = options
    const subscription = new WatchSubscription(this.#core, this.#chroot, path, recursive)
    return watchStream({
      path,
      capacity,
      signal,
      arm: (watcher, ended) => subscription.arm(watcher, ended),
      disarm: () => subscription.disarm(),
      onClosed: task => this.on('state', ({ state }) => this.#core.isLast(state) && task()),
    })
  }

  /**
   * Several reads in one request; each answers or fails for itself. Without items: an empty list, and nothing is sent.
   * Errors: UnsupportedError before ZooKeeper 3.6.
   */
  async multiRead(
    items: readonly MultiReadItem[],
    options: RequestOptions = NONE,
  ): Promise<MultiReadResult[]> {
    const paths = items.map(item => ('get' in item ? item.get : item.children))
    for (const path of paths) validatePath(path)
    if (items.length === 0) return []
    const request = {
      operations: items.map((item, i) => ({
        opcode: 'get' in item ? OpCode.getData : OpCode.getChildren,
        path: intoChroot(this.#chroot, paths[i] as string),
      })),
    }
    const reply = await this.#core.submit(operations.multiRead, request, undefined, '', null, options)
    return reply.outcomes.map((outcome, i) => toResult(outcome, paths[i]))
  }

  /** Paths of the ephemeral znodes of this session at or below `path`. Errors: UnsupportedError before 3.6. */
  async getEphemerals(path = '/', options: RequestOptions = NONE): Promise<string[]> {
    validatePath(path)
    const prefixPath = intoChroot(this.#chroot, path)
    const row = operations.getEphemerals
    const { ephemerals } = await this.#core.submit(row, { prefixPath }, path, prefixPath, null, options)
    // The server compares strings: /app would find /application too.
    const below = prefixPath === '/' ? '/' : `${prefixPath}/`
    const inside = ephemerals.filter(found => found === prefixPath || found.startsWith(below))
    return inside.map(found => outOfChroot(this.#chroot, found))
  }

  /** How many znodes are below the path, at any depth. Errors: NO_NODE, NO_AUTH, UnsupportedError before 3.6. */
  async getAllChildrenNumber(path: string, options: RequestOptions = NONE): Promise<number> {
    validatePath(path)
    const serverPath = intoChroot(this.#chroot, path)
    const row = operations.getAllChildrenNumber
    const reply = await this.#core.submit(row, { path: serverPath }, path, serverPath, null, options)
    return reply.totalNumber
  }

  /** The identities that the server knows of this connection. Errors: UnsupportedError before 3.7. */
  async whoAmI(options: RequestOptions = NONE): Promise<readonly ClientInfo[]> {
    const reply = await this.#core.submit(operations.whoAmI, undefined, undefined, '', null, options)
    return reply.clientInfo
  }

  /**
   * The configuration of the ensemble; `watch` is called when it changes. It has no chroot: in each,
   * `removeWatch('/zookeeper/config', watch)` takes the watch back.
   */
  async getConfig(options: ReadOptions = NONE): Promise<GetDataReply> {
    const { watch } = options
    if (watch !== undefined && typeof watch !== 'function') {
      throw new InvalidArgumentError('watch', 'a function', watch)
    }
    const request = { path: CONFIG, watch: watch !== undefined }
    return this.#core.submit(operations.getData, request, CONFIG, CONFIG, watch ?? null, options)
  }

  /**
   * Changes the members of the ensemble and tells the new configuration.
   * Errors: RECONFIG_DISABLED, UNIMPLEMENTED (standalone), NO_AUTH, BAD_VERSION, RECONFIG_IN_PROGRESS,
   * NEW_CONFIG_NO_QUORUM, BAD_ARGUMENTS. On connection loss: CONNECTION_LOSS with `mayHaveApplied`.
   */
  async reconfig(change: ReconfigChange, options: RequestOptions = NONE): Promise<GetDataReply> {
    const joined = (name: 'joining' | 'leaving' | 'members'): string | null => {
      const lines = change[name]
      if (lines === undefined) return null
      if (!Array.isArray(lines)) throw new InvalidArgumentError(name, 'a list of strings', lines)
      return lines.join(',')
    }
    const { from = -1n } = change
    if (typeof from !== 'bigint') throw new InvalidArgumentError('from', 'a bigint', from)
    const request = {
      joiningServers: joined('joining'),
      leavingServers: joined('leaving'),
      newMembers: joined('members'),
      curConfigId: from,
    }
    return this.#core.submit(operations.reconfig, request, CONFIG, CONFIG, null, options)
  }

  /**
   * The answer to a four-letter word, from the server at the other end, or from the next one without a connection.
   * Errors: NO_AUTH when the server's whitelist lacks the word, CONNECTION_LOSS, REQUEST_TIMEOUT, PACKET_TOO_LARGE above
   * 16 MiB.
   */
  command(word: string, options: RequestOptions = NONE): Promise<string> {
    return this.#core.command(word, options)
  }
}

function toResult(outcome: MultiReadOutcome, path: string | undefined): MultiReadResult {
  if (outcome.type !== 'error') return outcome
  return { type: 'error', error: ZooKeeperError.fromNumber(outcome.err, { path, operation: 'multiRead' }) }
}
