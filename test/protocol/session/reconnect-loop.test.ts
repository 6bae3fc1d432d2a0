// The loop that connects again and again: when it pauses, for how long, and how it ends.
import { parseConnectString } from '../../../protocol/net/connect-string.ts'
import { ServerList } from '../../../protocol/net/server-list.ts'
import { Pacing } from '../../../protocol/session/pacing.ts'
import type { ReconnectPort } from '../../../protocol/session/reconnect-loop.ts'
import { reconnectLoop } from '../../../protocol/session/reconnect-loop.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { outcomeOf } from '../../support/outcome.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

interface Loop {
  readonly clock: FakeClock
  readonly pacing: Pacing
  /** When each link was tried, in milliseconds from the start. */
  readonly tried: number[]
  readonly errors: unknown[]
  /** What the next link does: lasts so many milliseconds, or fails. */
  next: () => Promise<number>
  saving: number | null
  /** After how many links instability was told. */
  readonly unstable: number[]
  stop(): void
  readonly state: () => string
}

function loopOf(t: Test, servers: string, random = 1): Loop {
  const clock = new FakeClock()
  const start = clock.now()
  const list = new ServerList(parseConnectString(servers), {
    lookup: async host => [host],
    random: () => 1 - 2 ** -40,
  })
  const stopped = new AbortController()
  const pacing = new Pacing(() => random)
  const loop: Loop = {
    clock,
    pacing,
    tried: [],
    errors: [],
    next: () => Promise.reject(new Error('refused')),
    saving: null,
    unstable: [],
    stop: () => stopped.abort(new Error('stopped')),
    state: () => outcome.state,
  }
  const port: ReconnectPort = {
    link: async () => {
      loop.tried.push(Math.round(clock.now() - start))
      await list.next(stopped.signal)
      return loop.next()
    },
    failed: error => loop.errors.push(error),
    saving: () => loop.saving,
    unstable: () => loop.unstable.push(loop.tried.length),
  }
  const { signal } = stopped
  const outcome = outcomeOf(reconnectLoop({ clock, pacing, servers: list }, signal, port))
  t.teardown(async () => {
    stopped.abort()
    await clock.settle()
    if (clock.scheduled > 0) throw new Error('a timer is left')
  })
  return loop
}

/** Lengths of the pauses, leaving out those of zero. */
function pauses(tried: readonly number[]): number[] {
  return tried.slice(1).flatMap((at, i) => (at === tried[i] ? [] : [at - (tried[i] as number)]))
}

t.test('H7: reconnect loop: pauses double up to half a minute', async t => {
  const loop = loopOf(t, 'a')
  await loop.clock.advance(130_000)
  t.strictSame(pauses(loop.tried), [50, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
  t.equal(loop.errors.length, loop.tried.length)
})

t.test('reconnect loop: no pause before all servers were tried', async t => {
  const loop = loopOf(t, 'a,b,c')
  await loop.clock.advance(149)
  t.strictSame(loop.tried, [0, 0, 0, 50, 50, 50])
})

t.test('reconnect loop: a pause is a random part of its bound', async t => {
  const loop = loopOf(t, 'a', 0.5)
  await loop.clock.advance(175)
  t.strictSame(pauses(loop.tried), [25, 50, 100])
})

t.test('H7: reconnect loop: with a session to save, no pause is longer than a quarter of it', async t => {
  const loop = loopOf(t, 'a')
  loop.saving = 2000
  await loop.clock.advance(3000)
  t.strictSame(pauses(loop.tried), [50, 100, 200, 400, 500, 500, 500, 500])
  loop.saving = null
  await loop.clock.advance(40_000)
  t.strictSame(pauses(loop.tried).slice(9), [25_600], 'afterwards they go on as if they had grown')
})

t.test('H7: reconnect loop: only a connection that lasts makes the next pauses short again', async t => {
  const loop = loopOf(t, 'a')
  await loop.clock.advance(800)
  t.strictSame(pauses(loop.tried), [50, 100, 200, 400])
  loop.next = async () => 1000
  await loop.clock.advance(3200)
  t.strictSame(pauses(loop.tried).slice(4), [800, 1600], 'connections that break at once')
  loop.next = async () => {
    loop.next = () => Promise.reject(new Error('refused'))
    loop.pacing.proven()
    return 1001
  }
  await loop.clock.advance(2700)
  t.strictSame(pauses(loop.tried).slice(6), [3200, 50, 100, 200])
})

t.test(
  'reconnect loop: after a connection that lasted, all servers are tried before the next pause',
  async t => {
    const loop = loopOf(t, 'a,b,c')
    let links = 0
    loop.next = async () => {
      links++
      if (links !== 2) throw new Error('refused')
      loop.pacing.proven()
      return 1001
    }
    await loop.clock.settle()
    t.strictSame(loop.tried, [0, 0, 0], 'the second of them, the third, and then the list is over')
    links = 1
    await loop.clock.advance(50)
    t.equal(loop.tried.length, 6)
  },
)

t.test('reconnect loop: five short connections in a row are told, once', async t => {
  const loop = loopOf(t, 'a', 0)
  let links = 0
  loop.next = async () => {
    links++
    if (links > 12) loop.stop()
    return links === 3 ? 1000 : 999
  }
  await loop.clock.advance(10)
  t.equal(links, 13)
  t.strictSame(loop.unstable, [8])
})

t.test('reconnect loop: stopped in a pause, it ends at once and leaves no timer', async t => {
  const loop = loopOf(t, 'a')
  await loop.clock.advance(200)
  loop.stop()
  await loop.clock.settle()
  t.equal(loop.state(), 'resolved')
  t.equal(loop.clock.scheduled, 0)
  const { length } = loop.tried
  await loop.clock.advance(60_000)
  t.equal(loop.tried.length, length)
})

t.test('reconnect loop: what fails because it was stopped is no failure', async t => {
  const loop = loopOf(t, 'a')
  loop.next = () => {
    loop.stop()
    return Promise.reject(new Error('stopped'))
  }
  await loop.clock.settle()
  t.equal(loop.state(), 'resolved')
  t.strictSame(loop.errors, [])
})

/** Milliseconds until the next attempt may be made. */
async function pauseOf(clock: FakeClock, pacing: Pacing): Promise<number> {
  const stop = new AbortController()
  const turn = pacing.turn(clock, stop.signal)
  await clock.settle()
  const { nextTimer = 0 } = clock
  stop.abort()
  await turn
  return nextTimer
}

t.test('pacing: a restart waits for nothing where no pause was due', async t => {
  const clock = new FakeClock()
  const pacing = new Pacing(() => 1)
  const ended = { at: clock.now(), servers: 3 }
  await pacing.turn(clock, new AbortController().signal)
  pacing.restarted(ended, false)
  pacing.restarted(ended, false)
  t.equal(await pauseOf(clock, pacing), 0)
})

t.test('pacing: a turn that was waited for in vain is no attempt', async t => {
  const clock = new FakeClock()
  const pacing = new Pacing(() => 1)
  await pacing.turn(clock, AbortSignal.abort())
  pacing.restarted({ at: clock.now(), servers: 1 }, true)
  t.equal(await pauseOf(clock, pacing), 0)
})

t.test('pacing: attempts before a connection that lasted do not count for the next pause', async t => {
  const clock = new FakeClock()
  const pacing = new Pacing(() => 1)
  const over = { at: clock.now(), servers: 2 }
  pacing.over(over)
  pacing.proven()
  pacing.over(over)
  t.equal(await pauseOf(clock, pacing), 0)
  pacing.over(over)
  t.equal(await pauseOf(clock, pacing), 50)
})

t.test('pacing: a restart that had to wait does not put off the next one', async t => {
  const clock = new FakeClock()
  const pacing = new Pacing(() => 1)
  const restarted = async (): Promise<number> => {
    const at = clock.now()
    for (let i = 0; i < 6; i++) pacing.over({ at, servers: 1 })
    pacing.restarted({ at, servers: 1 }, false)
    return pauseOf(clock, pacing)
  }
  t.equal(await restarted(), 0)
  await clock.advance(900)
  t.equal(await restarted(), 100)
  await clock.advance(100)
  t.equal(await restarted(), 0)
})
