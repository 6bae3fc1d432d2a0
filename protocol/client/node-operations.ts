// The operations on single znodes, as seen from a chroot.
import type { CreateMode, CreateModeFacts } from '../create-mode.ts'
import { InvalidArgumentError, PacketTooLargeError, ZooKeeperError } from '../errors.ts'
import type { Operation } from '../operations.ts'
import { operations } from '../operations.ts'
import { CONFIG, intoChroot, outOfChroot, parentOf, validatePath } from '../paths.ts'
import type { GetAclReply } from '../records/access.ts'
import type { GetChildren2Reply } from '../records/children.ts'
import type { Acl, Stat } from '../records/data.ts'
import type { Create2Reply, CreateRequest, GetDataReply, ReadRequest } from '../records/nodes.ts'
import type { Watcher } from '../session/watch-table.ts'
import { withDeadline } from '../support/abort.ts'
import { checkAcl, ownAcl } from './acl.ts'
import type { Data } from './arguments.ts'
import { checkedMode, checkedTtl, checkedVersion, ownBytes, toBytes } from './arguments.ts'
import type { ClientCore } from './core.ts'
import type { RequestOptions } from './options.ts'
import { checkRequestOptions } from './options.ts'
import { Transaction } from './transaction.ts'
import { deleteTree, ensurePath } from './trees.ts'

export interface ReadOptions extends RequestOptions {
  /**
   * Called once, at the next change, before any reply that shows it. Survives reconnects and new sessions. One function given
   * several times for a znode is one watch, through views of other chroots one for each, as the paths of their events differ.
   */
  watch?: Watcher | undefined
}

export interface CreateOptions extends RequestOptions {
  /** Default `persistent`. */
  mode?: CreateMode
  /** Default: the client's `acl`. */
  acl?: readonly Acl[]
  /** Creates missing parents, persistent and empty. */
  parents?: boolean
  /** Milliseconds to live without children or changes, for the TTL modes. */
  ttl?: number
}

export interface VersionOptions extends RequestOptions {
  /** The version that must be there; default -1, any. */
  version?: number
}

export interface DeleteOptions extends VersionOptions {
  /** Deletes what is below it first. */
  recursive?: boolean
}

const NONE: RequestOptions = {}

export class NodeOperations {
  readonly #core: ClientCore
  readonly #chroot: string

  constructor(core: ClientCore, chroot: string) {
    this.#core = core
    this.#chroot = chroot
  }

  /**
   * Creates a znode, with data and ACL as they are at the call, and tells its path, which differs from `path` for
   * sequential modes.
   * Errors: NODE_EXISTS, NO_NODE (the parent), NO_AUTH, NO_CHILDREN_FOR_EPHEMERALS, INVALID_ACL, QUOTA_EXCEEDED.
   * On connection loss: CONNECTION_LOSS with `mayHaveApplied`; the znode may exist.
   */
  create(path: string, data: Data = null, options: CreateOptions = NONE): Promise<Create2Reply> {
    return this.#attempt(() => {
      if (options.parents !== true) return this.#create(path, data, options)
      // What is asked for now, and not what the caller makes of it between the attempts.
      const { acl = this.#core.acl } = options
      const own = { ...options, acl: ownAcl(acl) }
      const bytes = ownBytes(data)
      return this.#whole('create', options, inner =>
        this.#createWithParents(path, bytes, { ...own, ...inner }),
      )
    })
  }

  async #createWithParents(path: string, data: Data, options: CreateOptions): Promise<Create2Reply> {
    try {
      return await this.#create(path, data, options)
    } catch (error) {
      if (!ZooKeeperError.is(error, 'NO_NODE')) throw error
    }
    await this.ensurePath(parentOf(path), options)
    return this.#create(path, data, options)
  }

  async #create(path: string, data: Data, options: CreateOptions): Promise<Create2Reply> {
    const { acl = this.#core.acl } = options
    const facts = checkedMode(options.mode)
    validatePath(path, facts.sequential)
    checkAcl(acl)
    const serverPath = intoChroot(this.#chroot, path, facts.sequential)
    const request = { path: serverPath, data: this.#bytes(data, path, 'create'), acl, flags: facts.flags }
    const created = await this.#submitCreate(facts.kind, request, path, options)
    return { path: outOfChroot(this.#chroot, created.path), stat: created.stat }
  }

  #submitCreate(
    kind: CreateModeFacts['kind'],
    request: CreateRequest,
    path: string,
    options: CreateOptions,
  ): Promise<Create2Reply> {
    if (kind === 'ttl') {
      const body = { ...request, ttl: checkedTtl(options.ttl) }
      return this.#core.submit(operations.createTTL, body, path, request.path, null, options)
    }
    const row = kind === 'container' ? operations.createContainer : operations.create
    return this.#core.submit(row, request, path, request.path, null, options)
  }

  /**
   * Data and Stat of a znode; the data is the caller's own. Errors: NO_NODE, NO_AUTH. Repeated by itself after a
   * connection loss.
   */
  get(path: string, options: ReadOptions = NONE): Promise<GetDataReply> {
    return this.#read(operations.getData, path, options)
  }

  /** The Stat, or null where there is no znode; `watch` then waits for its creation. Errors: NO_AUTH. */
  exists(path: string, options: ReadOptions = NONE): Promise<Stat | null> {
    return this.#read(operations.exists, path, options)
  }

  /** The names of the children, in no particular order, and the Stat. Errors: NO_NODE, NO_AUTH. */
  getChildren(path: string, options: ReadOptions = NONE): Promise<GetChildren2Reply> {
    return this.#read(operations.getChildren, path, options)
  }

  /**
   * Takes back the watches of a callback on a path that have not fired, whichever view they were set through. At once here;
   * on the server with the last callback, in the background.
   */
  removeWatch(path: string, callback: Watcher): void {
    validatePath(path)
    checkCallback(callback)
    const serverPath = intoChroot(this.#chroot, path)
    for (const watcher of this.#core.callbacks.watchersOn(serverPath, callback)) {
      this.#core.persistentWatches.forget(serverPath, watcher)
    }
    // That one is told of under its whole path, whatever the chroot is.
    if (path === CONFIG) this.#core.persistentWatches.forget(CONFIG, callback)
  }

  /**
   * Replaces the data, as it is at the call. Errors: NO_NODE, BAD_VERSION, NO_AUTH, QUOTA_EXCEEDED.
   * On connection loss: CONNECTION_LOSS with `mayHaveApplied`.
   */
  set(path: string, data: Data, options: VersionOptions = NONE): Promise<Stat> {
    return this.#call(operations.setData, path, options, serverPath => ({
      path: serverPath,
      data: this.#bytes(data, path, 'setData'),
      version: checkedVersion(options.version),
    }))
  }

  /**
   * Deletes a znode. Errors: NO_NODE, BAD_VERSION, NOT_EMPTY, NO_AUTH; BAD_ARGUMENTS for `/`, also in a chroot, whose
   * znode is deleted from without. `recursive` deletes from the leaves up, not as one transaction; its `version` is that
   * of the top.
   */
  delete(path: string, options: DeleteOptions = NONE): Promise<void> {
    if (options.recursive === true) return this.#deleteTree(path, options)
    return this.#call(operations.delete, path, options, serverPath => ({
      path: path === '/' ? path : serverPath,
      version: checkedVersion(options.version),
    }))
  }

  #deleteTree(path: string, options: VersionOptions): Promise<void> {
    return this.#attempt(() => {
      validatePath(path)
      const version = checkedVersion(options.version)
      // Not when all that is below it has gone already.
      if (path === '/') throw new ZooKeeperError('BAD_ARGUMENTS', { path, operation: 'delete' })
      return this.#whole('delete', options, inner => deleteTree(this, path, { version, ...inner }))
    })
  }

  getAcl(path: string, options: RequestOptions = NONE): Promise<GetAclReply> {
    return this.#call(operations.getACL, path, options, serverPath => ({ path: serverPath }))
  }

  /** Replaces the ACL; `version` is compared with the aversion. Errors: NO_NODE, BAD_VERSION, NO_AUTH, INVALID_ACL. */
  setAcl(path: string, acl: readonly Acl[], options: VersionOptions = NONE): Promise<Stat> {
    return this.#call(operations.setACL, path, options, serverPath => {
      checkAcl(acl)
      return { path: serverPath, acl, version: checkedVersion(options.version) }
    })
  }

  /** Resolves when this server has caught up with the leader: reads after it see what was written before it. */
  async sync(path: string, options: RequestOptions = NONE): Promise<void> {
    await this.#call(operations.sync, path, options, serverPath => ({ path: serverPath }))
  }

  /**
   * Creates a path with all its parents, persistent and empty; what exists is left as it is. In a chroot, `/` is the
   * chroot itself. `timeout` bounds the whole.
   */
  ensurePath(path: string, options: RequestOptions & { acl?: readonly Acl[] } = NONE): Promise<void> {
    return this.#attempt(() => {
      validatePath(path)
      // From the root of the server, because the chroot may be missing itself.
      const root = this.#chroot === '' ? this : new NodeOperations(this.#core, '')
      const whole = intoChroot(this.#chroot, path)
      const { acl = this.#core.acl } = options
      const own = { ...options, acl: ownAcl(acl) }
      return this.#whole('ensurePath', options, inner => ensurePath(root, whole, { ...own, ...inner }))
    })
  }

  /** Several operations, all executed or none. */
  transaction(): Transaction {
    const { acl, maxRequestSize } = this.#core
    return new Transaction({
      chroot: this.#chroot,
      acl,
      maxRequestSize,
      submit: (request, options) =>
        this.#core.submit(operations.multi, request, undefined, '', null, options),
    })
  }

  #read<Reply>(operation: Operation<ReadRequest, Reply>, path: string, options: ReadOptions): Promise<Reply> {
    try {
      validatePath(path)
      const serverPath = intoChroot(this.#chroot, path)
      const watcher = options.watch === undefined ? null : this.#watcher(options.watch)
      const request = { path: serverPath, watch: watcher !== null }
      const reply = this.#core.submit(operation, request, path, serverPath, watcher, options)
      if (watcher !== null) this.#core.persistentWatches.restore(serverPath)
      return reply
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** One request about one path, without a watch. */
  #call<Request, Reply>(
    operation: Operation<Request, Reply>,
    path: string,
    options: RequestOptions,
    requestFor: (serverPath: string) => Request,
  ): Promise<Reply> {
    return this.#attempt(() => {
      validatePath(path)
      const serverPath = intoChroot(this.#chroot, path)
      return this.#core.submit(operation, requestFor(serverPath), path, serverPath, null, options)
    })
  }

  /** What is wrong with the arguments is a rejection, not an exception: there is one way to fail. */
  #attempt<T>(task: () => Promise<T>): Promise<T> {
    try {
      return task()
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Bounds an operation that is made of several by its `timeout`; each of them has the client's own. */
  #whole<T>(
    operation: string,
    { signal, timeout = Number.POSITIVE_INFINITY }: RequestOptions,
    task: (inner: RequestOptions) => Promise<T>,
  ): Promise<T> {
    checkRequestOptions({ signal, timeout })
    if (timeout === Number.POSITIVE_INFINITY) return task({ signal, timeout: undefined })
    const late = (): Error => new ZooKeeperError('REQUEST_TIMEOUT', { operation })
    return withDeadline(this.#core.clock, timeout, late, signal, inner =>
      task({ signal: inner, timeout: undefined }),
    )
  }

  #watcher(callback: Watcher): Watcher {
    checkCallback(callback)
    return this.#core.callbacks.watcherOf(callback, this.#chroot)
  }

  #bytes(data: Data, path: string, operation: string): Uint8Array | null {
    const bytes = toBytes(data)
    const size = (bytes?.length ?? 0) + path.length
    if (size > this.#core.maxRequestSize) {
      throw new PacketTooLargeError(size, this.#core.maxRequestSize, { path, operation })
    }
    return bytes
  }
}

function checkCallback(callback: unknown): void {
  if (typeof callback !== 'function') throw new InvalidArgumentError('watch', 'a function', callback)
}
