// What the tests of the recipes share: a branch of the tree, contenders in it, and what is left there.
import type { ZooKeeper, ZooKeeperOptions } from '../../../protocol/index.ts'
import type { SemaphoreOptions } from '../../../src/recipes/index.ts'
import { Semaphore } from '../../../src/recipes/index.ts'
import type { FaultProxy } from '../../../src/testing/index.ts'
import { eventually } from '../../support/eventually.ts'
import { client, freshChroot } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { proxied } from '../protocol/support.ts'

/** A session that no pause of the machine ends, and no link of it, in milliseconds. */
const LASTING = 30_000

export const LOCK = '/lock'
export const GUARD = '/lock-__lock__'

export interface Contender {
  readonly zk: ZooKeeper
  readonly proxy: FaultProxy
  readonly semaphore: Semaphore
}

export interface Arena {
  readonly witness: ZooKeeper
  /** host:port/chroot. */
  readonly servers: string
  /** A client of its own behind a proxy of its own, with a semaphore at LOCK. */
  contender(options?: SemaphoreOptions, zooKeeper?: ZooKeeperOptions): Promise<Contender>
  /** The names below the pool and below the guard. */
  leases(): Promise<readonly string[]>
  guards(): Promise<readonly string[]>
  /** Waits until nobody holds anything and nobody waits. */
  empty(): Promise<void>
}

export async function arena(t: Test, at: string): Promise<Arena> {
  const chroot = await freshChroot(t, at)
  const servers = `${at}${chroot}`
  const witness = await client(t, servers)
  const names = async (path: string): Promise<readonly string[]> =>
    (await witness.getChildren(path).catch(() => ({ children: [] }))).children
  return {
    witness,
    servers,
    contender: async (options = {}, zooKeeper = {}) => {
      const made = await proxied(t, at, { sessionTimeout: LASTING, ...zooKeeper })
      // The proxy takes no chroot, so the view stands for it.
      return { ...made, semaphore: new Semaphore(made.zk.chroot(chroot), LOCK, options) }
    },
    leases: () => names(LOCK),
    guards: () => names(GUARD),
    empty: () =>
      eventually('nothing is left', async () => {
        return (await names(LOCK)).length === 0 && (await names(GUARD)).length === 0
      }).then(() => {}),
  }
}

/** Waits until so many stand in line. */
export async function inLine({ guards }: Arena, count: number): Promise<void> {
  await eventually(`${count} in line`, async () => (await guards()).length === count)
}
