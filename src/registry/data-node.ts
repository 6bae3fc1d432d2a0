// A persistent node that is written once for each new value, and then left to whoever changes it next.
import { Buffer } from 'node:buffer'
import type { Acl, ZooKeeperView } from '../../protocol/index.ts'
import { ZooKeeperError } from '../../protocol/index.ts'
import { persistently } from '../recipes/persistence.ts'
import { withParents } from './parents.ts'

/**
 * Creates the node or replaces its data; repeated until the outcome is known, because writing the same bytes
 * again does no harm. Errors: NO_AUTH and others that do not pass.
 */
export async function writeData(
  zk: ZooKeeperView,
  path: string,
  data: Uint8Array,
  acl: readonly Acl[] | undefined,
): Promise<void> {
  const options = acl === undefined ? {} : { acl }
  await persistently(async () => {
    for (;;) {
      try {
        await zk.set(path, data)
        return
      } catch (error) {
        if (!ZooKeeperError.is(error, 'NO_NODE')) throw error
      }
      try {
        await withParents(zk, path, acl, () => zk.create(path, data, options))
        return
      } catch (error) {
        if (!ZooKeeperError.is(error, 'NODE_EXISTS')) throw error
      }
    }
  })
}

/** Deletes the node, with what it holds as the condition: another writer's value is not ours to remove. */
export async function removeData(
  zk: ZooKeeperView,
  path: string,
  written: Uint8Array | null,
): Promise<boolean> {
  return persistently(async () => {
    try {
      const { data, stat } = await zk.get(path)
      if (written !== null && (data === null || Buffer.compare(data, written) !== 0)) return false
      await zk.delete(path, { version: stat.version })
      return true
    } catch (error) {
      if (ZooKeeperError.is(error, 'NO_NODE')) return true
      if (ZooKeeperError.is(error, 'BAD_VERSION') && written !== null) return false
      throw error
    }
  })
}
