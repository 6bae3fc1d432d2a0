// Transactions on two registers, some of which cannot succeed.
import type { Transaction, TransactionResult } from '../../../protocol/index.ts'
import { commitOnce } from '../../../protocol/index.ts'
import type { Seen } from '../history.ts'
import { PAIR } from './places.ts'
import type { Loop, Player } from './player.ts'
import { REQUEST_TIMEOUT, seenData, seenWritten } from './player.ts'

const PAUSE = 60
const NOBODY = '/missing'

export const pairs: Loop = async (player, signal) => {
  while (!signal.aborted) {
    const dice = player.random()
    if (dice < 0.5) await commit(player, transaction => transaction, false)
    else if (dice < 0.6) await commit(player, transaction => transaction.check(NOBODY), true)
    else if (dice < 0.7) await commit(player, transaction => transaction.delete(NOBODY), true)
    else if (dice < 0.8) await commitRepeated(player)
    else await read(player, player.pick(PAIR))
    await player.pause(PAUSE, signal)
  }
}

async function commit(
  player: Player,
  more: (transaction: Transaction) => Transaction,
  doomed: boolean,
): Promise<void> {
  const id = player.recorder.id()
  const transaction = player.zk.transaction()
  for (const path of PAIR) transaction.set(path, id)
  const writes = PAIR.map(path => ({ path, value: id, expected: null }))
  await player.perform(
    { id, name: 'multi', writes, doomed, composite: true, limit: REQUEST_TIMEOUT },
    () => more(transaction).commit(),
    results => seenBy(results, id),
  )
}

/** Repeated by the client until its fate is known; without results, it was executed and they were lost. */
async function commitRepeated(player: Player): Promise<void> {
  const id = player.recorder.id()
  const writes = PAIR.map(path => ({ path, value: id, expected: null }))
  const limit = 20 * REQUEST_TIMEOUT
  const plan = { id, name: 'commitOnce', writes, composite: true, limit }
  await player.perform(
    plan,
    async () => {
      const results = await commitOnce(player.zk, transaction => {
        for (const path of PAIR) transaction.set(path, id)
      })
      if (results === null) throw new Error('executed, and the results are lost')
      return results
    },
    results => seenBy(results, id),
  )
}

function seenBy(results: readonly TransactionResult[], value: string): Seen[] {
  return results.flatMap((one, i) => (one.type === 'set' ? [seenWritten(PAIR[i]!, value, one.stat)] : []))
}

async function read(player: Player, path: string): Promise<void> {
  await player.perform(
    { name: 'get', limit: REQUEST_TIMEOUT },
    () => player.zk.get(path),
    ({ data, stat }) => [seenData(path, data, stat)],
  )
}
