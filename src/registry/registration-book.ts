// What a registry has written: ephemeral nodes that are kept alive, and data nodes.
import { isLinked, validatePath } from '../../protocol/index.ts'
import { withDeadline } from '../../protocol/support/abort.ts'
import { systemClock } from '../../protocol/support/clock.ts'
import { handled } from '../../protocol/support/deferred.ts'
import { Agenda } from './agenda.ts'
import type { NodeData } from './codec.ts'
import { copyOf, decode, encode, holds } from './codec.ts'
import { Creations } from './creations.ts'
import { DataNode } from './data-node.ts'
import { NoConnectionError, ServiceRegistryError } from './errors.ts'
import { Gate } from './gate.ts'
import type { Link } from './link.ts'
import type { CallOptions } from './options.ts'
import { checkForce, checkNotRoot, checkSet } from './options.ts'
import type { RegistrationPort } from './registration.ts'
import { Registration } from './registration.ts'
import type { Conflict, Standing, Wanted } from './wanted.ts'

export interface SetOptions {
  /** False takes the node away and keeps the data for later. Default true. */
  state?: boolean | undefined
  /**
   * What to do when a znode of somebody else stands at the path of an ephemeral node; `setData` does not ask.
   * - `wait`: waits for it to go, for as long as it takes.
   * - `fail`: rejects with OWNED_BY_OTHER at once, and does not want the node any more.
   * - `takeover`: replaces it in one transaction, and warns; less and less often while the other one takes it back.
   *
   * A persistent znode is never replaced. Default: that of the registry, `wait`.
   */
  conflict?: Conflict | undefined
  /** Milliseconds until the call rejects; a node that is wanted stays wanted. Default: two session timeouts. */
  timeout?: number | undefined
  signal?: AbortSignal | undefined
}

export type BytesOptions = Pick<SetOptions, 'timeout' | 'signal'>

export interface UnsetOptions extends CallOptions {
  /** Deletes a node whoever wrote it. Default false: only what this registry wrote. */
  force?: boolean
}

/** One path that this registry has set, as far as is known here. */
export interface RegistrationStatus {
  readonly path: string
  /** `node`: ephemeral, by `setNode`. `data`: persistent, by `setData`. */
  readonly kind: 'node' | 'data'
  /** True if the node is wanted; of a data node, true while it stands. */
  readonly state: boolean
  /** The caller's data: of a node, what is wanted; of a data node, what it holds now, whoever wrote it. */
  readonly data: NodeData
  /** `settled`: as wanted. `pending`: on its way there. `blocked`: something of somebody else stands there. */
  readonly standing: Standing
}

interface NodeEntry {
  readonly registration: Registration
  data: NodeData
}

/**
 * Enough to keep the connection busy, and far below what the client queues for one. More under way at once would only
 * cost memory, and with it time.
 */
const AT_ONCE = { tasks: 1024, bytes: 16 * 1024 * 1024 }

export class RegistrationBook {
  readonly #link: Link
  readonly #warn: (error: unknown) => void
  readonly #nodes = new Map<string, NodeEntry>()
  readonly #dataNodes = new Map<string, DataNode>()
  readonly #port: RegistrationPort

  constructor(link: Link, warn: (error: unknown) => void) {
    this.#link = link
    this.#warn = warn
    this.#port = this.#portOf(link)
    // A lost link changes nothing: only a new session can have taken a node away.
    link.zk.on('state', ({ state, previous }) => {
      if (isLinked(state) && !isLinked(previous)) this.#linked()
      else if (state === 'closed' || state === 'authFailed') this.#rest()
    })
  }

  /** Data that is undefined leaves what the node had; null leaves it with nothing of the caller. */
  async setNode(path: string, data: NodeData, options: SetOptions): Promise<void> {
    this.#check(path, 'setNode', options)
    checkNotRoot(path)
    if (this.#dataNodes.get(path)?.claimed) throw typeConflict(path, 'setData')
    const given = data === undefined ? this.#nodes.get(path)?.data : data
    const bytes = encode(given)
    checkSize(path, bytes, this.#link)
    const entry = this.#node(path)
    // The caller may go on with the object.
    const kept = copyOf(given)
    entry.data = kept
    const { state = true, conflict = this.#link.conflict } = options
    const { wanted } = entry.registration
    // Equal data keeps the bytes, and with them the time of writing.
    const same = wanted.kind === 'present' && holds(decode(wanted.bytes), kept)
    const present = { kind: 'present' as const, data: kept, bytes: same ? wanted.bytes : bytes, conflict }
    await this.#want(entry.registration, state ? present : { kind: 'absent' }, options)
  }

  /**
   * The same for bytes in the format of somebody else; null takes the node away. What is wanted stays wanted, also
   * where it rejects at once: STOPPED, NoConnectionError.
   */
  async setBytes(path: string, bytes: Uint8Array | null, options: BytesOptions): Promise<void> {
    validatePath(path)
    if (this.#dataNodes.get(path)?.claimed) throw typeConflict(path, 'setData')
    if (bytes !== null) checkSize(path, bytes, this.#link)
    const { registration } = this.#node(path)
    const { conflict } = this.#link
    const wanted: Wanted =
      bytes === null ? { kind: 'absent' } : { kind: 'present', data: decode(bytes), bytes, conflict }
    const wish = handled(this.#want(registration, wanted, options))
    this.#link.checkRunning()
    if (!this.#link.connected) throw new NoConnectionError()
    await wish
    if (registration.wanted.kind === 'absent') this.#drop(registration)
  }

  async setData(path: string, data: NodeData, options: SetOptions): Promise<void> {
    this.#check(path, 'setData', options)
    if (this.#nodes.has(path)) throw typeConflict(path, 'setNode')
    if (data !== undefined) checkSize(path, encode(data), this.#link)
    const { state = true } = options
    await this.#onData(path, options, async (node, signal) => {
      if (state) await node.write(data, signal)
      else await node.takeAway(data, signal)
    })
  }

  /** True if the path is free of what this registry wrote; false if something of somebody else stands there. */
  async unset(path: string, options: UnsetOptions): Promise<boolean> {
    this.#check(path, 'unset', {})
    const force = checkForce(options)
    const { signal, timeout } = options
    const call = { signal, timeout }
    const entry = this.#nodes.get(path)
    if (entry === undefined) return this.#onData(path, call, (node, inner) => node.remove(force, inner))
    const { registration } = entry
    await this.#want(registration, { kind: 'absent' }, call)
    // A node that was asked for meanwhile is still looked after.
    if (registration.wanted.kind === 'absent') this.#drop(registration)
    if (force) return this.#onData(path, call, (node, inner) => node.remove(true, inner))
    return (await this.#link.zk.exists(path, call)) === null
  }

  /** What is set, in the order of the paths. */
  list(): RegistrationStatus[] {
    const nodes = [...this.#nodes].map(([path, { registration, data }]) => {
      const { wanted, standing } = registration
      return {
        path,
        kind: 'node' as const,
        state: wanted.kind === 'present',
        data: copyOf(data ?? null),
        standing,
      }
    })
    const dataNodes = [...this.#dataNodes].map(([path, node]) => {
      const standing = node.busy ? ('pending' as const) : ('settled' as const)
      return { path, kind: 'data' as const, state: node.state, data: copyOf(node.data), standing }
    })
    return [...nodes, ...dataNodes].sort((a, b) => (a.path < b.path ? -1 : 1))
  }

  /** Resolves when every node is as wanted, or cannot get there now; whatever the outcome, it goes on. */
  async settle(options: CallOptions): Promise<void> {
    const { timeout = this.#link.zk.sessionTimeout, signal } = options
    const all = [...this.#nodes.values()].map(({ registration }) => registration)
    // What waits for a stranger to go may wait for ever.
    const registrations = all.filter(({ standing }) => standing !== 'blocked')
    const until = this.#port.agenda.clock.now() + timeout
    await Promise.allSettled(registrations.map(each => each.want(each.wanted, { until, signal })))
    signal?.throwIfAborted()
  }

  /** Another process than the one that wrote the nodes keeps them from now on. */
  adopt(): void {
    for (const { registration, data } of this.#nodes.values()) {
      const { wanted } = registration
      if (wanted.kind === 'absent') continue
      handled(this.#want(registration, { ...wanted, bytes: encode(data) }, {}))
    }
  }

  stop(): void {
    for (const { registration } of this.#nodes.values()) registration.stop()
    for (const node of this.#dataNodes.values()) node.stop()
    this.#nodes.clear()
    this.#dataNodes.clear()
  }

  #linked(): void {
    for (const { registration } of this.#nodes.values()) registration.linked()
    for (const node of this.#dataNodes.values()) node.linked()
  }

  #rest(): void {
    for (const { registration } of this.#nodes.values()) registration.rest()
  }

  #check(path: string, what: string, options: SetOptions): void {
    validatePath(path)
    checkSet(options)
    this.#link.checkWritable(`${what} ${path}`)
  }

  #node(path: string): NodeEntry {
    const present = this.#nodes.get(path)
    if (present !== undefined) return present
    const entry = { registration: new Registration(path, this.#port), data: null }
    this.#nodes.set(path, entry)
    return entry
  }

  #drop(registration: Registration): void {
    registration.dispose()
    if (this.#nodes.get(registration.path)?.registration === registration) {
      this.#nodes.delete(registration.path)
    }
  }

  /** One for all registrations: the client below may be replaced by another one. */
  #portOf(link: Link): RegistrationPort {
    const agenda = new Agenda(systemClock)
    const creations = new Creations({
      get zk() {
        return link.zk
      },
      defer: task => agenda.clock.defer(task),
    })
    return {
      agenda,
      creations,
      gate: new Gate(AT_ONCE),
      get zk() {
        return link.zk
      },
      get acl() {
        return link.acl
      },
      wasOurs: sessionId => link.wasOurs(sessionId),
      limited: (call, signal) => link.limited(call, signal),
      warning: this.#warn,
      gaveUp: registration => this.#drop(registration),
    }
  }

  /** A caller waits a bounded time; the registration goes on in the background. */
  #want(registration: Registration, wanted: Wanted, options: SetOptions): Promise<void> {
    const until = this.#port.agenda.clock.now() + this.#patience(options)
    return registration.want(wanted, { until, signal: options.signal })
  }

  /** The node is remembered while something of ours stands there, or is under way. */
  async #onData<T>(
    path: string,
    options: SetOptions,
    task: (node: DataNode, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const node = this.#dataNodes.get(path) ?? new DataNode(path, this.#port)
    this.#dataNodes.set(path, node)
    const late = (): Error => new NoConnectionError()
    try {
      return await withDeadline(systemClock, this.#patience(options), late, options.signal, signal =>
        task(node, signal),
      )
    } finally {
      if (node.idle && this.#dataNodes.get(path) === node) {
        node.stop()
        this.#dataNodes.delete(path)
      }
    }
  }

  #patience({ timeout = this.#link.zk.sessionTimeout * 2 }: SetOptions): number {
    return timeout
  }
}

function typeConflict(path: string, made: string): ServiceRegistryError {
  return new ServiceRegistryError('TYPE_CONFLICT', `${path} was made by ${made}: unset it first`, { path })
}

/** Refused here, before it costs everybody the connection. */
function checkSize(path: string, bytes: Uint8Array, link: Link): void {
  const { maxDataSize } = link
  if (bytes.length <= maxDataSize) return
  const message = `data of ${bytes.length} bytes exceeds the limit of ${maxDataSize}`
  throw new ServiceRegistryError('INVALID_DATA', message, { path })
}
