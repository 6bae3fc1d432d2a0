// Hard quotas: a write that would go over one is refused, where the server enforces them.
import type { Quota, QuotaView } from '../quotas.ts'
import { limitsPath, parseQuota, statsPath } from '../quotas.ts'
import { refuse } from '../refusal.ts'
import type { Transaction } from '../transaction.ts'
import type { World } from '../world.ts'

/** `bytes` and `count` are what the write adds. Soft limits are for a server's log, which this one has not. */
export function demandQuota(
  world: World,
  txn: Transaction,
  path: string,
  { bytes, count }: { readonly bytes: number; readonly count: number },
): void {
  if (!world.settings.enforceQuota) return
  const view = txn.quotas ?? quotasOf(world)
  const target = view.above(path)
  const quota = target === null ? null : view.of(target)
  if (quota === null) return
  const limits = quota.limits ?? refuse('MARSHALLING_ERROR')
  const judged = [
    { adds: count, soft: limits.count, hard: limits.countHardLimit, name: 'count' },
    // Less than before is still refused while it is too much.
    { adds: bytes, soft: limits.bytes, hard: limits.byteHardLimit, name: 'bytes' },
  ] as const
  for (const { adds, soft, hard, name } of judged) {
    if (adds === 0 || (soft < 0 && hard < 0)) continue
    const used = quota.used ?? refuse('MARSHALLING_ERROR')
    if (used === 'not counted') return
    if (hard >= 0 && used[name] + adds > hard) refuse('QUOTA_EXCEEDED')
  }
}

/** All operations of a multi are held against what was there before the first of them. */
export function freezeQuotas(world: World, txn: Transaction): void {
  const paths = world.tree.quotas
  if (!world.settings.enforceQuota || paths.size === 0) return
  const [frozen, now] = [paths.copy(), quotasOf(world)]
  const quotas = new Map([...frozen].map(target => [target, now.of(target)]))
  txn.quotas = { above: path => frozen.above(path), of: target => quotas.get(target) ?? null }
}

function quotasOf({ tree }: World): QuotaView {
  return {
    above: path => tree.quotas.above(path),
    of(target): Quota | null {
      const [limits, stats] = [tree.get(limitsPath(target)), tree.get(statsPath(target))]
      if (limits === undefined) return null
      const used = stats === undefined ? 'not counted' : parseQuota(stats.data)
      return { limits: parseQuota(limits.data), used }
    },
  }
}
