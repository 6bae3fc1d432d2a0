// A lock that all clients want: held for a moment, with writes behind its guard.
import type { Tenure } from '../../../src/recipes/index.ts'
import { Semaphore } from '../../../src/recipes/index.ts'
import { GUARDED } from '../checks/locks.ts'
import type { Held, Moment } from '../history.ts'
import { Recorder } from '../recorder.ts'
import { LOCK } from './places.ts'
import type { Loop, Player } from './player.ts'
import { REQUEST_TIMEOUT, seenWritten } from './player.ts'

/** Milliseconds at most. */
const WAIT = 4000
const HOLD = 250
const LOOK = 15
const DOUBT = 10_000
const PAUSE = 100

export const locks: Loop = async (player, signal) => {
  const semaphore = new Semaphore(player.zk, LOCK)
  while (!signal.aborted) {
    const wait = player.chance(0.2) ? 0 : player.random() * WAIT
    const invoked = player.recorder.moment()
    // One try is as long as the servers take while there is a link to them.
    const limit = wait === 0 ? 20 * REQUEST_TIMEOUT : wait
    const plan = { name: 'acquire', composite: true, limit }
    const tenure = await player.perform(plan, () => semaphore.acquire({ wait }))
    if (tenure !== null) await hold(player, tenure, invoked)
    await player.pause(PAUSE, signal)
  }
}

async function hold(player: Player, tenure: Tenure, invoked: Moment): Promise<void> {
  const { recorder } = player
  const acquired = recorder.moment()
  const held: Held = {
    client: player.name,
    sessionId: player.zk.sessionId,
    token: tenure.fencingToken,
    invoked,
    acquired,
    lastHeld: acquired.at,
    lost: null,
    ended: null,
  }
  recorder.history.helds.push(held)
  const note = (): void => {
    held.lost ??= recorder.moment()
  }
  if (tenure.signal.aborted) note()
  tenure.signal.addEventListener('abort', note, { once: true })
  const end = acquired.at + player.random() * HOLD * (player.chance(0.2) ? 10 : 1)
  // Whoever is in doubt holds on: that is where a loss would come too late.
  const stays = (): boolean => Recorder.now() < end || (!tenure.certain && Recorder.now() < end + DOUBT)
  while (stays() && !tenure.signal.aborted) {
    // The time first: whoever is stopped behind the question has asked then.
    const at = Recorder.now()
    if (!tenure.held) break
    held.lastHeld = at
    if (player.chance(0.2)) void writeGuarded(player, tenure)
    await player.pause(LOOK, tenure.signal)
  }
  held.ended = recorder.moment()
  await player.perform({ name: 'release', composite: true, limit: Number.POSITIVE_INFINITY }, () =>
    tenure.release(),
  )
}

async function writeGuarded(player: Player, tenure: Tenure): Promise<void> {
  const value = `0x${tenure.fencingToken.toString(16)} ${player.recorder.id()}`
  const writes = [{ path: GUARDED, value, expected: null }]
  await player.perform(
    { name: 'guarded', writes, composite: true, limit: REQUEST_TIMEOUT },
    () => tenure.guard(player.zk.transaction()).set(GUARDED, value).commit(),
    results =>
      results.flatMap(result => (result.type === 'set' ? [seenWritten(GUARDED, value, result.stat)] : [])),
  )
}
