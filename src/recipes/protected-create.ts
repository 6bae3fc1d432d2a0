// Creating a sequential ephemeral znode exactly once, although the answer may be lost: the name carries a GUID.
import type { Acl, Stat, ZooKeeperView } from '../../protocol/index.ts'
import { childOf, nameOf, ZooKeeperError } from '../../protocol/index.ts'
import { delay } from '../../protocol/support/abort.ts'
import { Backoff } from '../../protocol/support/backoff.ts'
import { systemClock } from '../../protocol/support/clock.ts'
import { childrenOf } from './children.ts'
import { deleteForCertain, isPassing, isSessionOver, persistently } from './persistence.ts'

export interface ProtectedInput {
  readonly parent: string
  /** Unique to this attempt and part of `prefix`. */
  readonly guid: string
  /** The name up to the sequence number. */
  readonly prefix: string
  readonly data: Uint8Array
  readonly acl: readonly Acl[] | undefined
}

export interface Created {
  readonly path: string
  readonly name: string
  readonly sessionId: bigint
  readonly stat: Stat
}

/** `stat`: of the ephemeral znode as it was created. */
export function createdAs(path: string, stat: Stat): Created {
  return { path, name: nameOf(path), sessionId: stat.ephemeralOwner, stat }
}

/**
 * After a lost answer it syncs, so that a server that lags behind cannot hide the znode, and looks for the GUID
 * before it creates again (CURATOR-45, CURATOR-498). When it gives up, the znode is looked for and deleted in the
 * background. Missing parents are created. Errors: those of `create`, SESSION_EXPIRED, or the signal's reason.
 */
export async function createProtected(
  zk: ZooKeeperView,
  input: ProtectedInput,
  signal?: AbortSignal,
): Promise<Created> {
  const backoff = new Backoff({ base: 50, cap: 5000 })
  let ambiguous = false
  try {
    for (;;) {
      try {
        const found = ambiguous ? await find(zk, input, signal) : undefined
        if (found !== undefined) return found
        return await create(zk, input, signal)
      } catch (error) {
        ambiguous ||= mayExist(error)
        if (!isPassing(error)) throw error
      }
      await delay(systemClock, backoff.next(), signal)
    }
  } catch (error) {
    // An aborted call says nothing of what the server did with it.
    if (ambiguous || !ZooKeeperError.is(error)) void removeGhost(zk, input)
    throw error
  }
}

async function create(zk: ZooKeeperView, input: ProtectedInput, signal?: AbortSignal): Promise<Created> {
  const { parent, prefix, data, acl } = input
  const options = acl === undefined ? {} : { acl }
  const attempt = (): Promise<{ path: string; stat: Stat }> =>
    zk.create(childOf(parent, prefix), data, { ...options, mode: 'ephemeralSequential', signal })
  const { path, stat } = await attempt().catch(async error => {
    if (!ZooKeeperError.is(error, 'NO_NODE')) throw error
    await persistently(() => zk.ensurePath(parent, { ...options, signal }), signal)
    return attempt()
  })
  return createdAs(path, stat)
}

/** Ours is what carries the GUID and belongs to this session; what a dying session left is none. */
async function find(
  zk: ZooKeeperView,
  { parent, guid }: ProtectedInput,
  signal?: AbortSignal,
): Promise<Created | undefined> {
  await zk.sync(parent, { signal })
  const children = await childrenOf(zk, parent, { signal })
  for (const name of children.filter(child => child.includes(guid))) {
    const path = childOf(parent, name)
    const stat = await zk.exists(path, { signal })
    if (stat !== null && stat.ephemeralOwner === zk.sessionId) return createdAs(path, stat)
  }
  return undefined
}

async function removeGhost(zk: ZooKeeperView, input: ProtectedInput): Promise<void> {
  try {
    const found = await persistently(() => find(zk, input))
    if (found !== undefined) await deleteForCertain(zk, found.path, found.sessionId)
  } catch (error) {
    // With the session the znode goes too; without permission nothing can be done from here.
    if (!isSessionOver(error) && !ZooKeeperError.is(error)) throw error
  }
}

function mayExist(error: unknown): boolean {
  return ZooKeeperError.is(error) ? error.mayHaveApplied : true
}
