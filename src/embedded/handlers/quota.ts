// Hard quotas: a write that would go over one is refused, where the server enforces them.
import { limitsPath, parseQuota, statsPath } from '../quotas.ts'
import { refuse } from '../refusal.ts'
import type { World } from '../world.ts'

/** `bytes` and `count` are what the write adds. Soft limits are for a server's log, which this one has not. */
export function demandQuota(world: World, path: string, bytes: number, count: number): void {
  if (!world.settings.enforceQuota) return
  const { tree } = world
  const target = tree.quotas.above(path)
  if (target === null) return
  const [limits, stats] = [tree.get(limitsPath(target)), tree.get(statsPath(target))]
  if (limits === undefined || stats === undefined) return
  const { countHardLimit, byteHardLimit } = parseQuota(limits.data)
  const used = parseQuota(stats.data)
  if (count > 0 && countHardLimit > -1 && used.count + count > countHardLimit) refuse('QUOTA_EXCEEDED')
  if (bytes > 0 && byteHardLimit > -1 && used.bytes + bytes > byteHardLimit) refuse('QUOTA_EXCEEDED')
}
