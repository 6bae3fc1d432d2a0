// Servers that answer the request to arm watches with an error, and stay.
import { outcomeOf, outcomesOf } from '../../support/outcome.ts'
import type { World, WorldOptions } from '../../support/scripted-client.ts'
import { connectedWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

t.test('H16: a server without a leader to ask arms watches when it has one again', async t => {
  // So ClickHouse Keeper answers meanwhile, on connections that stay.
  for (const number of [-4, -7]) {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble, warnings } = world
    const seen: string[] = []
    const stream = zk.watch('/b')
    outcomesOf(zk.get('/a', { watch: ({ type }) => seen.push(type) }), stream.next())
    await clock.settle()
    ensemble.link.reply(ensemble.link.take('getData'), { data: null, stat: aStat })
    ensemble.link.reply(ensemble.link.take('addWatch'), { err: 0 })
    await clock.settle()
    await reconnect(world)
    for (let i = 0; i < 4; i++) {
      ensemble.link.refuse(ensemble.link.take('setWatches2'), number)
      await clock.settle()
      t.equal(ensemble.link.waiting, 0, 'not at once')
      await clock.advance(1000)
    }
    ensemble.link.reply(ensemble.link.take('setWatches2'))
    ensemble.link.notify('dataChanged', '/a')
    await clock.settle()
    t.strictSame([seen, warnings, ensemble.connections.length], [['nodeDataChanged'], [], 2])
    const told = outcomeOf(stream.next())
    await clock.settle()
    t.match(told.value, { value: { type: 'resync' } })
    await stream.return()
  }
})

t.test(
  'H16: where the server that did not take them is lost, the next one is asked, in the same way',
  async t => {
    const world = await connectedWorld(t)
    const { zk, clock, ensemble, warnings } = world
    outcomeOf(zk.exists('/a', { watch: () => {} }))
    await clock.settle()
    ensemble.link.refuse(ensemble.link.take('exists'), -101, 500n)
    await clock.settle()
    await reconnect(world)
    ensemble.link.refuse(ensemble.link.take('setWatches'), -7, 900n)
    await clock.settle()
    await reconnect(world)
    t.match(ensemble.link.requests, [
      { name: 'setWatches', body: { relativeZxid: 500n, existWatches: ['/a'] } },
    ])
    t.strictSame(warnings, [])
  },
)

/** A client that watches `/a`, on its second connection. */
async function rearming(t: Test, options?: WorldOptions): Promise<World & { readonly seen: string[] }> {
  const world = await connectedWorld(t, options)
  const { zk, clock, ensemble } = world
  const seen: string[] = []
  outcomeOf(zk.get('/a', { watch: ({ type }) => seen.push(type) }))
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('getData'), { data: null, stat: aStat }, 500n)
  await clock.settle()
  await reconnect(world)
  return { ...world, seen }
}

/** Refuses to arm watches as often as it is asked, until the client is gone; tells when, in milliseconds. */
async function refuseAll({ clock, ensemble }: World, number: number): Promise<number[]> {
  const { link } = ensemble
  const start = clock.now()
  const asked: number[] = []
  for (let ms = 0; !link.closed; ms += 100) {
    if (ms > 60_000) throw new Error('the client stays')
    const request = link.requests.filter(({ name }) => name === 'setWatches')[asked.length]
    if (request !== undefined) {
      asked.push(clock.now() - start)
      link.refuse(request, number)
    }
    await clock.advance(100)
  }
  return asked
}

t.test('H16: whatever error a server has for them, it is asked again, and the watches live', async t => {
  for (const number of [-1, -5, -8, -101, -102, -112, -9999]) {
    const world = await rearming(t)
    const { clock, ensemble, warnings, seen, states } = world
    for (let i = 0; i < 3; i++) {
      ensemble.link.refuse(ensemble.link.take('setWatches'), number)
      await clock.settle()
      t.equal(ensemble.link.waiting, 0, 'not at once')
      await clock.advance(1000)
    }
    const request = ensemble.link.take('setWatches')
    t.match(request.body, { relativeZxid: 500n, dataWatches: ['/a'] })
    ensemble.link.notify('dataChanged', '/a')
    ensemble.link.reply(request, undefined, 900n)
    await clock.advance(5000)
    t.strictSame([seen, warnings, ensemble.link.waiting], [['nodeDataChanged'], [], 0])
    t.strictSame(states, ['connected', 'suspended', 'connected'])
  }
})

t.test('H16: a server that goes on refusing is left: nobody watches without a watch', async t => {
  const world = await rearming(t)
  const { zk, clock, ensemble, warnings, seen, states } = world
  t.strictSame(await refuseAll(world, -5), [0, 200, 600, 1400])
  t.match(warnings, [{ code: 'MARSHALLING_ERROR', operation: 'setWatches' }])
  const read = outcomeOf(zk.get('/b'))
  await clock.advance(1000)
  t.strictSame(states, ['connected', 'suspended', 'connected', 'suspended', 'connected'])
  t.strictSame(ensemble.link.names, ['setWatches', 'getData'])
  const request = ensemble.link.take('setWatches')
  t.match(request.body, { relativeZxid: 500n, dataWatches: ['/a'] })
  ensemble.link.notify('dataChanged', '/a')
  ensemble.link.reply(request)
  ensemble.link.reply(ensemble.link.take('getData'), { data: null, stat: aStat })
  await clock.settle()
  t.strictSame([seen, read.state, zk.generation], [['nodeDataChanged'], 'resolved', 1])
})

// A connection that is left lasts for a second and a half: more than a third of the shorter timeout.
for (const sessionTimeout of [9000, 3000]) {
  t.test(
    `H7, H16: servers that all refuse are visited with growing pauses (${sessionTimeout} ms)`,
    async t => {
      const world = await rearming(t, { sessionTimeout })
      const { clock, ensemble, warnings, zk } = world
      const pauses: number[] = []
      for (let round = 0; round < 8; round++) {
        await refuseAll(world, -8)
        const left = clock.now()
        while (ensemble.link.closed) await clock.advance(10)
        pauses.push(clock.now() - left)
      }
      const longest = sessionTimeout / 4
      t.ok(
        pauses.slice(1, 4).every((pause, i) => pause > (pauses[i] as number)),
        pauses.join(),
      )
      t.ok(
        pauses.slice(-2).every(pause => pause >= longest - 250 && pause <= longest + 10),
        pauses.join(),
      )
      t.equal(warnings.length, 8, 'each connection that is given up is told')
      t.equal(zk.generation, 1, 'in one session')
      ensemble.link.reply(ensemble.link.take('setWatches'))
      await clock.advance(60_000)
      t.equal(zk.state, 'connected')
      t.equal(warnings.length, 8)
    },
  )
}

t.test('H16: batches are refused each for itself', async t => {
  const world = await connectedWorld(t, { maxRequestSize: 120 })
  const { zk, clock, ensemble, warnings } = world
  for (const path of [`/${'a'.repeat(60)}`, `/${'b'.repeat(60)}`]) {
    outcomeOf(zk.get(path, { watch: () => {} }))
    await clock.settle()
    ensemble.link.reply(ensemble.link.take('getData'), { data: null, stat: aStat }, 500n)
    await clock.settle()
  }
  await reconnect(world)
  const [a, b] = [ensemble.link.take('setWatches'), ensemble.link.take('setWatches')]
  ensemble.link.reply(a, undefined, 900n)
  ensemble.link.refuse(b, -5)
  await clock.advance(200)
  t.equal(ensemble.link.waiting, 1, 'the other one is armed')
  const again = ensemble.link.take('setWatches')
  t.strictSame(again.body, b.body)
  ensemble.link.reply(again, undefined, 900n)
  await clock.advance(5000)
  t.strictSame([ensemble.link.waiting, warnings, zk.state], [0, [], 'connected'])
})

t.test(
  'H16: a watch whose path does not fit into the request is told of, and costs no connection',
  async t => {
    const world = await connectedWorld(t, { maxRequestSize: 120 })
    const { zk, clock, ensemble, warnings } = world
    // As long as a read can carry it.
    outcomeOf(zk.get(`/${'a'.repeat(106)}`, { watch: () => {} }))
    await clock.settle()
    ensemble.link.reply(ensemble.link.take('getData'), { data: null, stat: aStat })
    await clock.settle()
    await reconnect(world)
    await clock.advance(60_000)
    t.match(warnings, [{ code: 'PACKET_TOO_LARGE', operation: 'setWatches' }])
    t.strictSame([zk.state, ensemble.connections.length], ['connected', 2])
  },
)
