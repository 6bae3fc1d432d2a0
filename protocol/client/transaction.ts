// A transaction: operations collected one by one and executed all together, or not at all.
import type { CreateMode } from '../create-mode.ts'
import { errorCodeOf } from '../error-codes.ts'
import { InvalidArgumentError, PacketTooLargeError, ZooKeeperError } from '../errors.ts'
import { OpCode } from '../opcodes.ts'
import { intoChroot, outOfChroot, validatePath } from '../paths.ts'
import type { Acl, Stat } from '../records/data.ts'
import type { MultiOperation, MultiOutcome, MultiReply, MultiRequest } from '../records/multi.ts'
import { checkAcl } from './acl.ts'
import type { Data } from './arguments.ts'
import { checkedMode, checkedTtl, checkedVersion, toBytes } from './arguments.ts'
import type { RequestOptions } from './options.ts'

export type TransactionResult =
  /** `stat`: null before ZooKeeper 3.7, whose transactions tell it for containers and TTL nodes alone. */
  | { readonly type: 'create'; readonly path: string; readonly stat: Stat | null }
  | { readonly type: 'set'; readonly stat: Stat }
  | { readonly type: 'delete' }
  | { readonly type: 'check' }

/** What became of one operation of a refused transaction: `undone` if it was fine itself, and taken back with the rest. */
export type MultiErrorResult =
  | { readonly type: 'undone' }
  | { readonly type: 'error'; readonly error: ZooKeeperError }

/** A transaction that the server refused: nothing of it was executed. */
export class MultiError extends ZooKeeperError {
  override readonly name: string = 'MultiError'
  /** Index of the operation that failed. */
  readonly index: number
  /** One error per operation: undefined for those before the failing one. */
  readonly errors: readonly (ZooKeeperError | undefined)[]
  /** The same as one result for each operation; those behind the failing one have RUNTIME_INCONSISTENCY: not tried. */
  readonly results: readonly MultiErrorResult[]

  constructor(index: number, errors: readonly (ZooKeeperError | undefined)[]) {
    const failed = errors[index] as ZooKeeperError
    const { code, path, number } = failed
    const message = `operation ${index} of the transaction failed: ${failed.message}`
    super(code, { path, number, operation: 'multi', message, cause: failed })
    this.index = index
    this.errors = errors
    this.results = errors.map(error => (error === undefined ? { type: 'undone' } : { type: 'error', error }))
  }
}

export interface TransactionPort {
  readonly chroot: string
  readonly acl: readonly Acl[]
  readonly maxRequestSize: number
  submit(request: MultiRequest, options: RequestOptions): Promise<MultiReply>
}

export interface TransactionCreateOptions {
  mode?: CreateMode
  acl?: readonly Acl[]
  /** Milliseconds, for the TTL modes. */
  ttl?: number
}

interface Item {
  readonly path: string
  readonly name: string
  readonly operation: MultiOperation
}

export class Transaction {
  readonly #port: TransactionPort
  readonly #items: Item[] = []
  #committed = false

  constructor(port: TransactionPort) {
    this.#port = port
  }

  /** How many operations were added. */
  get length(): number {
    return this.#items.length
  }

  create(path: string, data: Data = null, options: TransactionCreateOptions = {}): this {
    const { acl = this.#port.acl } = options
    const facts = checkedMode(options.mode)
    validatePath(path, facts.sequential)
    checkAcl(acl)
    const inside = intoChroot(this.#port.chroot, path, facts.sequential)
    const request = { path: inside, data: toBytes(data), acl, flags: facts.flags }
    if (facts.kind === 'ttl') {
      const ttl = checkedTtl(options.ttl)
      return this.#add(path, 'create', { opcode: OpCode.createTTL, request: { ...request, ttl } })
    }
    const opcode = facts.kind === 'container' ? OpCode.createContainer : OpCode.create2
    return this.#add(path, 'create', { opcode, request })
  }

  set(path: string, data: Data, options: { version?: number } = {}): this {
    validatePath(path)
    const version = checkedVersion(options.version)
    const request = { path: this.#inside(path), data: toBytes(data), version }
    return this.#add(path, 'setData', { opcode: OpCode.setData, request })
  }

  /** The root cannot be deleted: `/` fails with BAD_ARGUMENTS at the commit, also in a chroot. */
  delete(path: string, options: { version?: number } = {}): this {
    validatePath(path)
    const inside = path === '/' ? path : this.#inside(path)
    const request = { path: inside, version: checkedVersion(options.version) }
    return this.#add(path, 'delete', { opcode: OpCode.delete, request })
  }

  /** Lets the transaction fail unless the znode exists and has the version (-1: any). */
  check(path: string, version = -1): this {
    validatePath(path)
    const request = { path: this.#inside(path), version: checkedVersion(version) }
    return this.#add(path, 'check', { opcode: OpCode.check, request })
  }

  /**
   * Executes the operations and tells the result of each, in their order. Without operations: an empty list,
   * and nothing is sent. Errors: a MultiError with the index of the operation that failed.
   * On connection loss: CONNECTION_LOSS with `mayHaveApplied`; all of it was executed, or nothing.
   */
  async commit(options: RequestOptions = {}): Promise<TransactionResult[]> {
    if (this.#committed)
      throw new InvalidArgumentError('transaction', 'one that was not committed before', this)
    this.#committed = true
    if (this.#items.length === 0) return []
    this.#checkSize()
    const operations = this.#items.map(item => item.operation)
    const { outcomes } = await this.#port.submit({ operations }, options)
    this.#throwFailure(outcomes)
    return outcomes.map(outcome => this.#result(outcome))
  }

  #checkSize(): void {
    let size = 0
    for (const { path, operation } of this.#items) {
      size += path.length + ('data' in operation.request ? (operation.request.data?.length ?? 0) : 0)
    }
    if (size > this.#port.maxRequestSize) {
      throw new PacketTooLargeError(size, this.#port.maxRequestSize, { operation: 'multi' })
    }
  }

  /** The header of a failed multi says nothing of it: only the items do. */
  #throwFailure(outcomes: readonly MultiOutcome[]): void {
    const failed = outcomes.findIndex(outcome => outcome.type === 'error' && outcome.err !== 0)
    if (failed === -1) return
    const errors = outcomes.map((outcome, i) => {
      if (outcome.type !== 'error' || outcome.err === 0) return undefined
      const { path, name } = this.#items[i] ?? { path: undefined, name: 'multi' }
      return new ZooKeeperError(errorCodeOf(outcome.err), { path, operation: name, number: outcome.err })
    })
    throw new MultiError(failed, errors)
  }

  #result(outcome: MultiOutcome): TransactionResult {
    switch (outcome.type) {
      case 'create':
        return { ...outcome, path: outOfChroot(this.#port.chroot, outcome.path) }
      case 'setData':
        return { type: 'set', stat: outcome.stat }
      case 'delete':
      case 'check':
        return outcome
      default:
        throw new ZooKeeperError('MARSHALLING_ERROR', { operation: 'multi', mayHaveApplied: true })
    }
  }

  #add(path: string, name: string, operation: MultiOperation): this {
    this.#items.push({ path, name, operation })
    return this
  }

  #inside(path: string): string {
    return intoChroot(this.#port.chroot, path)
  }
}
