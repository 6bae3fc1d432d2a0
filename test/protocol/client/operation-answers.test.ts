// What answers to operations mean beside their results: errors, bodies nobody asked for, and the newest zxid.
import { codeOf, failureOf, outcomeOf } from '../../support/outcome.ts'
import { connectedWorld } from '../../support/scripted-client.ts'
import { t } from '../../tap.ts'

t.test('operations: that there is no znode is an answer to exists, and an error to the others', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const exists = outcomeOf(zk.exists('/a'))
  const get = outcomeOf(zk.get('/a'))
  await clock.settle()
  for (const request of ensemble.link.requests) ensemble.link.refuse(request, -101)
  await clock.settle()
  t.strictSame(exists, { state: 'resolved', value: null, error: undefined })
  t.equal(codeOf(get), 'NO_NODE')
})

t.test('H4: operations: an error code of the future rejects, and nothing else happens', async t => {
  const { zk, clock, ensemble, states } = await connectedWorld(t)
  const got = outcomeOf(zk.get('/a'))
  await clock.settle()
  ensemble.link.refuse(ensemble.link.take('getData'), -998)
  await clock.settle()
  t.match(failureOf(got), { code: 'UNKNOWN', number: -998 })
  t.strictSame(states, ['connected'])
})

t.test('operations: the body behind an error is ignored', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const got = outcomeOf(zk.get('/a'))
  await clock.settle()
  ensemble.link.raw('00000014 00000001 0000000000000001 ffffff9b deadbeef')
  await clock.settle()
  t.equal(codeOf(got), 'NO_NODE')
  t.equal(zk.state, 'connected')
})

t.test('operations: surplus bytes behind an answer are ignored', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  const deleted = outcomeOf(zk.delete('/a'))
  await clock.settle()
  ensemble.link.raw('00000014 00000001 0000000000000001 00000000 deadbeef')
  await clock.settle()
  t.equal(deleted.state, 'resolved')
})

t.test('H21: operations: notifications, pings and auth answers do not move the newest zxid', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { auth: [{ scheme: 'digest', auth: 'a:b' }] })
  const { link } = ensemble
  link.notify('created', '/a', 99n)
  link.raw('00000010 fffffffe 0000000000000005 00000000')
  link.raw('00000010 fffffffc 0000000000000006 00000000')
  await clock.settle()
  t.equal(zk.lastZxid, 0n)
  t.equal(zk.state, 'connected', 'a ping answer that nobody asked for is no fault')
})

t.test('H27: operations: the newest zxid has no sign in its lower half', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t)
  outcomeOf(zk.delete('/a'))
  await clock.settle()
  ensemble.link.raw('00000010 00000001 00000001fffffffe 00000000')
  await clock.settle()
  t.equal(zk.lastZxid, 0x1_ffff_fffen)
})
