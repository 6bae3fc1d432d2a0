// Ephemeral znodes that are created at once go in a few transactions: that costs the server, and us, far less.
import type { Acl, ZooKeeperView } from '../../protocol/index.ts'
import { InvalidArgumentError, InvalidPathError, MultiError } from '../../protocol/index.ts'
import type { Deferred } from '../../protocol/support/deferred.ts'
import { deferred } from '../../protocol/support/deferred.ts'

/** One transaction holds up the others of the server while it is executed, so it stays small. */
const MOST = { operations: 100, bytes: 128 * 1024 }
const EPHEMERAL = { mode: 'ephemeral' } as const

interface Creation extends Deferred<void> {
  readonly path: string
  readonly data: Uint8Array
  readonly acl: readonly Acl[] | undefined
}

/** What the creations need of the registry's connection. */
export interface CreationsPort {
  readonly zk: ZooKeeperView
  /** Runs the task when what is asked for in this turn of the event loop has been asked for. */
  defer(task: () => void): void
}

/**
 * What is asked for in one turn of the event loop is created together. Each creation has its own outcome all the same: a
 * transaction that the server refuses was not executed, and then each of its znodes is created for itself.
 */
export class Creations {
  readonly #port: CreationsPort
  #waiting: Creation[] = []
  #bytes = 0

  constructor(port: CreationsPort) {
    this.#port = port
  }

  /** Errors: those of `create`; on connection loss CONNECTION_LOSS with `mayHaveApplied`. */
  create(path: string, data: Uint8Array, acl: readonly Acl[] | undefined): Promise<void> {
    const creation = { ...deferred<void>(), path, data, acl }
    const bytes = data.length + path.length
    if (this.#bytes + bytes > MOST.bytes) this.#send()
    if (this.#waiting.length === 0) this.#port.defer(() => this.#send())
    this.#waiting.push(creation)
    this.#bytes += bytes
    if (this.#waiting.length >= MOST.operations) this.#send()
    return creation.promise
  }

  #send(): void {
    const creations = this.#waiting
    this.#waiting = []
    this.#bytes = 0
    const [first] = creations
    if (first === undefined) return
    if (creations.length === 1) this.#alone(first)
    else void this.#together(creations)
  }

  async #together(creations: readonly Creation[]): Promise<void> {
    try {
      const transaction = this.#port.zk.transaction()
      for (const { path, data, acl } of creations) transaction.create(path, data, optionsOf(acl))
      await transaction.commit()
    } catch (error) {
      for (const creation of creations) {
        if (isRefused(error)) this.#alone(creation)
        else creation.reject(error)
      }
      return
    }
    for (const creation of creations) creation.resolve()
  }

  #alone({ path, data, acl, resolve, reject }: Creation): void {
    this.#port.zk.create(path, data, optionsOf(acl)).then(() => resolve(), reject)
  }
}

/** Nothing was executed, because one of many is in the way: which one, shows by itself. */
function isRefused(error: unknown): boolean {
  return (
    error instanceof MultiError || error instanceof InvalidPathError || error instanceof InvalidArgumentError
  )
}

function optionsOf(acl: readonly Acl[] | undefined): { mode: 'ephemeral'; acl?: readonly Acl[] } {
  return acl === undefined ? EPHEMERAL : { acl, ...EPHEMERAL }
}
