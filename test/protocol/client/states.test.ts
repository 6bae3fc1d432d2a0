// What users see of the session: connect(), events, and the stream of states.
import { getEventListeners } from 'node:events'
import type { StateChange } from '../../../protocol/client/state-stream.ts'
import { idReplacer } from '../../../protocol/ids.ts'
import { codeOf, failureOf, outcomeOf, outcomesOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld, reconnect } from '../../support/scripted-client.ts'
import { t } from '../../tap.ts'

/** Reads a stream to its end, and notes what comes. */
function follow(stream: AsyncIterable<StateChange>): { states: string[]; over: boolean } {
  const seen = { states: [] as string[], over: false }
  const read = async (): Promise<void> => {
    for await (const { state, generation } of stream) seen.states.push(`${state} ${generation}`)
    seen.over = true
  }
  void read()
  return seen
}

t.test('connect: resolves with the first session, and at once when there is one', async t => {
  const { zk, clock } = newWorld(t)
  const [first, second] = outcomesOf(zk.connect(), zk.connect())
  t.equal(first.state, 'pending')
  await clock.settle()
  t.strictSame([first.state, second.state], ['resolved', 'resolved'])
  await zk.connect()
})

t.test('connect: its timeout tells what went wrong last, and the client goes on', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  ensemble.reach = () => 'refused'
  const connecting = outcomeOf(zk.connect({ timeout: 500 }))
  await clock.advance(500)
  t.match(failureOf(connecting), {
    code: 'REQUEST_TIMEOUT',
    operation: 'connect',
    cause: { message: /ECONNREFUSED/ },
  })
  ensemble.reach = () => 'open'
  await clock.advance(2000)
  t.equal(zk.state, 'connected')
})

t.test('connect: an abort ends the waiting, and the client goes on', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  ensemble.reach = () => 'hanging'
  const controller = new AbortController()
  const { signal } = controller
  const connecting = outcomeOf(zk.connect({ signal }))
  await clock.settle()
  controller.abort(new Error('enough'))
  await clock.settle()
  t.match(connecting.error, { message: 'enough' })
  t.equal(getEventListeners(signal, 'abort').length, 0)
  t.equal(codeOf(outcomeOf(zk.connect({ signal: AbortSignal.abort(new Error('before')) }))), 'pending')
  ensemble.reach = () => 'open'
  await clock.advance(10_000)
  t.equal(zk.state, 'connected')
})

t.test('connect: says how the client ended', async t => {
  const { zk, clock } = newWorld(t)
  const connecting = outcomeOf(zk.connect())
  void zk.close()
  await clock.settle()
  t.match(failureOf(connecting), { code: 'CLOSED', operation: 'connect' })
})

t.test('H5: states: all of them, in their order, from the one at hand to the last', async t => {
  const world = newWorld(t)
  const { zk, clock, ensemble } = world
  const seen = follow(zk.states())
  outcomeOf(zk.connect())
  await clock.settle()
  await reconnect(world)
  ensemble.expireAll()
  await reconnect(world)
  await clock.settle()
  const closing = zk.close()
  await clock.advance(1000)
  await closing
  t.strictSame(seen.states, [
    'connecting 0',
    'connected 1',
    'suspended 1',
    'connected 1',
    'suspended 1',
    'expired 1',
    'connecting 1',
    'connected 2',
    'closed 2',
  ])
  t.equal(seen.over, true)
})

t.test('states: a slow reader misses nothing', async t => {
  const world = await connectedWorld(t)
  const stream = world.zk.states()
  const first = await stream.next()
  await reconnect(world)
  await reconnect(world)
  const closing = world.zk.close()
  await world.clock.advance(1000)
  await closing
  const states = [first.value?.state]
  for await (const { state } of stream) states.push(state)
  const wanted = ['connected', 'suspended', 'connected', 'suspended', 'connected', 'closed']
  t.strictSame(states, wanted)
})

t.test('states: a stream that is read late begins with the state then, without a gap', async t => {
  const { zk, clock } = newWorld(t)
  const stream = zk.states()
  outcomeOf(zk.connect())
  await clock.settle()
  const seen = follow(stream)
  await clock.settle()
  t.strictSame(seen.states, ['connected 1'])
})

t.test('states: an abort ends the stream, and nothing listens any more', async t => {
  const { zk, clock } = await connectedWorld(t)
  const controller = new AbortController()
  const seen = follow(zk.states({ signal: controller.signal }))
  await clock.settle()
  controller.abort()
  await clock.settle()
  t.equal(seen.over, true)
  t.equal(getEventListeners(controller.signal, 'abort').length, 0)
  const late = follow(zk.states({ signal: controller.signal }))
  await clock.settle()
  t.strictSame(late, { states: [], over: true })
})

t.test('states: a loop that is left stops listening', async t => {
  const { zk, clock } = await connectedWorld(t)
  const controller = new AbortController()
  for await (const { state } of zk.states({ signal: controller.signal })) {
    t.equal(state, 'connected')
    break
  }
  await clock.settle()
  t.equal(getEventListeners(controller.signal, 'abort').length, 0)
})

t.test('states: of a client that is closed: that one, and the end', async t => {
  const { zk, clock } = newWorld(t)
  void zk.close()
  await clock.settle()
  const seen = follow(zk.states())
  await clock.settle()
  t.strictSame(seen, { states: ['closed 0'], over: true })
})

t.test("states: with onExpired 'close', `expired` is the last", async t => {
  const world = await connectedWorld(t, { onExpired: 'close' })
  const seen = follow(world.zk.states())
  world.ensemble.expireAll()
  await reconnect(world)
  await world.clock.settle()
  t.strictSame(seen, { states: ['connected 1', 'suspended 1', 'expired 1'], over: true })
})

t.test('events: a change tells the state before, and the session', async t => {
  const { zk, clock } = newWorld(t)
  const changes: StateChange[] = []
  const off = zk.on('state', change => changes.push(change))
  outcomeOf(zk.connect())
  await clock.settle()
  t.strictSame(changes, [
    { state: 'connected', previous: 'connecting', generation: 1, sessionId: zk.sessionId },
  ])
  off()
  void zk.close()
  await clock.advance(1000)
  t.equal(changes.length, 1)
})

t.test(
  'H12: events: a listener that throws is a warning, and hurts neither client nor listeners',
  async t => {
    const { zk, clock, warnings } = newWorld(t)
    const problem = new Error('listener')
    const heard: string[] = []
    zk.on('state', () => {
      throw problem
    })
    zk.on('state', ({ state }) => heard.push(state))
    outcomeOf(zk.connect())
    await clock.settle()
    t.equal(zk.state, 'connected')
    t.strictSame(heard, ['connected'])
    t.strictSame(warnings, [problem])
  },
)

t.test('H12: events: a listener for warnings that throws is called once for each, and no more', async t => {
  const { zk, clock, warnings } = newWorld(t)
  let calls = 0
  zk.on('warning', () => {
    calls++
    throw new Error('warning listener')
  })
  zk.on('state', () => {
    throw new Error('listener')
  })
  outcomeOf(zk.connect())
  await clock.settle()
  t.equal(calls, 1)
  t.match(warnings, [{ message: 'listener' }])
  t.equal(zk.state, 'connected')
})

t.test('H12: events: without any listener, nothing of all this is fatal', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  ensemble.link.notify(99, '/x')
  ensemble.link.raw('ffffffff')
  await clock.advance(100)
  t.equal(zk.state, 'connected')
})

t.test('states: return() ends a stream that waits, at once', async t => {
  const { zk, clock } = await connectedWorld(t)
  const stream = zk.states()
  t.match(await stream.next(), { value: { state: 'connected' } })
  const waiting = outcomeOf(stream.next())
  const returned = outcomeOf(stream.return())
  await clock.settle()
  t.match(waiting, { state: 'resolved', value: { done: true } })
  t.match(returned, { state: 'resolved', value: { done: true } })
  t.match(await stream.next(), { done: true })
  t.match(await zk.states().return(), { done: true }, 'before its first item, too')
})

t.test('H12: status: the newest troubles stand in it, counted, without secrets', async t => {
  const auth = [{ scheme: 'digest', auth: 'bob:s3cret' }]
  const world = newWorld(t, { auth })
  const { zk, clock, ensemble } = world
  t.strictSame(zk.status().troubles, { warning: null, attemptFailed: null })
  ensemble.reach = () => 'refused'
  outcomeOf(zk.connect())
  await clock.advance(2000)
  const { attemptFailed, warning } = zk.status().troubles
  t.match(attemptFailed, { message: /^ConnectError: .*ECONNREFUSED/, at: Date })
  t.ok(attemptFailed!.count > 1)
  t.ok(Math.abs(attemptFailed!.at.getTime() - Date.now()) < 60_000)
  t.equal(warning, null)
  ensemble.reach = () => 'open'
  zk.on('state', () => {
    throw new Error(`digest ${auth[0]!.auth} and s3cret ${'x'.repeat(1000)}`)
  })
  await clock.advance(2000)
  const told = zk.status().troubles.warning
  t.equal(told?.count, 1)
  t.match(told?.message, /^Error: digest \*\*\* and \*\*\* x+$/)
  t.equal(told?.message.length, 500)
  t.notMatch(JSON.stringify(zk.status(), idReplacer), /s3cret/)
})
