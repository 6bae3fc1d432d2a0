// The small parts below everything: queue, emitter, abort helpers, back-off, deferred.
import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { abortable, delay, onAbort, withDeadline, withEither } from '../../../protocol/support/abort.ts'
import { Backoff } from '../../../protocol/support/backoff.ts'
import { systemClock } from '../../../protocol/support/clock.ts'
import { deferred, handled } from '../../../protocol/support/deferred.ts'
import { Emitter } from '../../../protocol/support/emitter.ts'
import { Fifo } from '../../../protocol/support/fifo.ts'
import { FakeClock, microtasks } from '../../support/fake-clock.ts'
import { codeOf, outcomeOf } from '../../support/outcome.ts'
import { t } from '../../tap.ts'

function listeners(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length
}

t.test('fifo: property: it does what an array does', async t => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('push'), item: fc.nat() }),
    fc.record({ do: fc.constant('unshift'), item: fc.nat() }),
    fc.record({ do: fc.constantFrom('shift', 'peek'), item: fc.constant(0) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const fifo = new Fifo<number>()
      const model: number[] = []
      for (const { do: what, item } of steps) {
        if (what === 'push') fifo.push(item)
        if (what === 'push') model.push(item)
        if (what === 'unshift') fifo.unshift(item)
        if (what === 'unshift') model.unshift(item)
        if (what === 'shift' && fifo.shift() !== model.shift()) return false
        if (fifo.peek() !== model[0] || fifo.size !== model.length) return false
      }
      return [...fifo].join() === model.join()
    }),
  )
  t.pass()
})

t.test('fifo: drain empties it and gives the items, oldest first', async t => {
  const fifo = new Fifo<number>()
  for (let i = 0; i < 40; i++) fifo.push(i)
  for (let i = 0; i < 10; i++) fifo.shift()
  t.strictSame(fifo.drain(), [...Array(40).keys()].slice(10))
  t.equal(fifo.size, 0)
  t.equal(fifo.shift(), undefined)
  fifo.push(1)
  t.strictSame([...fifo], [1])
})

t.test('H12: emitter: a listener that throws hurts nobody, and the owner hears of it', async t => {
  const thrown: unknown[] = []
  const emitter = new Emitter<{ tick: number }>(error => thrown.push(error))
  const heard: number[] = []
  const problem = new Error('listener')
  emitter.on('tick', () => {
    throw problem
  })
  emitter.on('tick', value => heard.push(value))
  emitter.emit('tick', 5)
  t.strictSame(heard, [5])
  t.strictSame(thrown, [problem])
})

t.test('emitter: what happens by what a listener does is heard afterwards, in one order by all', async t => {
  const thrown: unknown[] = []
  const emitter = new Emitter<{ tick: number; tock: string }>(error => thrown.push(error))
  const heard: string[] = []
  emitter.on('tick', value => {
    if (value > 2) return
    emitter.emit('tick', value + 1)
    emitter.emit('tock', `${value}`)
    throw value
  })
  emitter.on('tick', value => heard.push(`tick ${value}`))
  emitter.on('tock', value => heard.push(`tock ${value}`))
  emitter.emit('tick', 1)
  t.strictSame(heard, ['tick 1', 'tick 2', 'tock 1', 'tick 3', 'tock 2'])
  t.strictSame(thrown, [1, 2])
  emitter.emit('tick', 9)
  t.equal(heard.at(-1), 'tick 9', 'and the next one is heard at once')
})

t.test('emitter: one function added twice is called twice and removed one at a time', async t => {
  const emitter = new Emitter<{ tick: number }>(() => {})
  let calls = 0
  const listener = (): void => {
    calls++
  }
  const off = emitter.on('tick', listener)
  emitter.on('tick', listener)
  emitter.emit('tick', 1)
  t.equal(calls, 2)
  off()
  off()
  t.equal(emitter.count('tick'), 1)
  emitter.emit('tick', 1)
  t.equal(calls, 3)
})

t.test('emitter: listeners come and go while it emits', async t => {
  const emitter = new Emitter<{ tick: number }>(() => {})
  const heard: string[] = []
  const off = emitter.on('tick', () => {
    heard.push('first')
    off()
    emitter.on('tick', () => heard.push('added'))
  })
  emitter.on('tick', () => heard.push('second'))
  emitter.emit('tick', 1)
  t.strictSame(heard, ['first', 'second'], 'one that is added hears the next event, not this one')
  emitter.emit('tick', 2)
  t.strictSame(heard, ['first', 'second', 'second', 'added'])
})

t.test('abort: onAbort runs its task once, at once if it is late, and takes it back', async t => {
  const controller = new AbortController()
  const { signal } = controller
  const reasons: unknown[] = []
  const off = onAbort(signal, reason => reasons.push(`never ${reason}`))
  off()
  onAbort(signal, reason => reasons.push(reason))
  controller.abort('why')
  t.strictSame(reasons, ['why'])
  onAbort(signal, reason => reasons.push(`late ${reason}`))
  t.strictSame(reasons, ['why', 'late why'])
  t.doesNotThrow(onAbort(undefined, () => t.fail('there is no signal')))
})

t.test('H12: abort: many that wait for one signal are one listener', async t => {
  const controller = new AbortController()
  const { signal } = controller
  const ran: number[] = []
  const offs = Array.from({ length: 100 }, (_, i) => onAbort(signal, () => ran.push(i)))
  t.equal(listeners(signal), 1)
  for (const off of offs) off()
  t.equal(listeners(signal), 0)
  const again = [0, 1, 2, 3].map(i =>
    onAbort(signal, () => {
      ran.push(i)
      // What is taken back while the others run does not run.
      if (i === 1) again[2]?.()
      if (i === 3) onAbort(signal, () => ran.push(4))
    }),
  )
  offs[0]?.()
  controller.abort()
  t.strictSame(ran, [0, 1, 3, 4])
  t.equal(listeners(signal), 0)
})

t.test('abort: abortable leaves no listener, however it ends', async t => {
  const { signal } = new AbortController()
  t.equal(await abortable(Promise.resolve(1), signal), 1)
  await t.rejects(abortable(Promise.reject(new Error('no')), signal), { message: 'no' })
  await microtasks()
  t.equal(listeners(signal), 0)

  const controller = new AbortController()
  const waiting = outcomeOf(abortable(new Promise(() => {}), controller.signal))
  t.equal(listeners(controller.signal), 1)
  controller.abort(new Error('enough'))
  await microtasks()
  t.match(waiting, { state: 'rejected', error: { message: 'enough' } })
  t.equal(listeners(controller.signal), 0)
  await t.rejects(abortable(Promise.resolve(1), controller.signal), { message: 'enough' })
})

t.test('abort: delay resolves in time, or rejects and leaves neither timer nor listener', async t => {
  const clock = new FakeClock()
  const controller = new AbortController()
  const { signal } = controller
  const first = outcomeOf(delay(clock, 100, signal))
  await clock.advance(99)
  t.equal(first.state, 'pending')
  await clock.advance(1)
  t.equal(first.state, 'resolved')
  t.equal(listeners(signal), 0)

  const second = outcomeOf(delay(clock, 100, signal))
  controller.abort(new Error('enough'))
  await clock.settle()
  t.match(second, { state: 'rejected', error: { message: 'enough' } })
  const third = outcomeOf(delay(clock, 100, signal))
  await clock.settle()
  t.equal(third.state, 'rejected')
  t.equal(clock.scheduled, 0)
})

t.test('abort: withEither aborts with the first of the signals, and leaves no listener', async t => {
  for (const which of [0, 1]) {
    const controllers = [new AbortController(), new AbortController()]
    const signals = controllers.map(({ signal }) => signal)
    const ended = withEither([undefined, ...signals], signal => abortable(new Promise(() => {}), signal))
    controllers[which]!.abort(new Error(`number ${which}`))
    await t.rejects(ended, { message: `number ${which}` })
    await t.rejects(
      withEither(signals, async signal => signal.throwIfAborted()),
      { message: `number ${which}` },
    )
  }
  const { signal } = new AbortController()
  t.equal(await withEither([signal], async () => 7), 7)
  t.equal(listeners(signal), 0)
})

t.test('abort: withDeadline ends with the task, its time or the outer signal, and cleans up', async t => {
  const clock = new FakeClock()
  const outer = new AbortController()
  const inner: AbortSignal[] = []
  const run = (ms: number, task: Promise<string>): ReturnType<typeof outcomeOf<string>> =>
    outcomeOf(
      withDeadline(
        clock,
        ms,
        () => new Error('late'),
        outer.signal,
        signal => {
          inner.push(signal)
          return task
        },
      ),
    )
  const done = run(100, Promise.resolve('done'))
  await clock.settle()
  t.equal(done.value, 'done')
  t.equal(clock.scheduled + listeners(outer.signal), 0)

  const late = run(100, new Promise(() => {}))
  await clock.advance(100)
  t.equal(codeOf(late), 'Error: late')
  t.equal(inner[1]?.aborted, true, 'the task is told')
  t.equal(clock.scheduled + listeners(outer.signal), 0)

  const unlimited = run(Number.POSITIVE_INFINITY, new Promise(() => {}))
  t.equal(clock.scheduled, 0, 'without a limit there is no timer')
  outer.abort(new Error('enough'))
  await clock.settle()
  t.equal(codeOf(unlimited), 'Error: enough')
  t.equal(listeners(outer.signal), 0)
})

t.test('H7: backoff: uniform below a bound that doubles up to the cap, until it is reset', async t => {
  const longest = new Backoff({ base: 50, cap: 1000, random: () => 1 })
  const delays = [...Array(8).keys()].map(() => longest.next())
  t.strictSame(delays, [50, 100, 200, 400, 800, 1000, 1000, 1000])
  longest.cap = 300
  t.equal(longest.next(), 300)
  longest.reset()
  t.equal(longest.next(), 50)
  const shortest = new Backoff({ base: 50, cap: 1000, random: () => 0 })
  t.equal(shortest.next(), 0)
  for (let i = 0; i < 5000; i++) longest.next()
  t.equal(longest.next(), 300, 'many failures overflow nothing')
})

t.test('backoff: by default the delays differ', async t => {
  const delays = new Set([...Array(10).keys()].map(() => new Backoff({ base: 1e6, cap: 1e6 }).next()))
  t.ok(delays.size > 1)
})

t.test('deferred: resolves and rejects from outside', async t => {
  const yes = deferred<number>()
  yes.resolve(1)
  t.equal(await yes.promise, 1)
  const no = deferred<number>()
  handled(no.promise)
  no.reject(new Error('no'))
  await t.rejects(no.promise, { message: 'no' })
})

t.test('system clock: the time is monotonic, and what is scheduled can be cancelled', async t => {
  const before = systemClock.now()
  systemClock.schedule(0, () => t.fail('cancelled')).cancel()
  // Beyond 2^31 ms, setTimeout would fire at once.
  const far = systemClock.schedule(2 ** 40, () => t.fail('in 34 years'))
  await new Promise<void>(resolve => systemClock.schedule(-5, () => systemClock.defer(resolve)))
  far.cancel()
  t.ok(systemClock.now() >= before)
})

t.test('H13: clock: the date may be set to anything', async t => {
  const { now } = Date
  t.teardown(() => {
    Date.now = now
  })
  for (const jump of [3_600_000, -3_600_000]) {
    const before = systemClock.now()
    Date.now = () => now() + jump
    t.ok(
      Math.abs(systemClock.now() - before) < 1_800_000,
      `the clock goes its own way, whatever ${jump} ms do`,
    )
  }
})
