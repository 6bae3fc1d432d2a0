// Connections that never ask for a session: cut after a while, and not while the server stands still.
import { Strangers } from '../../src/embedded/strangers.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { t } from '../tap.ts'

const GREETING_TIME = 10_000

interface Scene {
  readonly clock: FakeClock
  readonly strangers: Strangers
  /** Names of those that were cut. */
  readonly cut: string[]
  newcomer(name: string): { destroy(): void }
}

function scene(): Scene {
  const clock = new FakeClock()
  const strangers = new Strangers(clock, GREETING_TIME)
  const cut: string[] = []
  const newcomer = (name: string): { destroy(): void } => {
    const stranger = { destroy: (): void => void cut.push(name) }
    strangers.add(stranger)
    return stranger
  }
  return { clock, strangers, cut, newcomer }
}

t.test('strangers: each is cut when its time is over, and one timer serves all', async t => {
  const { clock, cut, newcomer } = scene()
  newcomer('a')
  await clock.advance(1000)
  newcomer('b')
  t.equal(clock.scheduled, 1)
  await clock.advance(GREETING_TIME - 1001)
  t.strictSame(cut, [])
  await clock.advance(1)
  t.strictSame(cut, ['a'])
  await clock.advance(1000)
  t.strictSame(cut, ['a', 'b'])
  t.equal(clock.scheduled, 0)
})

t.test(
  'strangers: who asked for a session, or left, is cut no more, and without any there is no timer',
  async t => {
    const { clock, strangers, cut, newcomer } = scene()
    const known = newcomer('known')
    newcomer('b')
    strangers.remove(known)
    await clock.advance(GREETING_TIME)
    t.strictSame(cut, ['b'])
    strangers.remove(newcomer('c'))
    t.equal(clock.scheduled, 0)
  },
)

t.test('strangers: a process that stood still reads first what they have said', async t => {
  const { clock, strangers, cut, newcomer } = scene()
  const known = newcomer('known')
  newcomer('silent')
  clock.stall(GREETING_TIME * 2)
  clock.afterNextTimer(() => strangers.remove(known))
  await clock.advance(0)
  t.strictSame(cut, ['silent'])
  t.equal(clock.scheduled, 0)
})

t.test(
  'strangers: a server that stands still cuts nobody, and those whose time is over when it goes on',
  async t => {
    const { clock, strangers, cut, newcomer } = scene()
    newcomer('before')
    strangers.pause()
    newcomer('meanwhile')
    t.equal(clock.scheduled, 0)
    await clock.advance(GREETING_TIME + 1)
    newcomer('late')
    t.strictSame(cut, [])
    strangers.resume()
    await clock.advance(0)
    t.strictSame(cut, ['before', 'meanwhile'])
    await clock.advance(GREETING_TIME)
    t.strictSame(cut, ['before', 'meanwhile', 'late'])
  },
)
