// One-shot watches against a real server: what fires, how often, and in which order with replies.
import type { WatchedEvent, Watcher } from '../../../protocol/index.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { client, connect, connectInChroot } from '../../support/zookeeper.ts'
import { errorOf } from './support.ts'

const test = concurrently({ jobs: 16, timeout: 90_000 })

/** A watcher that notes what it hears. */
function listener(): { watch: Watcher; heard: string[]; events: WatchedEvent[] } {
  const events: WatchedEvent[] = []
  const heard: string[] = []
  const watch = (event: WatchedEvent): void => {
    events.push(event)
    heard.push(`${event.type} ${event.path}`)
  }
  return { watch, heard, events }
}

test('a watch on data fires once', async t => {
  const zk = await connect(t)
  const { watch, heard, events } = listener()
  await zk.create('/a')
  await zk.get('/a', { watch })
  await zk.setAcl('/a', (await zk.getAcl('/a')).acl)
  await zk.create('/a/child')
  t.same(heard, [], 'neither the ACL nor a child is data')
  const { mzxid } = await zk.set('/a', 'b')
  t.same(heard, ['nodeDataChanged /a'])
  t.ok(
    events[0]?.zxid === mzxid || events[0]?.zxid === null,
    'the zxid of the change, where the server tells',
  )
  await zk.set('/a', 'c')
  t.equal(heard.length, 1)
})

test('exists watches a znode that is there, and one that is not', async t => {
  const zk = await connect(t)
  const { watch, heard } = listener()
  t.equal(await zk.exists('/a', { watch }), null)
  await zk.create('/a')
  await zk.set('/a', 'b')
  await zk.exists('/a', { watch })
  await zk.set('/a', 'c')
  await zk.exists('/a', { watch })
  await zk.create('/a/child')
  await zk.delete('/a', { recursive: true })
  t.same(heard, ['nodeCreated /a', 'nodeDataChanged /a', 'nodeDeleted /a'])
  await zk.create('/a')
  t.equal(heard.length, 3)
})

test('a watch on children fires when one comes or goes, and when the parent goes', async t => {
  const zk = await connect(t)
  const { watch, heard } = listener()
  await zk.create('/a')
  await zk.getChildren('/a', { watch })
  await zk.set('/a', 'data')
  t.same(heard, [])
  await zk.create('/a/child')
  await zk.getChildren('/a', { watch })
  await zk.set('/a/child', 'data')
  await zk.create('/a/child/grandchild')
  await zk.delete('/a/child/grandchild')
  await zk.delete('/a/child')
  await zk.getChildren('/a', { watch })
  await zk.delete('/a')
  t.same(heard, ['nodeChildrenChanged /a', 'nodeChildrenChanged /a', 'nodeDeleted /a'])
})

test('a read that fails arms nothing', async t => {
  const zk = await connect(t)
  const { watch, heard } = listener()
  t.match(await errorOf(zk.get('/none', { watch })), { code: 'NO_NODE' })
  t.match(await errorOf(zk.getChildren('/none', { watch })), { code: 'NO_NODE' })
  await zk.create('/none')
  await zk.delete('/none')
  t.same(heard, [])
})

test('an aborted read arms nothing', async t => {
  const zk = await connect(t)
  const { watch, heard } = listener()
  const controller = new AbortController()
  const read = errorOf(zk.exists('/a', { watch, signal: controller.signal }))
  controller.abort(new Error('changed my mind'))
  t.match(await read, { message: 'changed my mind' })
  await zk.create('/a')
  t.same(heard, [])
  t.equal(await zk.exists('/b', { watch }), null)
  await zk.create('/b')
  t.same(heard, ['nodeCreated /b'], 'the connection is sound')
})

test('one callback hears of one change once, several hear of it each', async t => {
  const zk = await connect(t)
  const [one, two] = [listener(), listener()]
  await zk.create('/a')
  await zk.get('/a', { watch: one.watch })
  await zk.get('/a', { watch: one.watch })
  await zk.exists('/a', { watch: one.watch })
  await zk.getChildren('/a', { watch: one.watch })
  await zk.exists('/a', { watch: two.watch })
  await zk.delete('/a')
  t.same(one.heard, ['nodeDeleted /a'])
  t.same(two.heard, ['nodeDeleted /a'])
})

test('a callback may watch again, and sees the newest state in the end', async t => {
  const { zk, connectString } = await connectInChroot(t)
  const other = await client(t, connectString)
  await zk.create('/a', '0')
  const seen: number[] = []
  const look = (): void => {
    zk.get('/a', { watch: look }).then(({ stat }) => seen.push(stat.version))
  }
  look()
  await eventually('the first look', () => seen.length === 1)
  for (let i = 1; i <= 200; i++) other.set('/a', `${i}`).catch(() => {})
  await eventually('the newest version', () => seen.at(-1) === 200)
  t.same(
    seen,
    [...new Set(seen)].sort((a, b) => a - b),
    'never back, never twice',
  )
})

test('H21: an event comes before every reply that shows its change', async t => {
  const { zk, connectString } = await connectInChroot(t)
  const other = await client(t, connectString)
  await zk.create('/a')
  for (let i = 1; i <= 100; i++) {
    let fired = false
    await zk.get('/a', { watch: () => (fired = true) })
    const written = other.set('/a', `${i}`)
    for (let version = 0; version < i; ) {
      const reads = await Promise.all([zk.get('/a'), zk.exists('/a'), zk.get('/a')])
      version = reads[2].stat.version
      const shown = reads.some(read => read !== null && ('stat' in read ? read.stat : read).version >= i)
      if (shown && !fired) t.fail(`version ${i} was read before its event`)
    }
    await written
  }
  let own = false
  await zk.get('/a', { watch: () => (own = true) })
  await zk.set('/a', 'own')
  t.ok(own, "the event of one's own write comes before its reply")
})

test('H21: a callback that throws harms nobody', async t => {
  const zk = await connect(t)
  const warnings: unknown[] = []
  const { watch, heard } = listener()
  const bad = (): never => {
    throw new Error('from the callback')
  }
  await zk.create('/a')
  await zk.get('/a', { watch: bad })
  await zk.get('/a', { watch })
  await zk.exists('/a', { watch: bad })
  await zk.set('/a', 'b')
  zk.on('warning', warning => warnings.push(warning))
  await zk.get('/a', { watch: bad })
  await zk.set('/a', 'c')
  t.same(heard, ['nodeDataChanged /a'])
  t.match(warnings, [{ message: 'from the callback' }])
  t.equal(warnings.length, 1)
  t.equal(zk.state, 'connected')
})

test('H29: events carry the path as the watching view writes it', async t => {
  const { zk, servers, chroot } = await connectInChroot(t)
  const root = await client(t, servers)
  const [outside, inside, deep] = [listener(), listener(), listener()]
  await zk.create('/sub/a', 'x', { parents: true })
  const view = zk.chroot('/sub')
  await root.get(`${chroot}/sub/a`, { watch: outside.watch })
  await zk.get('/sub/a', { watch: inside.watch })
  await view.get('/a', { watch: deep.watch })
  await view.get('/a', { watch: deep.watch })
  await view.getChildren('/', { watch: deep.watch })
  await view.set('/a', 'y')
  await view.delete('/a')
  await root.sync('/')
  t.same(outside.heard, [`nodeDataChanged ${chroot}/sub/a`])
  t.same(inside.heard, ['nodeDataChanged /sub/a'])
  t.same(deep.heard, ['nodeDataChanged /a', 'nodeChildrenChanged /'])
})

test('a watch of a client that closed never fires', async t => {
  const { zk, connectString } = await connectInChroot(t)
  const other = await client(t, connectString)
  const { watch, heard } = listener()
  await other.exists('/a', { watch })
  await other.close()
  await zk.create('/a')
  await zk.sync('/a')
  t.same(heard, [])
})
