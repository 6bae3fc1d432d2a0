// Operations on whole branches of the tree, made of single ones.
import { ZooKeeperError } from '../errors.ts'
import { childOf, parentOf } from '../paths.ts'
import type { Acl } from '../records/data.ts'
import type { RequestOptions } from './options.ts'

/** The single operations that the branches are made of. */
export interface TreePort {
  create(path: string, data: string, options: RequestOptions & { acl?: readonly Acl[] }): Promise<unknown>
  delete(path: string, options: RequestOptions & { version?: number }): Promise<void>
  getChildren(path: string, options: RequestOptions): Promise<{ readonly children: readonly string[] }>
}

type Deleting = Pick<TreePort, 'delete' | 'getChildren'> & Pick<Gate, 'fail' | 'check'>

/** How often a branch in which others keep creating is gone through. */
const MOST_ROUNDS = 10
/** Children that are deleted at the same time, and requests of a deletion that are made at the same time. */
const AT_ONCE = 64

/** Tries the deepest level first: usually its parents are there. */
export async function ensurePath(
  port: TreePort,
  path: string,
  options: RequestOptions & { acl?: readonly Acl[] },
): Promise<void> {
  if (path === '/') return
  const { signal, timeout, acl } = options
  const create = (): Promise<unknown> =>
    port.create(path, '', acl === undefined ? { signal, timeout } : { signal, timeout, acl })
  try {
    await create()
  } catch (error) {
    if (ZooKeeperError.is(error, 'NODE_EXISTS')) return
    if (!ZooKeeperError.is(error, 'NO_NODE')) throw error
    await ensurePath(port, parentOf(path), options)
    await ignoring('NODE_EXISTS', create())
  }
}

/**
 * Deletes the leaves first. Children that appear meanwhile are deleted too, a bounded number of times. With the first
 * failure no request is begun any more, and it rejects when those under way are over: nothing is deleted behind it.
 */
export function deleteTree(
  port: TreePort,
  path: string,
  options: RequestOptions & { version?: number },
): Promise<void> {
  const gate = new Gate(AT_ONCE)
  const gated: Deleting = {
    delete: (at, how) => gate.pass(() => port.delete(at, how)),
    getChildren: (at, how) => gate.pass(() => port.getChildren(at, how)),
    fail: error => gate.fail(error),
    check: () => gate.check(),
  }
  return deleteBranch(gated, path, options)
}

async function deleteBranch(
  port: Deleting,
  path: string,
  options: RequestOptions & { version?: number },
): Promise<void> {
  const { signal, timeout, version = -1 } = options
  for (let round = 1; ; round++) {
    const { children } = await port.getChildren(path, { signal, timeout })
    for (let i = 0; i < children.length; i += AT_ONCE) {
      const batch = children.slice(i, i + AT_ONCE)
      const tasks = batch.map(name => deleteBranch(port, childOf(path, name), { signal, timeout }))
      await Promise.all(tasks.map(task => ignoring('NO_NODE', task).catch(port.fail)))
      port.check()
    }
    try {
      return await port.delete(path, { signal, timeout, version })
    } catch (error) {
      if (!ZooKeeperError.is(error, 'NOT_EMPTY') || round === MOST_ROUNDS) throw error
    }
  }
}

/** Lets a number of requests be made at a time. The newest goes first: a branch is done with before the next is begun. */
class Gate {
  #free: number
  readonly #waiting: (() => void)[] = []
  #failure: { readonly error: unknown } | null = null

  constructor(places: number) {
    this.#free = places
  }

  async pass<T>(request: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>(resolve => this.#waiting.push(resolve))
    try {
      this.check()
      return await request()
    } finally {
      const next = this.#waiting.pop()
      if (next === undefined) this.#free++
      else next()
    }
  }

  /** Lets nothing through any more. */
  fail(error: unknown): void {
    this.#failure ??= { error }
  }

  check(): void {
    if (this.#failure !== null) throw this.#failure.error
  }
}

async function ignoring(code: 'NO_NODE' | 'NODE_EXISTS', task: Promise<unknown>): Promise<void> {
  try {
    await task
  } catch (error) {
    if (!ZooKeeperError.is(error, code)) throw error
  }
}
