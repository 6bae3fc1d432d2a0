// The znodes that a run is about.
import type { ZooKeeper } from '../../../protocol/index.ts'
import { GUARDED } from '../checks/locks.ts'
import { INITIAL } from '../checks/registers.ts'
import type { History } from '../history.ts'

/** Watched as a whole. */
export const WATCHED = '/w'
export const REGISTERS: readonly string[] = ['/w/r0', '/w/r1', '/w/r2', '/w/r3']
export const PAIR: readonly [string, string] = ['/w/x', '/w/y']
/** All that is written below the watched znode. */
export const WRITTEN: readonly string[] = [...REGISTERS, ...PAIR, GUARDED]
export const EPHEMERALS = '/e'
/** Written by those who want to be sure that a read sees what was there before. */
export const BARRIER = '/barrier'
export const LOCK = '/lock'

export async function makePlaces(zk: ZooKeeper, history: History): Promise<void> {
  for (const path of [EPHEMERALS, BARRIER, WATCHED]) await zk.create(path)
  for (const path of WRITTEN) await zk.create(path, INITIAL)
  history.registers.push(...WRITTEN)
  history.pairs.push([...PAIR])
}
