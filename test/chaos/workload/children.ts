// Children that come and go below the watched znode, and lists of them.

import { deleteOnce } from '../../../protocol/index.ts'
import { WATCHED } from './places.ts'
import type { Loop, Player } from './player.ts'
import { REQUEST_TIMEOUT, seenChildren } from './player.ts'

const PAUSE = 150

export const children: Loop = async (player, signal) => {
  while (!signal.aborted) {
    if (player.chance(0.3)) await list(player)
    else await comeAndGo(player)
    await player.pause(PAUSE, signal)
  }
}

async function list(player: Player): Promise<void> {
  await player.perform(
    { name: 'list', limit: REQUEST_TIMEOUT },
    () => player.zk.getChildren(WATCHED),
    ({ stat }) => [seenChildren(WATCHED, stat)],
  )
}

/** The name is nobody else's: it can exist only if the same request was executed before. */
async function comeAndGo(player: Player): Promise<void> {
  const path = `${WATCHED}/t-${player.recorder.id()}`
  const limit = REQUEST_TIMEOUT
  const plan = { name: 'create', composite: true, impossible: ['NODE_EXISTS', 'NO_NODE'], limit }
  const made = await player.perform(plan, () => player.zk.create(path))
  if (made === null) return
  const impossible = ['NO_NODE', 'BAD_VERSION', 'NOT_EMPTY']
  if (player.chance(0.5)) {
    await player.perform({ name: 'delete', impossible, limit }, () => player.zk.delete(path))
    return
  }
  const once = { name: 'deleteOnce', composite: true, impossible, limit: 20 * REQUEST_TIMEOUT }
  await player.perform(once, () => deleteOnce(player.zk, path, { version: 0 }))
}
