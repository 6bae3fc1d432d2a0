// The diagnostics channels and status(): what monitors are told, and that nothing is told to nobody.
import { Buffer } from 'node:buffer'
import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { channels } from '../../../protocol/support/diagnostics.ts'
import { outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

const STATE = 'nd-service-registry:state'
const CONNECT = 'nd-service-registry:connect'
const REQUEST = 'nd-service-registry:request'

/** Messages of a channel until the test ends. */
function messages(t: Test, name: string): unknown[] {
  const heard: unknown[] = []
  const listener = (message: unknown): void => {
    heard.push(message)
  }
  subscribe(name, listener)
  t.teardown(() => unsubscribe(name, listener))
  return heard
}

interface Heard {
  readonly phase: 'start' | 'end' | 'error'
  readonly message: object
  /** As it stood when it was published. */
  readonly copy: Record<string, unknown>
}

/** What a tracing channel for requests publishes, in order. */
function traces(t: Test): Heard[] {
  const heard: Heard[] = []
  const note = (phase: Heard['phase']) => (message: object) => {
    heard.push({ phase, message, copy: { ...message } })
  }
  const handlers = { start: note('start'), asyncEnd: note('end'), error: note('error') }
  const unheard = (): void => {
    t.fail('requests have neither an end nor an asyncStart')
  }
  const subscribers = { ...handlers, end: unheard, asyncStart: unheard }
  const tracing = tracingChannel(REQUEST)
  tracing.subscribe(subscribers)
  t.teardown(() => tracing.unsubscribe(subscribers))
  return heard
}

t.test('diagnostics: every change of the state, as listeners hear it', async t => {
  const world = newWorld(t)
  const heard = messages(t, STATE)
  const connecting = world.zk.connect()
  await world.clock.settle()
  await connecting
  const { sessionId } = world.zk
  world.ensemble.expireAll()
  await reconnect(world)
  t.match(heard[0], { state: 'connected', previous: 'connecting', generation: 1, sessionId })
  t.strictSame(
    heard.map(message => (message as { state: string }).state),
    ['connected', 'suspended', 'expired', 'connecting', 'connected'],
  )
  t.match(heard.at(-1), { generation: 2, sessionId: world.zk.sessionId })
})

t.test('diagnostics: every attempt to connect, with its server, and its error or its session', async t => {
  const { zk, clock, ensemble } = newWorld(t, { servers: 'one:1,two:2,none:3' })
  const heard = messages(t, CONNECT)
  ensemble.reach = ({ port }) => (port === 1 ? 'refused' : 'open')
  zk.connect().catch(() => {})
  await clock.settle()
  t.match(heard, [
    { server: 'one (10.0.0.1:1)', error: { message: /ECONNREFUSED/ }, sessionId: 0n },
    { server: 'two:2', error: null, sessionId: zk.sessionId },
  ])
  t.not(zk.sessionId, 0n)
})

t.test('diagnostics: an attempt that found no address has no server', async t => {
  const lookup = (): Promise<string[]> => Promise.reject(new Error('ENOTFOUND'))
  const world = newWorld(t, { lookup })
  const heard = messages(t, CONNECT)
  world.zk.connect().catch(() => {})
  await world.clock.settle()
  t.match(heard, [{ server: null, error: { message: /ENOTFOUND/ } }])
})

t.test('diagnostics: a request from its call to its answer', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { servers: 'zk/app' })
  const heard = traces(t)
  const read = outcomeOf(zk.get('/a'))
  await clock.settle()
  t.strictSame(
    heard.map(({ phase }) => phase),
    ['start'],
  )
  await clock.advance(30)
  const request = ensemble.link.take('getData')
  ensemble.link.reply(request, { data: Buffer.from('0123456789'), stat: aStat })
  await clock.settle()
  t.equal(read.state, 'resolved')
  t.strictSame(
    heard.map(({ phase }) => phase),
    ['start', 'end'],
  )
  t.equal(heard[0]?.message, heard[1]?.message, 'one object through its whole life')
  t.strictSame(
    { ...heard[1]?.copy },
    {
      operation: 'getData',
      opcode: 4,
      path: '/a',
      xid: request.xid,
      duration: 30,
      // Header, path with its length and the chroot, watch flag.
      bytesSent: 8 + 4 + 6 + 1,
      // Header, data with its length, Stat.
      bytesReceived: 16 + 4 + 10 + 68,
    },
  )
})

t.test('diagnostics: a request that fails tells its error, and then its end', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const heard = traces(t)
  const refused = outcomeOf(zk.delete('/a'))
  const late = outcomeOf(zk.set('/b', 'x', { timeout: 50 }))
  await clock.settle()
  ensemble.link.refuse(ensemble.link.take('delete'), -101)
  await clock.advance(100)
  t.strictSame([refused.state, late.state], ['rejected', 'rejected'])
  t.match(heard.slice(2), [
    { phase: 'error', copy: { operation: 'delete', error: refused.error, bytesReceived: 16 } },
    { phase: 'end', copy: { operation: 'delete', error: refused.error } },
    { phase: 'error', copy: { operation: 'setData', opcode: 5, error: late.error, bytesReceived: 0 } },
    { phase: 'end', copy: { operation: 'setData', path: '/b' } },
  ])
})

t.test('diagnostics: a request that had to wait tells the bytes that it took on the wire', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  const heard = traces(t)
  outcomeOf(zk.set('/a', 'data'))
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('setData'), aStat)
  await clock.settle()
  // Header, path and data with their lengths, version.
  const bytesSent = 8 + (4 + 2) + (4 + 4) + 4
  t.match(heard.at(-1)?.copy, { operation: 'setData', xid: 1, bytesSent })
})

t.test('diagnostics: a request that was never sent has neither number nor bytes', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  ensemble.reach = () => 'refused'
  const heard = traces(t)
  outcomeOf(zk.get('/a', { timeout: 40 }))
  await clock.advance(100)
  t.match(heard.at(-1)?.copy, { operation: 'getData', xid: 0, bytesSent: 0, bytesReceived: 0 })
})

t.test('diagnostics: without subscribers nothing is published, nor made', async t => {
  const published: string[] = []
  for (const [name, channel] of Object.entries(channels)) {
    channel.publish = () => published.push(name)
    t.teardown(() => Reflect.deleteProperty(channel, 'publish'))
  }
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  outcomeOf(zk.get('/a'))
  await clock.settle()
  ensemble.link.refuse(ensemble.link.take('getData'), -101)
  ensemble.reach = () => 'refused'
  ensemble.link.close()
  await clock.advance(13_000)
  ensemble.reach = () => 'open'
  await clock.advance(31_000)
  t.equal(zk.generation, 2)
  t.strictSame(published, [])
})

t.test('diagnostics: a subscriber that comes late hears of what begins then, and no less', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  outcomeOf(zk.get('/early'))
  const heard = traces(t)
  outcomeOf(zk.get('/late'))
  await clock.settle()
  for (const name of ['getData', 'getData']) ensemble.link.refuse(ensemble.link.take(name), -101)
  await clock.settle()
  t.strictSame(
    heard.map(({ phase, copy }) => `${phase} ${copy.path}`),
    ['start /late', 'error /late', 'end /late'],
  )
})

t.test('H33: diagnostics carry no credentials, no session password and no data', async t => {
  const world = newWorld(t, { auth: [{ scheme: 'digest', auth: 'bob:sesame-open' }] })
  const { zk, clock, ensemble } = world
  const heard = [messages(t, STATE), messages(t, CONNECT)]
  const requests = traces(t)
  zk.connect().catch(() => {})
  await clock.settle()
  outcomeOf(zk.set('/a', 'node-data'))
  outcomeOf(zk.create('/b', 'node-data'))
  outcomeOf(zk.transaction().create('/c', 'node-data').commit())
  outcomeOf(zk.addAuth('digest', 'eve:sesame-shut'))
  outcomeOf(zk.get('/d'))
  await clock.settle()
  const { link } = ensemble
  for (const request of link.requests.filter(({ name }) => name !== 'auth')) {
    if (request.name === 'getData') link.reply(request, { data: Buffer.from('node-data'), stat: aStat })
    else link.refuse(request, -102)
  }
  ensemble.expireAll()
  await reconnect(world)
  ensemble.link.raw('7fffffff')
  await clock.advance(5000)
  t.ok(requests.length >= 10 && (heard[0]?.length ?? 0) > 3 && (heard[1]?.length ?? 0) > 2)
  const shown = inspect([heard, requests], { depth: 12, showHidden: true })
  const secrets = ['sesame', 'secret 25', 'node-data'].flatMap(secret => [
    secret,
    Buffer.from(secret).toString('base64').slice(0, 7),
    inspect(Buffer.from(secret)).slice(8, -1),
  ])
  t.strictSame(
    secrets.filter(secret => shown.includes(secret)),
    [],
  )
})

t.test('status: before, during and after', async t => {
  const { zk, clock, ensemble } = newWorld(t)
  const troubles = { warning: null, attemptFailed: null }
  const idle = {
    generation: 0,
    sessionRemaining: Number.POSITIVE_INFINITY,
    server: null,
    laps: 0,
    lastZxid: 0n,
    queued: 0,
    inFlight: 0,
    watches: 0,
    troubles,
  }
  t.strictSame(zk.status(), { state: 'connecting', sessionId: 0n, sessionTimeout: 9000, ...idle })
  ensemble.sessionTimeout = 6000
  const watched = outcomeOf(zk.get('/a', { watch: () => {} }))
  outcomeOf(zk.get('/b'))
  t.match(zk.status(), { queued: 2, inFlight: 0 }, 'the first call connects, and waits')
  await clock.settle()
  t.match(zk.status(), {
    state: 'connected',
    sessionId: zk.sessionId,
    generation: 1,
    sessionTimeout: 6000,
    server: 'zk (10.0.0.1:2181)',
    laps: 1,
    queued: 0,
    inFlight: 2,
    watches: 0,
  })
  ensemble.link.reply(ensemble.link.take('getData'), { data: null, stat: aStat }, 77n)
  await clock.settle()
  t.equal(watched.state, 'resolved')
  t.match(zk.status(), { lastZxid: 77n, inFlight: 1, watches: 1 })
  ensemble.reach = () => 'refused'
  ensemble.link.close()
  await clock.settle()
  t.match(zk.status(), { state: 'suspended', server: null, queued: 1, inFlight: 0, watches: 1 })
  const closing = zk.close()
  await clock.advance(1000)
  await closing
  t.match(zk.status(), { state: 'closed', server: null, queued: 0, inFlight: 0, watches: 0 })
})

t.test('status: of a view is that of its client', async t => {
  const { zk } = await connectedWorld(t)
  t.strictSame(zk.chroot('/app').status(), zk.status())
})
