// The checks of what clients heard and held: watches, states of sessions, locks.
import { t } from '../tap.ts'
import { GUARDED } from './checks/locks.ts'
import type { Held, History, OneShot, StreamEvent } from './history.ts'
import { A, rules, seen, sound } from './tale.ts'

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
