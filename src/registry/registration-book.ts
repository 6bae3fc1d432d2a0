// What a registry has written: ephemeral nodes that are kept alive, and data nodes.
import { validatePath } from '../../protocol/index.ts'
import { withDeadline } from '../../protocol/support/abort.ts'
import { systemClock } from '../../protocol/support/clock.ts'
import { handled } from '../../protocol/support/deferred.ts'
import type { NodeData } from './codec.ts'
import { decode, encode, holds } from './codec.ts'
import { DataNode } from './data-node.ts'
import { NoConnectionError, ServiceRegistryError } from './errors.ts'
import type { Link } from './link.ts'
import type { CallOptions } from './options.ts'
import { checkCall, checkForce, checkNotRoot } from './options.ts'
import { Registration } from './registration.ts'

export interface SetOptions {
  /** False takes the node away and keeps the data for later. Default true. */
  state?: boolean | undefined
  /** Milliseconds until the call rejects; a node that is wanted stays wanted. Default: two session timeouts. */
  timeout?: number | undefined
  signal?: AbortSignal | undefined
}

export interface UnsetOptions extends CallOptions {
  /** Deletes a node whoever wrote it. Default false: only what this registry wrote. */
  force?: boolean
}

const TIME_IS_UP = Symbol('time is up')

interface NodeEntry {
  readonly registration: Registration
  data: NodeData
}

export class RegistrationBook {
  readonly #link: Link
  readonly #warn: (error: unknown) => void
  readonly #nodes = new Map<string, NodeEntry>()
  readonly #dataNodes = new Map<string, DataNode>()

  constructor(link: Link, warn: (error: unknown) => void) {
    this.#link = link
    this.#warn = warn
  }

  /** Data that is undefined leaves what the node had; null leaves it with nothing of the caller. */
  async setNode(path: string, data: NodeData, options: SetOptions): Promise<void> {
    this.#check(path, 'setNode', options)
    checkNotRoot(path)
    if (this.#dataNodes.get(path)?.claimed) throw typeConflict(path, 'setData')
    const kept = data === undefined ? this.#nodes.get(path)?.data : data
    const bytes = encode(kept)
    checkSize(path, bytes, this.#link)
    const entry = this.#node(path)
    const { state = true } = options
    // Equal data keeps the bytes, and with them the time of writing.
    const { wanted } = entry.registration
    const same = wanted.kind === 'present' && holds(decode(wanted.data), kept)
    entry.data = kept
    const present = { kind: 'present' as const, data: same ? wanted.data : bytes }
    await this.#patiently(entry.registration, options, () =>
      entry.registration.want(state ? present : { kind: 'absent' }),
    )
  }

  async setData(path: string, data: NodeData, options: SetOptions): Promise<void> {
    this.#check(path, 'setData', options)
    if (this.#nodes.has(path)) throw typeConflict(path, 'setNode')
    const bytes = encode(data)
    checkSize(path, bytes, this.#link)
    const { state = true } = options
    await this.#onData(path, options, async (node, signal) => {
      if (state) await node.write(data, bytes, signal)
      else await node.remove(false, signal)
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
    await this.#patiently(registration, call, () => registration.want({ kind: 'absent' }))
    // A node that was asked for meanwhile is still looked after.
    if (registration.wanted.kind === 'absent') {
      registration.stop()
      if (this.#nodes.get(path) === entry) this.#nodes.delete(path)
    }
    if (force) return this.#onData(path, call, (node, inner) => node.remove(true, inner))
    return (await this.#link.zk.exists(path, call)) === null
  }

  /** Resolves when every node is as wanted, or cannot get there now; whatever the outcome, it goes on. */
  async settle(options: CallOptions): Promise<void> {
    const { timeout = this.#link.zk.sessionTimeout, signal } = options
    const all = [...this.#nodes.values()].map(({ registration }) => registration)
    // What waits for a stranger to go may wait for ever.
    const registrations = all.filter(({ blocked }) => !blocked)
    const late = (): unknown => TIME_IS_UP
    await withDeadline(systemClock, timeout, late, signal, async () => {
      await Promise.allSettled(registrations.map(each => each.want(each.wanted)))
    }).catch(error => {
      if (error !== TIME_IS_UP) throw error
    })
  }

  /** Another process than the one that wrote the nodes keeps them from now on. */
  adopt(): void {
    for (const { registration, data } of this.#nodes.values()) {
      if (registration.wanted.kind === 'present') {
        handled(registration.want({ kind: 'present', data: encode(data) }))
      }
    }
  }

  stop(): void {
    for (const { registration } of this.#nodes.values()) registration.stop()
    this.#nodes.clear()
    this.#dataNodes.clear()
  }

  #check(path: string, what: string, options: SetOptions): void {
    validatePath(path)
    checkCall(options)
    this.#link.checkWritable(`${what} ${path}`)
  }

  #node(path: string): NodeEntry {
    const present = this.#nodes.get(path)
    if (present !== undefined) return present
    const registration = new Registration(this.#link.zk, path, {
      acl: () => this.#link.acl,
      wasOurs: sessionId => this.#link.wasOurs(sessionId),
      warning: this.#warn,
    })
    const entry = { registration, data: null }
    this.#nodes.set(path, entry)
    return entry
  }

  /** The node is remembered while something of ours stands there, or is under way. */
  async #onData<T>(
    path: string,
    options: SetOptions,
    task: (node: DataNode, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const node = this.#dataNodes.get(path) ?? new DataNode(this.#link.zk, path, () => this.#link.acl)
    this.#dataNodes.set(path, node)
    const late = (): Error => new NoConnectionError()
    try {
      return await withDeadline(systemClock, this.#patience(options), late, options.signal, signal =>
        task(node, signal),
      )
    } finally {
      if (node.idle && this.#dataNodes.get(path) === node) this.#dataNodes.delete(path)
    }
  }

  /** A caller waits a bounded time; the registration goes on in the background. */
  #patiently(registration: Registration, options: SetOptions, task: () => Promise<void>): Promise<void> {
    const late = (): Error => {
      return registration.blocked ? registration.obstacle : new NoConnectionError()
    }
    return withDeadline(systemClock, this.#patience(options), late, options.signal, task)
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
