// The numbers that requests go out with: those that the session makes for itself count like all others.
import { outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

t.test('H17: the requests to arm watches again have ordinary numbers, each one of its own', async t => {
  // -8, which other clients send, would make several batches look alike; Java's does not send it either.
  const world = await connectedWorld(t, { maxRequestSize: 120 })
  const { zk, clock, ensemble } = world
  const heard: string[] = []
  const watch = ({ path }: { path: string }): void => {
    heard.push(path)
  }
  const paths = ['a', 'b', 'c'].map(name => `/${name.repeat(60)}`)
  const stream = zk.watch('/p')
  const first = outcomeOf(stream.next())
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('addWatch'), { err: 0 })
  for (const path of paths) {
    outcomeOf(zk.get(path, { watch }))
    await clock.settle()
    ensemble.link.reply(ensemble.link.take('getData'), { data: null, stat: aStat })
  }
  await clock.settle()
  t.equal(first.state, 'resolved')
  const last = ensemble.link.requests.at(-1)?.xid as number
  await reconnect(world)
  const read = outcomeOf(zk.exists('/b'))
  await clock.settle()
  const { link } = ensemble
  t.strictSame(link.names, ['setWatches', 'setWatches', 'setWatches2', 'exists'])
  t.strictSame(
    link.requests.map(({ xid }) => xid - last),
    [1, 2, 3, 4],
  )
  for (const name of ['setWatches', 'setWatches', 'setWatches2']) link.reply(link.take(name))
  link.reply(link.take('exists'), aStat)
  await clock.settle()
  t.strictSame([zk.state, read.state, heard], ['connected', 'resolved', []])
  await stream.return()
})
