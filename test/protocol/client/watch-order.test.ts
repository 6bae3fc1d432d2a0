// When watchers are called, beside the answers of the same chunk, and what keeps a persistent watch where a one-shot comes.
import { Buffer } from 'node:buffer'
import { FrameEncoder } from '../../../protocol/frame.ts'
import type { JuteWriter } from '../../../protocol/jute/writer.ts'
import { stat } from '../../../protocol/records/data.ts'
import { replyHeader } from '../../../protocol/records/headers.ts'
import { watcherEvent } from '../../../protocol/records/watches.ts'
import { outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, reconnect } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

function chunkOf(...frames: ((writer: JuteWriter) => void)[]): Buffer {
  const encoder = new FrameEncoder()
  for (const write of frames) {
    write(encoder.begin())
    encoder.end()
  }
  return Buffer.from(encoder.take().bytes)
}

t.test(
  'H21: order: of one chunk, an event is heard behind the answers before it, and before those after it',
  async t => {
    const { zk, clock, ensemble } = await connectedWorld(t)
    const { link } = ensemble
    const order: string[] = []
    const watch = (): number => order.push('event')
    const note = (text: string) => (): number => order.push(text)
    outcomeOf(zk.exists('/a', { watch }).then(note('first')))
    outcomeOf(zk.exists('/a').then(note('second')))
    await clock.settle()
    const [first, second] = [link.take('exists').xid, link.take('exists').xid]
    const reply =
      (xid: number) =>
      (writer: JuteWriter): void => {
        replyHeader.write(writer, { xid, zxid: 5n, err: 0 })
        stat.write(writer, aStat)
      }
    const event = (writer: JuteWriter): void => {
      replyHeader.write(writer, { xid: -1, zxid: 6n, err: 0 })
      watcherEvent.write(writer, { type: 3, state: 3, path: '/a' })
    }
    link.transport.deliver(chunkOf(reply(first), event, reply(second)))
    await clock.settle()
    t.strictSame(order, ['first', 'event', 'second'])
  },
)

t.test(
  'H18: persistent: before 3.9 a one-shot watch would take its place, so it is armed again behind each',
  async t => {
    for (const recursive of [false, true]) {
      const { zk, clock, ensemble } = await connectedWorld(t)
      const { link } = ensemble
      const stream = zk.watch('/a', { recursive })
      outcomeOf(stream.next())
      await clock.settle()
      link.reply(link.take('addWatch'), { err: 0 })
      await clock.settle()
      const asked = [
        zk.get('/a', { watch: () => {} }),
        zk.exists('/a', { watch: () => {} }),
        zk.getChildren('/a', { watch: () => {} }),
        zk.get('/a'),
        zk.get('/b', { watch: () => {} }),
      ]
      for (const promise of asked) outcomeOf<unknown>(promise)
      await clock.settle()
      t.strictSame(link.names.slice(1), [
        ...['getData', 'addWatch', 'exists', 'addWatch', 'getChildren', 'addWatch'],
        ...['getData', 'getData'],
      ])
      t.match(link.requests[2], { body: { path: '/a', mode: recursive ? 1 : 0 } })
      await stream.return()
    }
  },
)

t.test('H17: batches: the answer to one does not hide what the next was about to report', async t => {
  const world = await connectedWorld(t)
  const { zk, clock, ensemble } = world
  const relative = (): bigint[] =>
    ensemble.link.requests.map(({ body }) => (body as { relativeZxid: bigint }).relativeZxid)
  for (const name of ['a', 'b']) {
    outcomeOf(zk.get(`/${name.repeat(70_000)}`, { watch: () => {} }))
    await clock.settle()
    ensemble.link.reply(ensemble.link.take('getData'), { data: null, stat: aStat }, 500n)
    await clock.settle()
  }
  await reconnect(world)
  t.strictSame(
    [ensemble.link.names, relative()],
    [
      ['setWatches', 'setWatches'],
      [500n, 500n],
    ],
  )
  ensemble.link.reply(ensemble.link.take('setWatches'), undefined, 900n)
  await clock.settle()
  await reconnect(world)
  t.strictSame(relative(), [500n, 500n], 'the second was never answered')
  for (const _ of [1, 2]) ensemble.link.reply(ensemble.link.take('setWatches'), undefined, 950n)
  await clock.settle()
  await reconnect(world)
  t.strictSame(relative(), [950n, 950n])
})
