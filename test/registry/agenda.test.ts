// Many alarms on one timer, on the fake clock.
import { Agenda, Alarm } from '../../src/registry/agenda.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { randomOf } from '../support/random.ts'
import { t } from '../tap.ts'

t.test('agenda: alarms ring in the order of their times, on one timer', async t => {
  const clock = new FakeClock()
  const agenda = new Agenda(clock)
  const rung: number[] = []
  const start = clock.now()
  const random = randomOf(7)
  const alarms = Array.from({ length: 500 }, () => {
    const alarm: Alarm = new Alarm(agenda, () => rung.push(clock.now() - start))
    alarm.set(start + Math.floor(random() * 1000))
    return alarm
  })
  t.equal(clock.scheduled, 1)
  // Some move, some are taken out.
  const expected: number[] = []
  for (const [i, alarm] of alarms.entries()) {
    if (i % 3 === 0) alarm.set(start + Math.floor(random() * 1000))
    if (i % 5 === 0) alarm.clear()
    else expected.push(alarm.due - start)
  }
  t.equal(agenda.size, expected.length)
  await clock.advance(1000)
  t.strictSame(
    rung,
    expected.sort((a, b) => a - b),
  )
  t.equal(agenda.size, 0)
  t.equal(clock.scheduled, 0, 'no timer is left')
})

t.test('agenda: an alarm may clear, move and set others and itself while it rings', async t => {
  const clock = new FakeClock()
  const agenda = new Agenda(clock)
  const start = clock.now()
  const rung: string[] = []
  const alarm = (name: string, task = (): void => {}): Alarm =>
    new Alarm(agenda, () => {
      rung.push(`${name} ${clock.now() - start}`)
      task()
    })
  const cleared = alarm('cleared')
  const moved = alarm('moved')
  const early = alarm('early')
  let again = 0
  const first: Alarm = alarm('first', () => {
    cleared.clear()
    moved.set(start + 30)
    early.set(start + 5)
    if (again++ === 0) first.set(start + 20)
  })
  first.set(start + 10)
  for (const other of [cleared, moved, early]) other.set(start + 10)
  await clock.advance(100)
  t.strictSame(rung, ['first 10', 'early 10', 'first 20', 'early 20', 'moved 30'])
  t.equal(agenda.size, 0)
})

t.test('agenda: an earlier alarm is not kept waiting by a later one', async t => {
  const clock = new FakeClock()
  const agenda = new Agenda(clock)
  const start = clock.now()
  const rung: number[] = []
  for (const ms of [60_000, 100]) new Alarm(agenda, () => rung.push(clock.now() - start)).set(start + ms)
  await clock.advance(100)
  t.strictSame(rung, [100])
  t.equal(clock.nextTimer, 59_900)
})
