// Standing in line: each contender holds a numbered znode and watches only the one just before its own.
import { randomUUID } from 'node:crypto'
import type { Acl, Watcher, ZooKeeperView } from '../../protocol/index.ts'
import { childOf, isTerminal, ZooKeeperError } from '../../protocol/index.ts'
import { childrenOf } from './children.ts'
import { deleteForCertain } from './persistence.ts'
import type { Created } from './protected-create.ts'
import { createProtected } from './protected-create.ts'
import { checkSequence, contendersOf, sequenceOf } from './sequence.ts'
import { changed } from './wait.ts'

/** Whose names count. The Python clients write hex digits, the word, and the number. */
export interface LineProfile {
  /** Name of our znode up to the number, for a GUID of 32 hex digits. */
  prefix(guid: string): string
  /** Words before the number that make a child a contender. */
  readonly words: readonly string[]
}

export const kazooLock: LineProfile = { prefix: guid => `${guid}__lock__`, words: ['__lock__'] }

export interface LineOptions {
  readonly parent: string
  readonly profile: LineProfile
  readonly data: Uint8Array
  readonly acl?: readonly Acl[] | undefined
  readonly signal?: AbortSignal | undefined
  /** True: do not wait when somebody is in front. */
  readonly once: boolean
}

/** Our turn; `leave` ends it, for certain. */
export interface Turn {
  readonly node: Created
  leave(): Promise<void>
}

/**
 * Takes a place and waits for its turn; null when `once` and somebody is in front. A place is lost with its session:
 * then a new one is taken, at the end. Errors: those of the operations, or the signal's reason; nothing is left behind.
 */
export async function takeTurn(zk: ZooKeeperView, options: LineOptions): Promise<Turn | null> {
  for (;;) {
    const node = await takePlace(zk, options)
    const leave = (): Promise<void> => deleteForCertain(zk, node.path, node.sessionId)
    try {
      const outcome = await awaitTurn(zk, node, options)
      if (outcome === 'first') return { node, leave }
      await leave()
      if (outcome === 'blocked') return null
    } catch (error) {
      void leave().catch(() => {})
      throw error
    }
  }
}

async function takePlace(zk: ZooKeeperView, options: LineOptions): Promise<Created> {
  const { parent, profile, data, acl, signal } = options
  for (;;) {
    const guid = randomUUID().replaceAll('-', '')
    try {
      return await createProtected(zk, { parent, guid, prefix: profile.prefix(guid), data, acl }, signal)
    } catch (error) {
      // The next session gives a place of its own.
      if (!ZooKeeperError.is(error, 'SESSION_EXPIRED') || isTerminal(zk.state)) throw error
    }
  }
}

type Outcome = 'first' | 'blocked' | 'placeLost'

async function awaitTurn(zk: ZooKeeperView, node: Created, options: LineOptions): Promise<Outcome> {
  const { parent, profile, signal } = options
  const mine = sequenceOf(node.name) ?? -1
  checkSequence(node.path, mine)
  for (;;) {
    if (zk.sessionId !== node.sessionId) return 'placeLost'
    const children = await childrenOf(zk, parent, { signal })
    // A node that a dying session left stands in the list still, but it is not ours any more.
    if (!children.includes(node.name) || zk.sessionId !== node.sessionId) return 'placeLost'
    const before = contendersOf(children, profile.words).filter(
      ({ name, sequence }) =>
        name !== node.name && (sequence < mine || (sequence === mine && name < node.name)),
    )
    const predecessor = before.at(-1)
    if (predecessor === undefined) return 'first'
    if (options.once) return 'blocked'
    const ahead = childOf(parent, predecessor.name)
    await changed(zk, ahead, signal, watch => present(zk, ahead, watch, signal))
  }
}

/** Reads instead of asking for existence: a read of a missing znode leaves no watch behind. */
async function present(
  zk: ZooKeeperView,
  path: string,
  watch: Watcher,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    await zk.get(path, { watch, signal })
    return true
  } catch (error) {
    if (ZooKeeperError.is(error, 'NO_NODE')) return false
    throw error
  }
}
