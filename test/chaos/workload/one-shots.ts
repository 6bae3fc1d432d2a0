// One-shot watches on registers and on the list of children, some of them taken back.
import type { Stat, Watcher } from '../../../protocol/index.ts'
import type { OneShot, Operation, Seen } from '../history.ts'
import { REGISTERS, WATCHED } from './places.ts'
import type { Loop, Player } from './player.ts'
import { REQUEST_TIMEOUT, seenChildren, seenData } from './player.ts'

const PAUSE = 80

interface Armed {
  readonly watch: OneShot
  readonly path: string
  readonly watcher: Watcher
}

export const oneShots: Loop = async (player, signal) => {
  const armed: Armed[] = []
  while (!signal.aborted) {
    armed.push(arm(player))
    if (armed.length > 20) armed.shift()
    if (player.chance(0.1)) remove(player, player.pick(armed))
    await player.pause(PAUSE, signal)
  }
}

/** Nobody waits for the answer: the next one may be asked before. */
function arm(player: Player): Armed {
  const dice = player.random()
  const children = dice < 0.2
  const path = children ? WATCHED : player.pick(REGISTERS)
  const { zk, recorder } = player
  const watch: OneShot = {
    id: recorder.id(),
    client: player.name,
    path: children ? `${path}#children` : path,
    armed: null,
    removed: null,
    fired: [],
  }
  recorder.history.oneShots.push(watch)
  const watcher: Watcher = event => {
    watch.fired.push({ ...recorder.moment(), type: event.type, path: event.path })
  }
  const options = { watch: watcher }
  const operation = recorder.begin(player.name, zk, { name: 'watch', limit: REQUEST_TIMEOUT })
  const settle = <T>(promise: Promise<T>, see: (value: T) => Seen[]): void => {
    void player.settle(operation, promise, see).then(() => noteArmed(watch, operation))
  }
  if (children) settle(zk.getChildren(path, options), ({ stat }) => [seenChildren(path, stat)])
  else if (dice < 0.6) settle(zk.get(path, options), ({ data, stat }) => [seenData(path, data, stat)])
  else settle(zk.exists(path, options), stat => seenStat(path, stat))
  return { watch, path, watcher }
}

/** Without the data, only its version; a value of nobody would be a lie. */
function seenStat(path: string, stat: Stat | null): Seen[] {
  return stat === null
    ? []
    : [{ path: `${path}#stat`, value: null, version: stat.version, mzxid: stat.mzxid }]
}

function noteArmed(watch: OneShot, { outcome }: Operation): void {
  if (outcome.kind !== 'ok') return
  const version = outcome.seen[0]?.version ?? -1
  watch.armed = { at: outcome.at, seq: outcome.seq, version }
}

function remove(player: Player, { watch, path, watcher }: Armed): void {
  player.zk.removeWatch(path, watcher)
  watch.removed ??= player.recorder.moment()
}
