// Random programs: single commands, and short scenes that random commands would seldom play.
import fc from 'fast-check'
import { OpCode } from '../../protocol/opcodes.ts'
import { cutShort, oddities, orderly, questions, reads, watches, writes } from './calls.ts'
import type { Call, Command, Field, Program } from './program.ts'
import { LOGINS, livelyPath } from './values.ts'

const session = fc.integer({ min: 0, max: 2 })
const call = (session: number, opcode: number, request: Call['request']): Command => ({
  do: 'call',
  session,
  call: { opcode, request },
})

const anyCall = fc.oneof(
  { weight: 24, arbitrary: writes },
  { weight: 12, arbitrary: reads },
  { weight: 8, arbitrary: watches },
  { weight: 1, arbitrary: questions },
  { weight: 1, arbitrary: cutShort },
  { weight: 1, arbitrary: oddities },
)

function command<T extends Command>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>
}

const login = command<Command & { do: 'login' }>({
  do: fc.constant('login'),
  session,
  scheme: fc.oneof(
    { weight: 10, arbitrary: fc.constant('digest') },
    { weight: 1, arbitrary: fc.constantFrom('ip', 'world', 'auth', 'super', 'sasl', 'x509', '', 'nobody') },
  ),
  auth: fc.constantFrom(...LOGINS),
})

const reconnect = command<Command & { do: 'reconnect' }>({
  do: fc.constant('reconnect'),
  session,
  how: fc.constantFrom('drop', 'takeOver'),
  password: fc.oneof(
    { weight: 8, arbitrary: fc.constant('right' as const) },
    { weight: 1, arbitrary: fc.constantFrom('wrong', 'short', 'none') },
  ),
  seen: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(-1, 0, 1) },
    { weight: 1, arbitrary: fc.constant(1000) },
  ),
  timeOut: fc.constantFrom(30_000, 2 ** 31 - 1),
})

const single: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 40,
    arbitrary: command<Command & { do: 'call' }>({ do: fc.constant('call'), session, call: anyCall }),
  },
  {
    weight: 3,
    arbitrary: command<Command & { do: 'pipeline' }>({
      do: fc.constant('pipeline'),
      session,
      calls: fc.array(orderly, { minLength: 2, maxLength: 8 }),
    }),
  },
  { weight: 3, arbitrary: login },
  { weight: 3, arbitrary: reconnect },
  { weight: 1, arbitrary: command<Command & { do: 'close' }>({ do: fc.constant('close'), session }) },
  { weight: 1, arbitrary: command<Command & { do: 'expire' }>({ do: fc.constant('expire'), session }) },
)

const OPEN: Field = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const creation = (path: string, data: string | null, flags = 0): Call['request'] => ({
  path,
  data,
  acl: OPEN,
  flags,
})

/** A quota on the root or on a child of it, by hand, in either order of its two znodes. */
const quotaScene = fc
  .record({
    target: fc.constantFrom('~', '~/a'),
    limits: fc.constantFrom(
      'count=3,bytes=9',
      'count=9,bytes=-1=;byteHardLimit=8;countHardLimit=4',
      'countHardLimit=2',
    ),
    statsFirst: fc.boolean(),
    at: session,
  })
  .map(({ target, limits, statsFirst, at }) => {
    const base = `/zookeeper/quota${target}`
    const parents = target === '~' ? [base] : ['/zookeeper/quota~', base]
    const nodes: [string, string | null][] = [
      [`${base}/zookeeper_limits`, limits],
      [`${base}/zookeeper_stats`, ''],
    ]
    if (statsFirst) nodes.reverse()
    return [
      ...parents.map(path => call(at, OpCode.create, creation(path, null))),
      ...nodes.map(([path, data]) => call(at, OpCode.create, creation(path, data))),
    ]
  })

/** The connection of a watcher breaks, others go on, and the watches are armed again. */
const awayScene = fc
  .tuple(
    session,
    reconnect,
    fc.array(single, { maxLength: 3 }),
    fc.array(livelyPath, { maxLength: 3 }),
    session,
  )
  .map(([at, again, between, paths, seen]): Command[] => [
    ...between,
    { ...again, session: at, password: 'right', seen: 0 },
    call(at, OpCode.setWatches2, {
      relativeZxid: 4 + seen * 3,
      dataWatches: paths,
      existWatches: paths.slice(1),
      childWatches: paths,
      persistentWatches: paths.slice(0, 1),
      persistentRecursiveWatches: paths.slice(1),
    }),
  ])

/** Ephemerals with an audience, and then their end. */
const ephemeralScene = fc
  .tuple(session, session, livelyPath, fc.constantFrom('close' as const, 'expire' as const))
  .map(([owner, other, path, end]): Command[] => [
    call(owner, OpCode.create, creation(path, null)),
    call(owner, OpCode.create2, creation(`${path}/e`, 'x', 1)),
    call(owner, OpCode.create, creation(`${path}/s`, null, 3)),
    call(other, OpCode.getChildren, { path, watch: true }),
    call(other, OpCode.exists, { path: `${path}/e`, watch: true }),
    { do: end, session: owner },
  ])

const scene: fc.Arbitrary<Command[]> = fc.oneof(
  { weight: 20, arbitrary: single.map(one => [one]) },
  { weight: 1, arbitrary: quotaScene },
  { weight: 1, arbitrary: awayScene },
  { weight: 1, arbitrary: ephemeralScene },
)

/** How far a hard quota is used up, ZooKeeper sees with a delay: then nothing may be under way. */
function oneByOne(command: Command): Command[] {
  if (command.do !== 'pipeline') return [command]
  return command.calls.map(call => ({ do: 'call', session: command.session, call }))
}

/** `longest`: in scenes, of which most are a single command. */
export function programs(longest: number): fc.Arbitrary<Program> {
  return fc.array(scene, { minLength: 1, maxLength: longest, size: 'max' }).map(scenes => {
    const commands = scenes.flat()
    const limited = JSON.stringify(commands).includes('/zookeeper_limits')
    return { sessions: 3, commands: limited ? commands.flatMap(oneByOne) : commands }
  })
}
