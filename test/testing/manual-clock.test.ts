// The clock that users move by hand: order, time on the way, cancellation, and a server on it.
import { ZooKeeper } from '../../protocol/index.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { create } from '../conformance/both.ts'
import { RawClient } from '../conformance/raw-client.ts'
import { eventually } from '../support/eventually.ts'
import { t } from '../tap.ts'

t.test('manual clock: timers run in order, each at its time', async t => {
  const clock = new ManualClock()
  const seen: string[] = []
  const note = (name: string) => (): void => void seen.push(`${name} ${clock.now()}`)
  clock.schedule(20, note('late'))
  clock.schedule(10, () => {
    note('early')()
    clock.schedule(5, note('from a timer'))
  })
  clock.schedule(10, note('early too'))
  const cancelled = clock.schedule(10, note('cancelled'))
  cancelled.cancel()
  t.equal(clock.scheduled, 3)
  clock.advance(9)
  t.same(seen, [])
  clock.advance(91)
  t.same(seen, ['early 10', 'early too 10', 'from a timer 15', 'late 20'])
  t.equal(clock.now(), 100)
  t.equal(clock.scheduled, 0)
})

t.test('manual clock: time does not go back, and a timer that throws stops it there', async t => {
  const clock = new ManualClock()
  t.throws(() => clock.advance(-1), { name: 'RangeError' })
  t.throws(() => clock.advance(Number.NaN), { name: 'RangeError' })
  clock.schedule(10, () => {
    throw new Error('thrown by a timer')
  })
  t.throws(() => clock.advance(50), { message: 'thrown by a timer' })
  t.equal(clock.now(), 10)
})

t.test('manual clock: sessions expire and znodes are reaped when it is moved, and not before', async t => {
  const clock = new ManualClock()
  const server = await EmbeddedZooKeeper.start({ clock, tickTime: 1000 })
  t.teardown(() => server.close())
  // It sends no pings, however long the machine takes.
  const gone = await RawClient.open(server.connectString, { timeOut: 4000 })
  t.teardown(() => gone.link.destroy())
  const zk = new ZooKeeper(server.connectString, { sessionTimeout: 20_000 })
  t.teardown(() => zk.close())
  await create(gone, '/mine', { flags: 1 })
  await zk.create('/short', null, { mode: 'persistentWithTtl', ttl: 30_000 })
  const { sessionId } = gone.welcome
  clock.advance(3000)
  t.ok(await zk.exists('/mine'), 'within its timeout')
  clock.advance(2000)
  await eventually('the session is over', async () => (await zk.exists('/mine')) === null)
  t.notOk(server.sessionIds.includes(sessionId))
  // In steps, so that the other session is heard of in between.
  for (let moved = 0; moved < 120_000; moved += 10_000) {
    clock.advance(10_000)
    await zk.exists('/')
  }
  t.equal(await zk.exists('/short'), null)
})
