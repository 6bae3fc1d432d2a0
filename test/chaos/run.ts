// One run: clients play, the nemesis breaks things, then all is quiet, and the history is checked.
import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionCredentials } from '../../protocol/index.ts'
import { randomOf } from '../support/random.ts'
import { check } from './checks/all.ts'
import { checkOneShots } from './checks/one-shots.ts'
import { checkSessions } from './checks/sessions.ts'
import { checkStreams } from './checks/streams.ts'
import { ChildCrew } from './child-crew.ts'
import type { Counts, Played } from './counts.ts'
import { missingIn } from './counts.ts'
import type { History, Violation } from './history.ts'
import { emptyHistory, merge } from './history.ts'
import { Links } from './nemesis/links.ts'
import { torment } from './nemesis/nemesis.ts'
import { Recorder } from './recorder.ts'
import type { Target } from './targets/target.ts'
import { Witness } from './witness.ts'
import type { Crew, CrewOptions } from './workload/crew.ts'
import { LocalCrew } from './workload/crew.ts'

export interface RunOptions {
  readonly target: Target
  readonly seed: number
  /** Longer, up to a limit, while less has happened than `least`. */
  readonly seconds: number
  readonly least?: Partial<Counts>
  /** Clients at a time in this process, and in processes that can be stopped, one in each. */
  readonly clients: number
  readonly processes: number
}

export interface RunResult extends Played {
  readonly violations: readonly Violation[]
}

/** Milliseconds. */
const LONGEST_WAIT = 20_000
const QUIET = 30_000
const SETTLED = 15_000
const POLL = 200

export async function run(options: RunOptions): Promise<RunResult> {
  const { target, seed } = options
  const base = emptyHistory()
  const chroot = `/chaos-${seed}-${Date.now().toString(36)}`
  const witness = await Witness.summon(target, chroot, base)
  const seats: Links[] = []
  let crews: Crews | undefined
  try {
    for (let i = 0; i < options.clients + options.processes; i++) seats.push(await Links.to(target))
    crews = startCrews(options, seats, chroot)
    const { local, children } = crews
    await Promise.all(children.map(child => child.started()))
    const random = randomOf(seed)
    const sessions = (): SessionCredentials[] => local.sessions
    const played = (parts: readonly History[]): Played => ({
      history: whole(base, parts),
      connections: seats.reduce((sum, links) => sum + links.accepted, 0),
    })
    const soFar = async (): Promise<Played> => played(await reports([local, ...children]))
    const over = new AbortController()
    const scene = { target, seats, processes: children, history: base, random, over: over.signal, sessions }
    await Promise.all([torment(scene), tormented(over, options, soFar)]).finally(() => over.abort())
    const { least = {} } = options
    await until(async () => missingIn(await soFar(), least).length === 0)
    const result = played(await wrapUp(base, [local, ...children], witness))
    return { ...result, violations: check(result.history) }
  } finally {
    for (const child of crews?.children ?? []) child.kill()
    // Of a run that broke off, too, nobody plays on.
    await crews?.local.close()
    await witness.close()
    for (const links of seats) await links[Symbol.asyncDispose]()
  }
}

/** Aborts `over` when the time is up and enough was broken. What else lacks then comes sooner when all is whole. */
async function tormented(
  over: AbortController,
  { seconds, least = {} }: RunOptions,
  soFar: () => Promise<Played>,
): Promise<void> {
  const { faults = 0, reconnects = 0 } = least
  await sleep(seconds * 1000, undefined, { signal: over.signal })
  const isEnough = async (): Promise<boolean> => missingIn(await soFar(), { faults, reconnects }).length === 0
  await until(async () => over.signal.aborted || (await isEnough()))
  over.abort()
}

/** Resolves when it is so, or when it has taken too long. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = Recorder.now() + LONGEST_WAIT
  while (Recorder.now() < end && !(await isSo())) await sleep(POLL)
}

function reports(crews: readonly Crew[]): Promise<History[]> {
  return Promise.all(crews.map(crew => crew.report()))
}

/** All is quiet, then looked at, then closed: what everybody wrote down. */
async function wrapUp(base: History, crews: readonly Crew[], witness: Witness): Promise<History[]> {
  await settle(base, crews, witness)
  await witness.look(base)
  const parts = await Promise.all(crews.map(crew => crew.close()))
  await witness.close()
  return [witness.recorder.history, ...parts]
}

interface Crews {
  readonly local: LocalCrew
  readonly children: readonly ChildCrew[]
}

function startCrews(
  { clients, seed, target: { sessionTimeout } }: RunOptions,
  seats: readonly Links[],
  chroot: string,
): Crews {
  const crew = (process: string, links: readonly Links[], first: number): CrewOptions => ({
    process,
    sessionTimeout,
    seed: seed + first,
    seats: links.map(({ connectString }, i) => ({
      name: `${process}-${i}`,
      connectString: connectString + chroot,
      // The first two stay for the whole run.
      passing: i >= 2,
    })),
  })
  const local = new LocalCrew(crew('main', seats.slice(0, clients), 0))
  const others = seats.slice(clients)
  const children = others.map((links, i) => new ChildCrew(crew(`child${i}`, [links], 1000 + i)))
  return { local, children }
}

/** Waits until all was answered and all watches told of the last changes; what is missing then is missing. */
async function settle(base: History, crews: readonly Crew[], witness: Witness): Promise<void> {
  await Promise.all(crews.map(crew => crew.quiet(QUIET)))
  await witness.touch(base)
  const end = Recorder.now() + SETTLED
  for (;;) {
    // A look takes its time after a long run: the last one is no older than the end.
    const isLast = Recorder.now() > end
    base.ephemerals = await witness.ephemerals()
    const history = whole(base, await reports(crews))
    merge(history, { ...emptyHistory(), operations: witness.recorder.history.operations })
    base.alive = history.alive
    const missing = [...checkOneShots(history), ...checkStreams(history), ...checkSessions(history)]
    if (missing.length === 0 || isLast) return
    await sleep(POLL)
  }
}

/** What all wrote down, with what is known of the whole. */
function whole(base: History, parts: readonly History[]): History {
  const { registers, pairs, blindSpots, condemned, faults, ephemerals } = base
  const history = { ...emptyHistory(), registers, pairs, blindSpots, condemned, faults, ephemerals }
  for (const part of parts) merge(history, part)
  return history
}
