// What a registry has written: ephemeral nodes that are kept alive, and data nodes.
import { validatePath, ZooKeeperError } from '../../protocol/index.ts'
import { withDeadline } from '../../protocol/support/abort.ts'
import { systemClock } from '../../protocol/support/clock.ts'
import type { NodeData } from './codec.ts'
import { decode, encode, holds } from './codec.ts'
import { removeData, writeData } from './data-node.ts'
import { NoConnectionError, ServiceRegistryError } from './errors.ts'
import type { Link } from './link.ts'
import { Registration } from './registration.ts'

export interface SetOptions {
  /** False takes the node away and keeps the data for later. Default true. */
  state?: boolean | undefined
  /** Milliseconds until the call rejects; what is wanted stays wanted. Default: two session timeouts. */
  timeout?: number | undefined
  signal?: AbortSignal | undefined
}

export interface UnsetOptions {
  /** Deletes a data node whoever wrote it. Default false: only what this registry wrote. */
  force?: boolean
}

type Entry =
  | { readonly kind: 'node'; readonly registration: Registration; data: NodeData }
  | { readonly kind: 'data'; bytes: Uint8Array }

export class RegistrationBook {
  readonly #link: Link
  readonly #warn: (error: unknown) => void
  readonly #entries = new Map<string, Entry>()

  constructor(link: Link, warn: (error: unknown) => void) {
    this.#link = link
    this.#warn = warn
  }

  async setNode(path: string, data: NodeData, options: SetOptions): Promise<void> {
    this.#check(path, 'setNode')
    const bytes = encode(data)
    checkSize(path, bytes, this.#link)
    const entry = this.#node(path)
    const { state = true } = options
    // Equal data keeps the bytes, and with them the time of writing.
    const { wanted } = entry.registration
    const same = wanted.kind === 'present' && holds(decode(wanted.data), data)
    entry.data = data
    const present = { kind: 'present' as const, data: same ? wanted.data : bytes }
    await this.#patiently(entry.registration, options, () =>
      entry.registration.want(state ? present : { kind: 'absent' }),
    )
  }

  async setData(path: string, data: NodeData, options: SetOptions): Promise<void> {
    this.#check(path, 'setData')
    const present = this.#entries.get(path)
    if (present?.kind === 'node') throw typeConflict(path, 'setNode')
    const bytes = encode(data)
    checkSize(path, bytes, this.#link)
    if (options.state === false) {
      await this.unset(path, {})
      return
    }
    if (holds(await this.#read(path), data)) return
    await writeData(this.#link.zk, path, bytes, this.#link.acl)
    this.#entries.set(path, { kind: 'data', bytes })
  }

  /** True if the path is free of what this registry wrote; false if something of somebody else stands there. */
  async unset(path: string, { force = false }: UnsetOptions): Promise<boolean> {
    this.#check(path, 'unset')
    const entry = this.#entries.get(path)
    if (entry?.kind === 'node') {
      await this.#patiently(entry.registration, {}, () => entry.registration.want({ kind: 'absent' }))
      entry.registration.stop()
      this.#entries.delete(path)
      return this.#isFree(path)
    }
    if (entry === undefined && !force) return this.#isFree(path)
    const removed = await removeData(this.#link.zk, path, force ? null : (entry?.bytes ?? null))
    this.#entries.delete(path)
    return removed
  }

  stop(): void {
    for (const entry of this.#entries.values()) if (entry.kind === 'node') entry.registration.stop()
    this.#entries.clear()
  }

  #check(path: string, what: string): void {
    validatePath(path)
    this.#link.checkWritable(`${what} ${path}`)
  }

  #node(path: string): Extract<Entry, { kind: 'node' }> {
    const present = this.#entries.get(path)
    if (present?.kind === 'data') throw typeConflict(path, 'setData')
    if (present !== undefined) return present
    const registration = new Registration(this.#link.zk, path, {
      acl: () => this.#link.acl,
      wasOurs: sessionId => this.#link.wasOurs(sessionId),
      warning: this.#warn,
    })
    const entry = { kind: 'node' as const, registration, data: null }
    this.#entries.set(path, entry)
    return entry
  }

  async #isFree(path: string): Promise<boolean> {
    return (await this.#link.zk.exists(path)) === null
  }

  async #read(path: string): Promise<ReturnType<typeof decode>> {
    try {
      return decode((await this.#link.zk.get(path)).data)
    } catch (error) {
      if (ZooKeeperError.is(error, 'NO_NODE') || ZooKeeperError.is(error, 'NO_AUTH')) return null
      throw error
    }
  }

  /** A caller waits a bounded time; the registration goes on in the background. */
  #patiently(registration: Registration, options: SetOptions, task: () => Promise<void>): Promise<void> {
    const { timeout = this.#link.zk.sessionTimeout * 2, signal } = options
    const late = (): Error => {
      if (!registration.blocked) return new NoConnectionError()
      const message = `${registration.path} is held by another session; the registration waits for it to go`
      return new ServiceRegistryError('OWNED_BY_OTHER', message, { path: registration.path })
    }
    return withDeadline(systemClock, timeout, late, signal, task)
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
