// The checks of a history: each refuses what it is for, and nothing in a history that is sound.
import { t } from '../tap.ts'
import { historyFromText, historyToText } from './serial.ts'
import { A, rules, seen, sound, Tale } from './tale.ts'

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
