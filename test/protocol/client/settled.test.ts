// Whatever faults come in whatever order, every promise settles, and close() leaves nothing behind.
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { ZooKeeperError } from '../../../protocol/errors.ts'
import { microtasks } from '../../support/fake-clock.ts'
import { runs } from '../../support/fuzz-runs.ts'
import type { Outcome } from '../../support/outcome.ts'
import { outcomeOf } from '../../support/outcome.ts'
import type { World } from '../../support/scripted-client.ts'
import { newWorld } from '../../support/scripted-client.ts'
import type { ScriptedRequest } from '../../support/scripted-server.ts'
import { aStat } from '../../support/scripted-server.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

const unhandled: unknown[] = []
const note = (reason: unknown): void => {
  unhandled.push(reason)
}
process.on('unhandledRejection', note)
t.teardown(() => process.off('unhandledRejection', note))

interface Scene extends World {
  readonly calls: Outcome<unknown>[]
  readonly abort: AbortController
  /** Take listeners back. */
  readonly offs: (() => void)[]
}

const bodies: Readonly<Record<string, unknown>> = {
  getData: { data: Buffer.from('x'), stat: aStat },
  create: { path: '/a', stat: aStat },
  setData: aStat,
  multi: { outcomes: [{ type: 'delete' }] },
  addWatch: { err: 0 },
  sync: { path: '/' },
}

/** Answers up to `count` requests of the newest connection. */
function answer({ ensemble }: Scene, count: number): void {
  const link = ensemble.connections.findLast(({ word }) => word === undefined)
  for (let i = 0; link !== undefined && i < count && link.waiting > 0; i++) {
    const request = link.requests[link.requests.length - link.waiting] as ScriptedRequest
    link.take(request.name)
    if (request.name === 'auth') link.raw('00000010 fffffffc 0000000000000000 00000000')
    else if (request.name in bodies) link.reply(request, bodies[request.name])
    else link.refuse(request, request.name === 'exists' ? -101 : 0)
  }
}

const steps: Readonly<Record<string, (scene: Scene, amount: number) => unknown>> = {
  reads: ({ zk, calls }, amount) => {
    for (let i = 0; i < amount; i++) calls.push(outcomeOf(zk.get(`/r${i}`, { watch: () => {} })))
  },
  writes: ({ zk, calls, abort }, amount) => {
    calls.push(outcomeOf(zk.create('/w', 'x', { timeout: amount * 100 })))
    calls.push(outcomeOf(zk.set('/w', 'x', { signal: abort.signal })))
    calls.push(outcomeOf(zk.transaction().delete('/w').commit()))
  },
  whole: ({ zk, calls }) => {
    calls.push(outcomeOf(zk.create('/p/q/r', 'x', { parents: true })))
    calls.push(outcomeOf(zk.delete('/p', { recursive: true })))
  },
  waits: ({ zk, calls, abort }, amount) => {
    calls.push(outcomeOf(zk.connect({ timeout: amount * 200 })))
    calls.push(outcomeOf(zk.sync('/', { signal: abort.signal })))
    calls.push(outcomeOf(zk.addAuth('digest', `u${amount}:p`)))
  },
  streams: ({ zk, calls, abort }) => {
    calls.push(outcomeOf(readAll(zk.watch('/s', { recursive: true, signal: abort.signal }))))
    calls.push(outcomeOf(readAll(zk.states({ signal: abort.signal }))))
  },
  /** Listeners that do what they like, a few times. */
  moods: ({ zk, calls, offs }, amount) => {
    const moods = [
      () => zk.restart({ timeout: 5000 }),
      () => zk.close(),
      () => zk.connect({ timeout: 5000 }),
      () => zk.get('/m'),
    ]
    let left = 1 + (amount % 5)
    const react = (): void => {
      const mood = moods[(amount + left) % moods.length] as () => Promise<unknown>
      if (left-- > 0) calls.push(outcomeOf(mood()))
    }
    for (const event of ['state', 'expired', 'closing', 'attemptFailed'] as const)
      offs.push(zk.on(event, react))
    if (amount % 3 === 0) calls.push(outcomeOf(zk.close()))
    if (amount % 6 === 0) calls.push(outcomeOf(zk.restart({ timeout: 5000 })))
  },
  answers: (scene, amount) => answer(scene, amount),
  time: ({ clock }, amount) => clock.advance(amount * 400),
  cut: ({ ensemble }) => ensemble.connections.at(-1)?.close(),
  silence: ({ ensemble }) => {
    for (const connection of ensemble.connections) connection.pongs = false
  },
  garbage: ({ ensemble }, amount) => ensemble.connections.at(-1)?.raw(Buffer.alloc(amount, 0xff)),
  refuse: ({ ensemble }) => {
    ensemble.reach = () => 'refused'
  },
  hang: ({ ensemble }) => {
    ensemble.reach = () => 'hanging'
  },
  mute: ({ ensemble }) => {
    ensemble.onHandshake = () => {}
  },
  heal: ({ ensemble }) => {
    ensemble.reach = () => 'open'
    ensemble.onHandshake = connection => ensemble.admit(connection)
  },
  expire: ({ ensemble }) => ensemble.expireAll(),
  abort: ({ abort }) => abort.abort(new ZooKeeperError('OPERATION_TIMEOUT', { message: 'aborted' })),
  full: ({ ensemble }) => {
    const link = ensemble.connections.at(-1)
    if (link !== undefined) link.transport.full = !link.transport.full
  },
}

async function readAll(stream: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  for await (const _ of stream) count++
  return count
}

async function play(t: Test, plan: readonly [string, number][], onExpired: 'renew' | 'close'): Promise<void> {
  const options = { servers: 'one:1,two:2', onExpired, maxQueuedRequests: 40, requestTimeout: 6000 }
  const world = newWorld(t, options)
  const scene: Scene = { ...world, calls: [], abort: new AbortController(), offs: [] }
  for (const [step, amount] of plan) {
    await steps[step]?.(scene, amount)
    await scene.clock.settle()
  }
  for (const off of scene.offs) off()
  const closing = outcomeOf(scene.zk.close())
  await scene.clock.advance(1000)
  await microtasks()
  if (closing.state !== 'resolved') throw new Error('close() did not resolve')
  const open = scene.calls.filter(({ state }) => state === 'pending').length
  if (open > 0) throw new Error(`${open} of ${scene.calls.length} promises are pending`)
  for (const { error } of scene.calls) {
    if (error !== undefined && !ZooKeeperError.is(error)) throw new Error('no typed error', { cause: error })
  }
  const { queued, inFlight, watches } = scene.zk.status()
  if (queued + inFlight + watches > 0) throw new Error(`left: ${queued} ${inFlight} ${watches}`)
  if (scene.clock.scheduled > 0) throw new Error(`${scene.clock.scheduled} tasks are left`)
  if (scene.ensemble.connections.some(({ closed }) => !closed)) throw new Error('a connection is left')
  if (unhandled.length > 0) throw new Error('unhandled', { cause: unhandled[0] })
}

t.test('H10: after close() nothing is pending, whatever happened before', async t => {
  const step = fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.integer({ min: 1, max: 30 }))
  const any = fc.asyncProperty(
    fc.array(step, { minLength: 3, maxLength: 25 }),
    fc.constantFrom('renew' as const, 'close' as const),
    (plan, onExpired) => play(t, plan, onExpired),
  )
  await t.resolves(fc.assert(any, runs(250)))
})

t.test('H10: without close(), every call settles in its time all the same', async t => {
  const step = fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.integer({ min: 1, max: 30 }))
  const any = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async plan => {
    const world = newWorld(t, { requestTimeout: 6000 })
    const scene: Scene = { ...world, calls: [], abort: new AbortController(), offs: [] }
    const endless = new Set(['streams'])
    for (const [name, amount] of plan.filter(([name]) => !endless.has(name))) {
      await steps[name]?.(scene, amount)
      await scene.clock.settle()
    }
    for (const off of scene.offs) off()
    await scene.clock.advance(10_000)
    const open = scene.calls.filter(({ state }) => state === 'pending').length
    if (open > 0) throw new Error(`${open} of ${scene.calls.length} promises are pending`)
  })
  await t.resolves(fc.assert(any, runs(100)))
})
