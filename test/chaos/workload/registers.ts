// Reads and writes of registers: plain, by version, repeated, given up, behind a barrier, many at once.
import { setOnce } from '../../../protocol/index.ts'
import { BARRIER, REGISTERS } from './places.ts'
import type { Loop, Player } from './player.ts'
import { REQUEST_TIMEOUT, seenData, seenWritten } from './player.ts'

/** Between two of them, in milliseconds at most. */
const PAUSE = 25
const SHORT = 400

export const registers: Loop = async (player, signal) => {
  const versions = new Map<string, number>()
  while (!signal.aborted) {
    await act(player, player.pick(REGISTERS), versions)
    await player.pause(PAUSE, signal)
  }
}

async function act(player: Player, path: string, versions: Map<string, number>): Promise<void> {
  const known = versions.get(path)
  const dice = player.random()
  if (dice < 0.2) await write(player, path, null)
  else if (dice < 0.45) {
    if (known !== undefined) await write(player, path, known)
    await read(player, path, versions)
  } else if (dice < 0.55) {
    if (known !== undefined) await writeOnce(player, path, known)
    await read(player, path, versions)
  } else if (dice < 0.75) await read(player, path, versions)
  else if (dice < 0.87) await readBehind(player, path, 'sync')
  else if (dice < 0.93) await readBehind(player, path, 'write')
  else await burst(player, versions)
}

/** Some have little time, and some are given up by their caller. */
function limits(player: Player): { limit: number; options: { timeout?: number; signal?: AbortSignal } } {
  const short = player.random() * SHORT
  if (player.chance(0.1)) return { limit: short, options: { timeout: short } }
  if (player.chance(0.05)) return { limit: short, options: { signal: AbortSignal.timeout(Math.ceil(short)) } }
  return { limit: REQUEST_TIMEOUT, options: {} }
}

async function write(player: Player, path: string, expected: number | null): Promise<void> {
  const id = player.recorder.id()
  const { limit, options } = limits(player)
  const version = expected ?? -1
  await player.perform(
    { id, name: expected === null ? 'set' : 'cas', writes: [{ path, value: id, expected }], limit },
    () => player.zk.set(path, id, { ...options, version }),
    stat => [seenWritten(path, id, stat)],
  )
}

async function writeOnce(player: Player, path: string, expected: number): Promise<void> {
  const id = player.recorder.id()
  await player.perform(
    {
      id,
      name: 'setOnce',
      writes: [{ path, value: id, expected }],
      composite: true,
      limit: 20 * REQUEST_TIMEOUT,
    },
    () => setOnce(player.zk, path, id, { version: expected }),
    stat => [seenWritten(path, id, stat)],
  )
}

async function read(player: Player, path: string, versions: Map<string, number>): Promise<void> {
  const { limit, options } = limits(player)
  const found = await player.perform(
    { name: 'get', limit },
    () => player.zk.get(path, options),
    ({ data, stat }) => [seenData(path, data, stat)],
  )
  if (found !== null) versions.set(path, found.stat.version)
}

/** It began with the barrier, and ends with the read. */
async function readBehind(player: Player, path: string, barrier: 'sync' | 'write'): Promise<void> {
  const { zk, recorder } = player
  const operation = recorder.begin(player.name, zk, { name: 'get', barrier, limit: 2 * REQUEST_TIMEOUT })
  try {
    if (barrier === 'sync') await zk.sync(path)
    else await zk.set(BARRIER, '')
  } catch (error) {
    recorder.fail(operation, error)
    return
  }
  await player.settle(operation, zk.get(path), ({ data, stat }) => [seenData(path, data, stat)])
}

/** Without waiting for each other: their answers come in the order in which they were asked. */
async function burst(player: Player, versions: Map<string, number>): Promise<void> {
  const all: Promise<void>[] = []
  for (let i = 0; i < 8; i++) {
    const path = player.pick(REGISTERS)
    all.push(
      player.chance(0.4)
        ? write(player, path, null)
        : player.chance(0.2)
          ? readBehind(player, path, 'sync')
          : read(player, path, versions),
    )
  }
  await Promise.all(all)
}
