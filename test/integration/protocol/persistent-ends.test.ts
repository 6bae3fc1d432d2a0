// How readers of persistent watches end, on a real server: the watch goes with its reader, whatever ended it.
import { eventually } from '../../support/eventually.ts'
import { within } from '../../support/own-time.ts'
import { ownServer } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { longSessions, onPersistentWatches, read, reading, stage } from './stream-support.ts'
import { connectedAgain, errorOf, passed } from './support.ts'

const server = await ownServer(t, { tickTime: 500, config: longSessions })

const test = onPersistentWatches({ jobs: 16, timeout: 90_000 })

test('the watch goes with its reader: signal, break, return, return while it waits, throw', async t => {
  const { zk, other, watched } = await stage(t, server)
  await other.create('/a')
  const gone = (): Promise<boolean> =>
    eventually('the watch is gone', async () => (await watched()).length === 0)
  const reader = await reading(t, zk, '/a')
  t.same(await watched(), ['/a'])
  t.equal(await reader.stop(), 'over', 'a signal ends the stream without an error')
  await gone()
  for await (const _ of zk.watch('/a', { recursive: true })) {
    t.same(await watched(), ['/a'])
    break
  }
  await gone()
  const returned = zk.watch('/a')
  await returned.next()
  t.same(await returned.return(), { value: undefined, done: true })
  await gone()
  const waiting = zk.watch('/a')
  await waiting.next()
  const next = waiting.next()
  t.same(await within(5000, waiting.return()), { value: undefined, done: true })
  t.same(await next, { value: undefined, done: true })
  await gone()
  const thrown = await errorOf(
    (async () => {
      for await (const _ of zk.watch('/a')) throw new Error('from the loop')
    })(),
  )
  t.match(thrown, { message: 'from the loop' })
  await gone()
  t.equal(zk.status().watches, 0)
})

test('a stream that was never read, or that is aborted before, arms nothing', async t => {
  const { zk, watched } = await stage(t, server)
  zk.watch('/a')
  const stream = zk.watch('/a')
  await stream.return()
  const aborted = read(t, zk, '/a', { signal: AbortSignal.abort(new Error('before')) })
  await aborted.done
  await zk.sync('/')
  t.same(await watched(), [])
  t.same(aborted.heard, [])
  t.equal(zk.status().watches, 0)
})

test('aborted while there is no link, a stream ends at once and nothing is armed later', async t => {
  const { zk, root, other, proxy, history, watched } = await stage(t, server)
  await other.create('/a')
  const armed = await reading(t, zk, '/a')
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await passed(history, 'suspended')
  const arming = read(t, zk, '/b')
  await within(5000, Promise.all([arming.stop(), armed.stop()]))
  t.same(arming.heard, [])
  proxy.set({ kind: 'pass' })
  await connectedAgain(root)
  await zk.sync('/')
  await eventually('nothing is watched', async () => (await watched()).length === 0)
  t.equal(zk.status().watches, 0)
})

test('close() ends every stream; after it there is none', async t => {
  const { zk, root } = await stage(t, server)
  const plain = await reading(t, zk, '/a')
  const deep = await reading(t, zk, '/', { recursive: true })
  await root.close()
  t.equal(await plain.done, 'over')
  t.equal(await deep.done, 'over')
  t.match(await read(t, zk, '/a').done, { code: 'CLOSED' })
})
