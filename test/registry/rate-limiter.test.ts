// The rate limiter on the fake clock, step by step beside the formula of the Python package.
import { RateLimiter } from '../../src/registry/rate-limiter.ts'
import { FakeClock, microtasks } from '../support/fake-clock.ts'
import { randomOf } from '../support/random.ts'
import { t } from '../tap.ts'

/** What a caller of the Python package goes through: it sleeps, calls, and notes the end. */
class Formula {
  readonly #ends: number[] = []
  readonly #calls: number
  readonly #interval: number

  constructor(calls: number, interval: number) {
    this.#calls = calls
    this.#interval = interval
  }

  pause(now: number): number {
    if (this.#calls === 0 || this.#ends.length <= this.#calls) return 0
    const average = (now - this.#ends[this.#ends.length - this.#calls]!) / this.#calls
    return average < this.#interval ? this.#interval - average : 0
  }

  ended(now: number): void {
    this.#ends.push(now)
  }
}

for (const [calls, interval] of [
  [50, 2000],
  [1, 100],
  [3, 0.5],
  [5, 333.25],
] as const) {
  t.test(`N77: each call waits as the formula says, ${calls} calls and ${interval} ms`, async t => {
    const clock = new FakeClock()
    const limiter = new RateLimiter(clock, { calls, interval })
    const formula = new Formula(calls, interval)
    const random = randomOf(calls)
    let paused = 0
    for (let n = 1; n <= 4 * calls + 20; n++) {
      // Now and then a pause of the caller, and calls that take their time.
      if (n % 7 === 0) await clock.advance(random() * 3 * interval)
      const duration = n % 4 === 0 ? random() * interval : 0
      const expected = formula.pause(clock.now())
      const asked = clock.now()
      let began = Number.NaN
      const call = limiter.run(undefined, async () => {
        began = clock.now()
        if (duration > 0) await new Promise<void>(resolve => clock.schedule(duration, resolve))
      })
      await clock.advance(expected)
      await clock.advance(duration)
      await call
      t.ok(Math.abs(began - asked - expected) < 1e-6, `call ${n}: ${began - asked} and ${expected}`)
      formula.ended(asked + expected + duration)
      if (expected > 0) paused++
    }
    t.ok(paused > calls, 'the limit was reached')
  })
}

t.test('N77: the first calls are free, one more than the limit', async t => {
  const clock = new FakeClock()
  const limiter = new RateLimiter(clock, { calls: 50, interval: 2000 })
  const done: number[] = []
  const runs = Array.from({ length: 53 }, (_, n) => limiter.run(undefined, async () => void done.push(n)))
  await clock.settle()
  t.equal(done.length, 51)
  await clock.advance(2000)
  t.equal(done.length, 52)
  await clock.advance(2000)
  await Promise.all(runs)
  t.strictSame(
    done,
    [...done].sort((a, b) => a - b),
    'in the order of asking',
  )
})

t.test('N77: an abort rejects at once, and the next one moves up', async t => {
  const clock = new FakeClock()
  const limiter = new RateLimiter(clock, { calls: 1, interval: 1000 })
  for (let n = 0; n < 2; n++) await limiter.run(undefined, async () => {})
  const controllers = [new AbortController(), new AbortController()]
  const outcomes: string[] = []
  const run = (name: string, signal?: AbortSignal): Promise<void> =>
    limiter
      .run(signal, async () => name)
      .then(
        value => void outcomes.push(value),
        error => void outcomes.push(`${name}: ${(error as Error).message}`),
      )
  const runs = [run('a', controllers[0]!.signal), run('b', controllers[1]!.signal), run('c')]
  await clock.settle()
  controllers[1]!.abort(new Error('enough of b'))
  await microtasks()
  t.strictSame(outcomes, ['b: enough of b'], 'also while it waits behind another one')
  controllers[0]!.abort(new Error('enough of a'))
  await clock.advance(1000)
  await Promise.all(runs)
  t.strictSame(outcomes, ['b: enough of b', 'a: enough of a', 'c'])
  t.equal(clock.scheduled, 0)
})

t.test('N77: cancel rejects everybody who waits, and leaves no timer', async t => {
  const clock = new FakeClock()
  const limiter = new RateLimiter(clock, { calls: 1, interval: 1000 })
  for (let n = 0; n < 2; n++) await limiter.run(undefined, async () => {})
  const runs = [1, 2, 3].map(n => limiter.run(undefined, async () => n).catch(error => error.message))
  await clock.settle()
  limiter.cancel(new Error('stopped'))
  t.strictSame(await Promise.all(runs), ['stopped', 'stopped', 'stopped'])
  t.equal(clock.scheduled, 0)
  const later = limiter.run(undefined, async () => 'later')
  await clock.advance(1000)
  t.equal(await later, 'later', 'it goes on for those who come after')
})

t.test('N77: no calls, no limit; a failed call counts as a call', async t => {
  const clock = new FakeClock()
  const off = new RateLimiter(clock, { calls: 0.9, interval: 1000 })
  for (let n = 0; n < 100; n++) await off.run(undefined, async () => {})
  const limiter = new RateLimiter(clock, { calls: 1, interval: 1000 })
  for (let n = 0; n < 2; n++) {
    await t.rejects(
      limiter.run(undefined, () => Promise.reject(new Error('failed'))),
      /failed/,
    )
  }
  let called = false
  const third = limiter.run(undefined, async () => {
    called = true
  })
  await clock.advance(999)
  t.equal(called, false)
  await clock.advance(1)
  await third
})
