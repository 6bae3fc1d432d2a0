// A client that is being closed: the server may have ended the session before its answer is here.
import { codeOf, outcomeOf } from '../../support/outcome.ts'
import { connectedWorld } from '../../support/scripted-client.ts'
import { t } from '../../tap.ts'

t.test('close: told at once and once for each end, whoever listens', async t => {
  const { zk, clock, ensemble, warnings } = await connectedWorld(t)
  let told = 0
  zk.on('closing', () => {
    throw new Error('a listener throws')
  })
  zk.on('closing', () => told++)
  const closings = [outcomeOf(zk.close()), outcomeOf(zk.close())]
  t.equal(told, 1)
  t.match(warnings, [{ message: 'a listener throws' }])
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('closeSession'))
  await clock.settle()
  t.strictSame(
    closings.map(({ state }) => state),
    ['resolved', 'resolved'],
  )
  outcomeOf(zk.restart())
  await clock.settle()
  const again = outcomeOf(zk.close())
  t.equal(told, 2)
  await clock.advance(2000)
  t.equal(again.state, 'resolved')
})

t.test(
  'close: from its request on nothing is known to live on, so that no lock is taken to be held',
  async t => {
    const { zk, clock, ensemble } = await connectedWorld(t)
    t.ok(zk.sessionRemaining > 0)
    const closing = outcomeOf(zk.close())
    t.equal(zk.sessionRemaining, 0)
    await clock.settle()
    t.equal(closing.state, 'pending', 'the answer is on its way, or lost')
    t.equal(zk.sessionRemaining, 0)
    ensemble.link.reply(ensemble.link.take('closeSession'))
    await clock.settle()
    t.equal(closing.state, 'resolved')
    t.equal(zk.sessionRemaining, 0)
  },
)

t.test('close: who connects a client that is being closed is not told that it is connected', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const closing = outcomeOf(zk.close())
  const connecting = outcomeOf(zk.connect())
  await clock.settle()
  t.strictSame([zk.state, connecting.state], ['connected', 'pending'])
  const { link } = ensemble
  link.reply(link.take('closeSession'))
  await clock.settle()
  t.strictSame([closing.state, codeOf(connecting)], ['resolved', 'CLOSED'])
})
