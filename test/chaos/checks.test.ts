// The checks of a history: each refuses what it is for, and nothing in a history that is sound.
import { t } from '../tap.ts'
import { check } from './checks/all.ts'
import { GUARDED } from './checks/locks.ts'
import type { Held, History, OneShot, Operation, Outcome, Plan, Seen, StreamEvent } from './history.ts'
import { emptyHistory } from './history.ts'
import { historyFromText, historyToText } from './serial.ts'

const A = '/w/a'

/** Made by hand: each operation takes from `at` to `at + 5`. */
class Tale {
  readonly history: History = emptyHistory()
  #ids = 0

  constructor() {
    this.history.registers.push(A)
    for (const client of ['one', 'two'])
      this.history.lives.push({ client, process: 'p', closed: { at: 9000, seq: 9000, took: 1 } })
  }

  add(at: number, client: string, plan: Partial<Plan>, outcome: Partial<Outcome>): Operation {
    const end = { at: at + 5, seq: at + 5 }
    const none: object = { generation: 1, seen: [], maybe: false, code: 'CONNECTION_LOSS' }
    const defaults = { writes: [], barrier: 'none', doomed: false, composite: false, impossible: [] } as const
    const operation: Operation = {
      name: 'op',
      limit: 1000,
      ...defaults,
      ...plan,
      id: `${this.#ids++}`,
      client,
      invoked: { at, seq: at },
      generation: 1,
      outcome: { ...none, ...end, ...outcome } as Outcome,
    }
    this.history.operations.push(operation)
    return operation
  }

  write(at: number, value: string, version: number, more: { client?: string; expected?: number } = {}): this {
    const { client = 'one', expected = null } = more
    const plan = { writes: [{ path: A, value, expected }] }
    this.add(at, client, plan, { kind: 'ok', seen: [seen(value, version)] })
    return this
  }

  fail(
    at: number,
    value: string,
    maybe: boolean,
    code = 'CONNECTION_LOSS',
    expected: number | null = null,
  ): this {
    this.add(at, 'one', { writes: [{ path: A, value, expected }] }, { kind: 'failed', code, maybe })
    return this
  }

  read(at: number, value: string, version: number, barrier: Plan['barrier'] = 'none', client = 'two'): this {
    this.add(at, client, { barrier }, { kind: 'ok', seen: [seen(value, version)] })
    return this
  }
}

function seen(value: string | null, version: number, path = A): Seen {
  return { path, value, version, mzxid: BigInt(100 + version) }
}

function rules(history: History): string[] {
  return [...new Set(check(history).map(({ rule }) => rule))].sort()
}

function sound(): Tale {
  return new Tale()
    .read(0, 'initial', 0)
    .write(10, 'x', 1)
    .fail(20, 'y', true)
    .read(30, 'y', 2)
    .write(40, 'z', 3)
}

t.test('chaos checks: a sound history has nothing to refuse, also after its way as text', async t => {
  const { history } = sound()
  t.same(rules(history), [])
  t.same(historyFromText(historyToText(history)), history)
})

const registers: readonly (readonly [string, () => Tale, string])[] = [
  [
    'an acknowledged write is lost',
    () => sound().write(50, 'lost', 4).read(60, 'z', 3),
    'acknowledged and gone',
  ],
  [
    'an acknowledged write is nowhere',
    () => {
      const tale = sound()
      tale.add(50, 'one', { writes: [{ path: A, value: 'n', expected: null }] }, { kind: 'ok' })
      return tale.read(60, 'z', 3)
    },
    'acknowledged and not there',
  ],
  ['a write is executed twice', () => sound().read(50, 'z', 4), 'written twice'],
  ['a version of nobody', () => sound().write(50, 'v', 6).read(60, 'v', 6), 'executed more than once'],
  ['a refused write is seen', () => sound().fail(50, 'r', false).read(60, 'r', 4), 'refused and yet there'],
  ['a value that nobody wrote', () => sound().read(50, '?', 4), 'value out of nowhere'],
  ['two values of one version', () => sound().read(50, 'x', 3), 'one version, two truths'],
  [
    'a value before its write',
    () => sound().read(50, 'f', 4).write(60, 'f', 4),
    'seen before it was written',
  ],
  [
    'a write over another version',
    () => sound().write(50, 'c', 4, { expected: 2 }),
    'written over another version',
  ],
  [
    'zxids that fall',
    () => {
      const tale = sound()
      const writes = [{ path: A, value: 'k', expected: null }]
      tale.add(50, 'two', { writes }, { kind: 'ok', seen: [{ ...seen('k', 4), mzxid: 5n }] })
      return tale
    },
    'mzxid against version',
  ],
  ['one client goes back', () => sound().read(50, 'z', 3).read(60, 'y', 2), 'back in time'],
  ['a sync that does not help', () => sound().read(50, 'y', 2, 'sync'), 'stale after a sync'],
  ['a write that does not help', () => sound().read(50, 'y', 2, 'write'), 'stale after a write'],
  [
    'a write behind one that came later',
    () => sound().write(50, 'p', 5, { client: 'two' }).write(60, 'q', 4, { client: 'one' }),
    'a write in the past',
  ],
  [
    'a write of unknown fate comes late',
    () => sound().fail(50, 'l', true).write(60, 'm', 4).read(70, 'l', 5),
    'a late write',
  ],
  [
    'BAD_VERSION for the right version',
    () => sound().fail(50, 'b', false, 'BAD_VERSION', 3).write(60, 'n', 4),
    'refused without reason',
  ],
]

for (const [name, tale, rule] of registers) {
  t.test(`chaos checks: registers: ${name}`, async t => {
    t.ok(rules(tale().history).includes(rule), rules(tale().history).join())
  })
}

t.test('chaos checks: a sync is excused where a leader stood still, a write is not', async t => {
  const excused = sound().read(50, 'y', 2, 'sync')
  excused.history.blindSpots.push({ from: 45, to: 52 })
  t.notOk(rules(excused.history).includes('stale after a sync'))
  const written = sound().read(50, 'y', 2, 'write')
  written.history.blindSpots.push({ from: 45, to: 52 })
  t.ok(rules(written.history).includes('stale after a write'))
})

t.test(
  'chaos checks: transactions: half of one, one that could not succeed, an error that cannot be',
  async t => {
    const tale = new Tale()
    tale.history.registers.push('/w/x', '/w/y')
    tale.history.pairs.push(['/w/x', '/w/y'])
    const both = ['/w/x', '/w/y'].map(path => ({ path, value: 'm', expected: null }))
    const ok = { kind: 'ok', seen: both.map(({ path }) => seen('m', 1, path)) } as const
    tale.add(0, 'one', { writes: both }, ok)
    t.same(rules(tale.history), [])
    tale.add(10, 'two', { doomed: true }, { kind: 'ok' })
    t.same(rules(tale.history), ['doomed and done'])
    tale.add(20, 'two', { impossible: ['NODE_EXISTS'] }, { kind: 'failed', code: 'NODE_EXISTS' })
    t.same(rules(tale.history), ['an impossible error', 'doomed and done'])
    tale.add(25, 'two', {}, { kind: 'failed', code: 'MARSHALLING_ERROR', maybe: true })
    t.ok(rules(tale.history).includes('an error that nothing explains'))
    const half = ['/w/x', '/w/y'].map(path => ({ path, value: 'h', expected: null }))
    tale.add(30, 'one', { writes: half }, { kind: 'failed', maybe: true })
    tale.add(40, 'two', {}, { kind: 'ok', seen: [seen('h', 2, '/w/x')] })
    t.ok(rules(tale.history).includes('half a transaction'))
  },
)

const shot: Omit<OneShot, 'armed' | 'removed' | 'fired'> = { id: 'w', client: 'two', path: A }
const armed = { at: 45, seq: 45, version: 3 }
const call = (at: number, path = A): OneShot['fired'][number] => ({
  at,
  seq: at,
  type: 'nodeDataChanged',
  path,
})

const oneShots: readonly (readonly [string, Pick<OneShot, 'armed' | 'removed' | 'fired'>, string | null])[] =
  [
    ['fires before the change is shown', { armed, removed: null, fired: [call(58)] }, null],
    [
      'fires behind a reply that shows it',
      { armed, removed: null, fired: [call(70)] },
      'shown before the watch fired',
    ],
    ['fires twice', { armed, removed: null, fired: [call(58), call(59)] }, 'fired twice'],
    ['fires for another path', { armed, removed: null, fired: [call(58, '/b')] }, 'fired for another path'],
    ['fires though its read failed', { armed: null, removed: null, fired: [call(58)] }, 'fired unarmed'],
    ['is taken back', { armed, removed: { at: 50, seq: 50 }, fired: [] }, null],
    [
      'fires after it was taken back',
      { armed, removed: { at: 50, seq: 50 }, fired: [call(58)] },
      'fired after its removal',
    ],
  ]

for (const [name, watch, rule] of oneShots) {
  t.test(`chaos checks: a one-shot watch ${name}`, async t => {
    const { history } = sound().write(50, 'n', 4).read(60, 'n', 4)
    history.oneShots.push({ ...shot, ...watch })
    t.same(rules(history), rule === null ? [] : [rule])
  })
}

t.test('chaos checks: a one-shot watch never fires', async t => {
  const { history } = sound()
  history.oneShots.push({ ...shot, armed, removed: null, fired: [] })
  t.same(rules(history), [], 'its client has closed')
  history.lives[1]!.closed = null
  t.same(rules(history), ['never closed', 'never fired'])
})

t.test('chaos checks: streams: a change is told, or shown to whoever reads for a resync', async t => {
  const resync = (at: number, version?: number): StreamEvent => {
    const read: StreamEvent['read'] = version === undefined ? {} : { [A]: version }
    return { at, seq: at, type: 'resync', path: '/w', zxid: null, read }
  }
  const change = (at: number, version: number): StreamEvent => {
    return { at, seq: at, type: 'nodeDataChanged', path: A, zxid: BigInt(100 + version), read: {} }
  }
  const tell = (isClosed: boolean, events: readonly StreamEvent[]): string[] => {
    const { history } = sound()
    if (!isClosed) history.lives[1]!.closed = null
    history.streams.push({ client: 'two', path: '/w', events: [...events] })
    return rules(history).filter(rule => rule !== 'never closed')
  }
  const of = (...events: StreamEvent[]): string[] => tell(false, events)
  t.same(of(resync(0, 0), change(12, 1), change(25, 2), change(42, 3)), [])
  t.same(of(resync(0, 0), resync(60, 3)), [])
  t.same(of(resync(0, 0), change(42, 3)), ['a change was not told'], 'version 1')
  t.same(of(resync(0, 0), resync(15, 1), change(42, 3)), [])
  t.same(
    of(resync(0, 0), resync(15, 0), change(42, 3)),
    ['a change was not told'],
    'version 1, not read either',
  )
  t.same(of(resync(0, 0), change(42, 3), resync(60, 3)), ['a change was not told'], 'read too late')
  t.same(of(resync(0, 0), change(12, 1)), ['a change was not told'], 'the last one')
  t.same(tell(true, [resync(0, 0), change(12, 1)]), [], 'closed before it was told')
  t.same(tell(true, [resync(0, 0), resync(15), change(42, 3)]), [], 'closed before it was read')
  t.same(of(resync(0, 0), resync(15), change(42, 3)), ['a change was not told'], 'never read')
  t.same(of(resync(0, 0), change(12, 1), change(12, 1), change(42, 3)), ['told twice'])
  t.same(of(change(12, 1), change(42, 3)), ['a stream begins with a resync'])
  t.same(of(resync(0, 0), { ...resync(60, 3), path: '/other' }), ['told of another path'])
})

t.test('chaos checks: sessions: states as the table has them, ephemerals with their sessions', async t => {
  const step = (state: string, previous: string, generation = 1, sessionId = 7n): unknown => {
    return { client: 'one', state, previous, generation, sessionId, at: 1, seq: 1 }
  }
  const of = (...steps: unknown[]): string[] => {
    const { history } = sound()
    history.states.push(...(steps as History['states']))
    return rules(history)
  }
  const begun = step('connected', 'connecting')
  t.same(of(begun, step('suspended', 'connected'), step('connected', 'suspended')), [])
  t.same(
    of(
      begun,
      step('expired', 'connected'),
      step('connecting', 'expired'),
      step('connected', 'connecting', 2, 8n),
    ),
    [],
  )
  t.same(of(begun, step('connecting', 'connected')), ['a state that cannot follow'])
  t.same(of(begun, step('lost', 'suspended')), ['a state was not told'])
  t.same(of(begun, step('suspended', 'connected', 0)), ['a session of the past'])
  t.same(of(begun, step('suspended', 'connected'), step('connected', 'suspended', 1, 9n)), [
    'another session of the same generation',
  ])
  t.same(of(step('connected', 'connecting', 3)), ['a session that was not counted'])
  const { history } = sound()
  history.alive = [{ client: 'one', sessionId: 7n, paths: ['/e/1'] }]
  history.ephemerals = [{ path: '/e/1', owner: 7n }]
  t.same(rules(history), [])
  history.ephemerals = [{ path: '/e/2', owner: 8n }]
  t.same(rules(history), ['an ephemeral is missing', 'an ephemeral of nobody'])
})

t.test('chaos checks: locks: two holders, late news of a loss, tokens that fall', async t => {
  const held = (client: string, token: bigint, from: number, lastHeld: number, end: number): Held => {
    const moment = (at: number): { at: number; seq: number } => ({ at, seq: at })
    return {
      client,
      sessionId: token,
      token,
      invoked: moment(from),
      acquired: moment(from),
      lastHeld,
      lost: null,
      ended: moment(end),
    }
  }
  const of = (...helds: Held[]): History => {
    const { history } = sound()
    history.helds.push(...helds)
    return history
  }
  t.same(rules(of(held('one', 1n, 10, 15, 20), held('two', 2n, 20, 30, 30))), [])
  t.same(rules(of(held('one', 1n, 10, 25, 26), held('two', 2n, 20, 30, 30))), [
    'told too late of a loss',
    'two holders',
  ])
  t.same(rules(of(held('one', 1n, 10, 15, 26), held('two', 2n, 20, 30, 30))), ['told too late of a loss'])
  const stopped = of(held('one', 1n, 10, 15, 26), held('two', 2n, 20, 30, 30))
  stopped.stalls.push({ process: 'p', from: 16, to: 25 })
  t.same(rules(stopped), [], 'its process did not run')
  const ended = of(held('one', 1n, 10, 25, 26), held('two', 2n, 20, 30, 30))
  ended.condemned.push({ sessionId: 1n, from: 18 })
  t.same(rules(ended), [], 'its session was ended by force')
  t.same(
    rules(of(held('one', 2n, 10, 15, 16), held('two', 1n, 20, 30, 30))).includes('a token that fell'),
    true,
  )
  t.same(rules(of(held('one', 1n, 10, 15, 16), held('two', 1n, 20, 30, 30))), ['one token, two holders'])
  const { history } = sound()
  for (const [version, token] of [
    [1, '0x10'],
    [2, '0xf'],
  ] as const)
    history.operations.push({
      ...sound().add(50 + version, 'two', {}, { kind: 'ok', seen: [seen(`${token} n`, version, GUARDED)] }),
    })
  t.same(rules(history), ['written by a former holder'])
})

t.test('chaos checks: liveness: what does not settle, or does so too late', async t => {
  const tale = sound()
  tale.add(50, 'one', {}, { kind: 'pending' })
  t.same(rules(tale.history), ['never settled'])
  const late = sound()
  late.add(50, 'one', { limit: 10 }, { kind: 'failed', at: 600, seq: 600 })
  t.same(rules(late.history), ['settled too late'])
  late.history.stalls.push({ process: 'p', from: 60, to: 400 })
  t.same(rules(late.history), [], 'the process did not run')
  const { history } = sound()
  history.lives[0]!.closed = { at: 9000, seq: 9000, took: 2100 }
  t.same(rules(history), ['closed too late'])
})
