// What listeners may do while they hear of something: restart the client, close it, and both.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Outcome } from '../../support/outcome.ts'
import { outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld } from '../../support/scripted-client.ts'
import { t } from '../../tap.ts'

t.test('listeners: one restarts on a lost link, another on each expiry: one session follows', async t => {
  const { zk, clock, ensemble, states } = await connectedWorld(t)
  let expiries = 0
  zk.on('expired', () => {
    expiries++
    // Without end otherwise: the test is to fail, not to hang.
    if (expiries < 10) outcomeOf(zk.restart())
  })
  const off = zk.on('state', ({ state }) => {
    if (state !== 'suspended') return
    off()
    outcomeOf(zk.restart())
  })
  ensemble.link.close()
  await clock.advance(1000)
  t.equal(expiries, 1)
  t.strictSame(states, ['connected', 'suspended', 'expired', 'connecting', 'connected'])
  t.equal(ensemble.connections.length, 2)
})

t.test(
  'listeners: a session that begins in one is new to those who restart when they hear of it',
  async t => {
    const { zk, clock, ensemble } = await connectedWorld(t)
    let begun = 0
    zk.on('state', ({ state }) => {
      if (state === 'suspended') {
        outcomeOf(zk.close())
        outcomeOf(zk.restart())
      }
      if (state === 'connecting' && ++begun < 10) outcomeOf(zk.restart())
    })
    ensemble.link.close()
    await clock.advance(1000)
    t.equal(begun, 1)
    t.equal(zk.state, 'connected')
  },
)

t.test(
  'listeners: a client that one closes and restarts is told as connected to who restarted it',
  async t => {
    const { zk, clock, ensemble, states } = await connectedWorld(t)
    let restarted: Outcome<void> | undefined
    const off = zk.on('state', ({ state }) => {
      if (state !== 'suspended') return
      off()
      outcomeOf(zk.close())
      restarted = outcomeOf(zk.restart())
    })
    ensemble.link.close()
    await clock.advance(1000)
    t.strictSame(states, ['connected', 'suspended', 'closed', 'connecting', 'connected'])
    t.equal(restarted?.state, 'resolved', 'the end of the session before is no news to it')
  },
)

for (const event of ['closing', 'state'] as const) {
  t.test(
    `listeners: a client that is restarted when it is closed (${event}) can be closed again`,
    async t => {
      const { zk, clock, ensemble } = newWorld(t)
      ensemble.reach = () => 'refused'
      outcomeOf(zk.connect())
      await clock.settle()
      const off = zk.on(event, change => {
        if (change !== undefined && change.state !== 'closed') return
        off()
        outcomeOf(zk.restart())
      })
      const closed = outcomeOf(zk.close())
      ensemble.reach = () => 'open'
      await clock.advance(1000)
      t.strictSame([closed.state, zk.state], ['resolved', 'connected'])
      ensemble.answerTo = () => 'imok'
      const asked = outcomeOf(zk.command('ruok'))
      await clock.settle()
      t.equal(asked.value, 'imok')
      const again = outcomeOf(zk.close())
      await clock.advance(1000)
      t.strictSame([again.state, zk.state], ['resolved', 'closed'])
      t.ok(ensemble.connections.every(connection => connection.closed))
    },
  )
}

t.test(
  'listeners: a subscriber of diagnostics may restart: no search for a writable server stays',
  async t => {
    const addresses = { a: ['10.0.0.1'], b: ['10.0.0.2'] }
    const { zk, clock, ensemble } = newWorld(t, { servers: 'a,b', addresses, readOnly: true })
    ensemble.onHandshake = link => ensemble.admit(link, { readOnly: link.address.host === 'a' })
    const asked: string[] = []
    ensemble.answerTo = word => {
      asked.push(word)
      return 'ro'
    }
    const restart = (): void => {
      unsubscribe('nd-service-registry:connect', restart)
      outcomeOf(zk.restart())
    }
    subscribe('nd-service-registry:connect', restart)
    outcomeOf(zk.connect())
    await clock.advance(120_000)
    t.strictSame([zk.state, asked], ['connected', []])
  },
)
