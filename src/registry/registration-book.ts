// What a registry has written: ephemeral nodes that are kept alive, and data nodes.
import { isLinked, validatePath } from '../../protocol/index.ts'
import { withDeadline } from '../../protocol/support/abort.ts'
import { systemClock } from '../../protocol/support/clock.ts'
import { handled } from '../../protocol/support/deferred.ts'
import { Agenda } from './agenda.ts'
import type { NodeData } from './codec.ts'
import { copyOf } from './codec.ts'
import { Creations } from './creations.ts'
import { DataNode } from './data-node.ts'
import type { Encoding } from './encoding.ts'
import { encodeAs, encodingOf, holdsAs } from './encoding.ts'
import { NoConnectionError, ServiceRegistryError } from './errors.ts'
import { Gate } from './gate.ts'
import type { Link } from './link.ts'
import type { CallOptions } from './options.ts'
import { checkForce, checkNotRoot, checkSet } from './options.ts'
import type { RegistrationPort } from './registration.ts'
import { Registration } from './registration.ts'
import type { BytesOptions, RegistrationStatus, SetOptions, UnsetOptions } from './set-options.ts'
import type { Wanted } from './wanted.ts'

interface NodeEntry {
  readonly registration: Registration
  data: NodeData
  encoding: Encoding
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
    const former = data === undefined ? this.#nodes.get(path) : undefined
    const given = data === undefined ? former?.data : data
    const encoding = encodingOf(options) ?? former?.encoding ?? this.#link.envelope
    const bytes = encodeAs(given, encoding)
    checkSize(path, bytes, this.#link)
    const entry = this.#node(path)
    // The caller may go on with the object.
    const kept = copyOf(given)
    Object.assign(entry, { data: kept, encoding })
    const { state = true, conflict = this.#link.conflict } = options
    const { wanted } = entry.registration
    // Equal data keeps the bytes, and with them the time of writing.
    const same = wanted.kind === 'present' && holdsAs(wanted.bytes, kept, encoding)
    const written = { data: kept, encoding, bytes: same ? wanted.bytes : bytes }
    const wish: Wanted = state ? { kind: 'present', ...written, conflict } : { kind: 'absent' }
    await this.#want(entry.registration, wish, options)
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
    const wish = handled(
      bytes === null
        ? this.#takeAway(registration, options)
        : this.#want(
            registration,
            { kind: 'present', data: bytes, encoding: 'raw', bytes, conflict },
            options,
          ),
    )
    this.#link.checkRunning()
    if (!this.#link.connected) throw new NoConnectionError()
    await wish
  }

  /** Resolves when a node stands as it is wanted, however long that takes, or when the client was closed. */
  async standing(path: string): Promise<void> {
    const registration = this.#nodes.get(path)?.registration
    if (registration === undefined) return
    const patience = { until: Number.POSITIVE_INFINITY, signal: undefined }
    await registration.want(registration.wanted, patience).catch(error => {
      if (this.#link.zk.state !== 'closed') throw error
    })
  }

  async setData(path: string, data: NodeData, options: SetOptions): Promise<void> {
    this.#check(path, 'setData', options)
    const { state = true } = options
    if (!state) checkNotRoot(path)
    if (this.#nodes.has(path)) throw typeConflict(path, 'setNode')
    const asked = encodingOf(options)
    const encoding = data === undefined ? asked : (asked ?? this.#link.envelope)
    if (data !== undefined) checkSize(path, encodeAs(data, encoding ?? this.#link.envelope), this.#link)
    // The caller may go on with the object.
    const content = { data: copyOf(data), encoding }
    await this.#onData(path, options, async (node, signal) => {
      if (state) await node.write(content, signal)
      else await node.takeAway(content, signal)
    })
  }

  /** True if the path is free of what this registry wrote; false if something of somebody else stands there. */
  async unset(path: string, options: UnsetOptions): Promise<boolean> {
    this.#check(path, 'unset', {})
    checkNotRoot(path)
    const force = checkForce(options)
    const { signal, timeout } = options
    const call = { signal, timeout }
    const entry = this.#nodes.get(path)
    if (entry === undefined) return this.#onData(path, call, (node, inner) => node.remove(force, inner))
    await this.#takeAway(entry.registration, call)
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
    for (const { registration } of this.#nodes.values()) {
      const { wanted } = registration
      if (wanted.kind === 'absent') continue
      const bytes = encodeAs(wanted.data, wanted.encoding)
      handled(this.#want(registration, { ...wanted, bytes }, {}))
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
    const { envelope: encoding } = this.#link
    const entry = { registration: new Registration(path, this.#port), data: null, encoding }
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

  /** Forgotten once it is gone, also when the caller waits no longer. */
  #takeAway(registration: Registration, call: CallOptions): Promise<void> {
    const gone = registration.want({ kind: 'absent' }, { until: Number.POSITIVE_INFINITY, signal: undefined })
    const forgotten = gone.then(() => {
      // A node that was asked for meanwhile is still looked after.
      if (registration.wanted.kind === 'absent') this.#drop(registration)
    })
    handled(forgotten)
    const late = (): Error => registration.obstacle ?? new NoConnectionError()
    return withDeadline(systemClock, this.#patience(call), late, call.signal, () => forgotten)
  }

  /** The node is remembered while something of ours stands there, or is under way. */
  async #onData<T>(
    path: string,
    options: SetOptions,
    task: (node: DataNode, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const node = this.#dataNodes.get(path) ?? new DataNode(path, this.#port, this.#link.envelope)
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
