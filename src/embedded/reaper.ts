// The reaper: deletes containers that were left empty and znodes whose time to live is over.
import type { World } from './world.ts'
import type { Znode } from './znode.ts'
import { childCount } from './znode.ts'

/** Deletes what is due, each in a transaction of its own; returns how many znodes went. */
export function reap(world: World): number {
  const { tree } = world
  let count = 0
  for (const path of [...tree.reapable]) {
    const node = tree.get(path)
    if (node === undefined || !isDue(world, node)) continue
    world.transact(txn => tree.delete(txn, path))
    count++
  }
  return count
}

function isDue(world: World, node: Znode): boolean {
  if (childCount(node) > 0) return false
  switch (node.owner.kind) {
    case 'ttl':
      return world.time - node.mtime > node.owner.ttl
    case 'container': {
      if (node.creates > 0) return true
      const { containerMaxNeverUsed } = world.settings
      return containerMaxNeverUsed > 0 && world.time - node.ctime > containerMaxNeverUsed
    }
    default:
      return false
  }
}
