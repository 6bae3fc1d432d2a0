// Ephemeral znodes, some of which are deleted again.

import { EPHEMERALS } from './places.ts'
import type { Loop, Player } from './player.ts'
import { REQUEST_TIMEOUT } from './player.ts'

const PAUSE = 400
const MOST = 10

export const ephemerals: Loop = async (player, signal) => {
  while (!signal.aborted) {
    const mine = [...player.ephemerals].filter(([, session]) => session === player.zk.sessionId)
    if (mine.length >= MOST || (mine.length > 0 && player.chance(0.3)))
      await remove(player, player.pick(mine)[0])
    else await create(player)
    await player.pause(PAUSE, signal)
  }
}

async function create(player: Player): Promise<void> {
  const path = `${EPHEMERALS}/${player.recorder.id()}`
  const plan = {
    name: 'ephemeral',
    composite: true,
    impossible: ['NODE_EXISTS', 'NO_NODE'],
    limit: REQUEST_TIMEOUT,
  }
  const made = await player.perform(plan, () => player.zk.create(path, null, { mode: 'ephemeral' }))
  if (made !== null) player.ephemerals.set(path, made.stat.ephemeralOwner)
}

/** Whatever becomes of it, nobody counts on the znode any more. */
async function remove(player: Player, path: string): Promise<void> {
  player.ephemerals.delete(path)
  await player.perform({ name: 'delete', limit: REQUEST_TIMEOUT }, () => player.zk.delete(path))
}
