// Several watches on one path of a real server: readers that share one, and one-shot watches beside them.
import { eventually } from '../../support/eventually.ts'
import { ownServer } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { heardUpTo, longSessions, onPersistentWatches, read, reading, stage } from './stream-support.ts'

const server = await ownServer(t, { tickTime: 500, config: longSessions })

const test = onPersistentWatches({ jobs: 16, timeout: 90_000 })

test('several readers share the watch on the server, and the last one removes it', async t => {
  const { zk, other, proxy, watched } = await stage(t, server)
  let requests = 0
  proxy.filter(frame => {
    if (frame.kind === 'request' && frame.opcode === 18) requests++
    return 'pass'
  })
  await other.create('/a')
  const readers = await Promise.all(Array.from({ length: 5 }, () => reading(t, zk, '/a')))
  const deep = await reading(t, zk, '/a', { recursive: true })
  t.same(await watched(), ['/a'])
  await other.set('/a', '1')
  for (const reader of [...readers, deep]) await heardUpTo(reader, 'nodeDataChanged /a')
  for (const reader of readers.slice(1)) t.equal(await reader.stop(), 'over')
  await other.create('/a/b')
  await heardUpTo(readers[0]!, 'nodeChildrenChanged /a')
  await heardUpTo(deep, 'nodeCreated /a/b')
  t.equal(requests, 0)
  await readers[0]!.stop()
  await zk.sync('/')
  await other.set('/a/b', '1')
  await heardUpTo(deep, 'nodeDataChanged /a/b')
  t.same(await watched(), ['/a'])
  await deep.stop()
  await zk.sync('/')
  await eventually('no watch is left', async () => (await watched()).length === 0)
  for (const reader of readers) t.equal(reader.heard.filter(line => line === 'nodeDataChanged /a').length, 1)
})

for (const recursive of [false, true]) {
  test(`one-shot watches beside a ${recursive ? 'recursive' : 'persistent'} one on the same path`, async t => {
    const { zk, other } = await stage(t, server)
    await other.create('/a')
    const early: string[] = []
    const note =
      (into: string[]) =>
      ({ type }: { type: string }): void => {
        into.push(type)
      }
    await zk.get('/a', { watch: note(early) })
    await zk.getChildren('/a', { watch: note(early) })
    const reader = await reading(t, zk, '/a', { recursive })
    const late: string[] = []
    await zk.exists('/a', { watch: note(late) })
    await zk.getChildren('/a', { watch: note(late) })
    for (let i = 0; i < 3; i++) {
      await other.set('/a', `${i}`)
      await other.create(`/a/${i}`)
    }
    await other.delete('/a', { recursive: true })
    await heardUpTo(reader, 'nodeDeleted /a')
    await zk.sync('/')
    t.same(early.sort(), ['nodeChildrenChanged', 'nodeDataChanged'])
    t.same(late.sort(), ['nodeChildrenChanged', 'nodeDataChanged'])
    t.equal(reader.heard.filter(line => line === 'nodeDataChanged /a').length, 3)
    const children = reader.heard.filter(line =>
      line.startsWith(recursive ? 'nodeCreated' : 'nodeChildrenChanged'),
    )
    t.equal(children.length, recursive ? 3 : 6)
  })

  test(`a one-shot watch outlives the ${recursive ? 'recursive' : 'persistent'} one beside it`, async t => {
    const { zk, other } = await stage(t, server)
    await other.create('/a')
    const reader = await reading(t, zk, '/a', { recursive })
    const fired: string[] = []
    await zk.get('/a', { watch: ({ type }) => fired.push(type) })
    await zk.getChildren('/a', { watch: ({ type }) => fired.push(type) })
    await reader.stop()
    await zk.sync('/')
    await other.create('/a/b')
    await other.set('/a', '1')
    await zk.sync('/')
    t.same(fired.sort(), ['nodeChildrenChanged', 'nodeDataChanged'])
    t.same(reader.heard, ['resync /a'])
  })
}

test('a reader that comes while the last one leaves has a watch', async t => {
  const { zk, other } = await stage(t, server)
  for (let i = 0; i < 30; i++) {
    const path = `/race-${i}`
    await other.create(path)
    const leaving = await reading(t, zk, path)
    let coming: ReturnType<typeof read>
    if (i % 3 === 0) {
      coming = read(t, zk, path)
      void leaving.stop()
    } else if (i % 3 === 1) {
      void leaving.stop()
      coming = read(t, zk, path)
    } else {
      await leaving.stop()
      coming = read(t, zk, path)
    }
    await heardUpTo(coming, `resync ${path}`)
    await zk.sync('/')
    await other.set(path, '1')
    await zk.sync('/')
    await heardUpTo(coming, `nodeDataChanged ${path}`)
  }
})

test('a one-shot watch that comes while the last reader leaves fires', async t => {
  const { zk, other } = await stage(t, server)
  for (let i = 0; i < 10; i++) {
    const path = `/race-${i}`
    await other.create(path)
    const leaving = await reading(t, zk, path)
    let fired = 0
    const reads = i % 2 === 0 ? zk.get(path, { watch: () => fired++ }) : null
    void leaving.stop()
    await (reads ?? zk.get(path, { watch: () => fired++ }))
    await zk.sync('/')
    await zk.sync('/')
    await other.set(path, '1')
    await zk.sync('/')
    t.equal(fired, 1, `round ${i}`)
  }
})

test('a one-shot watch whose read is under way survives that another one is taken back', async t => {
  const { zk, other } = await stage(t, server)
  await other.create('/a')
  for (let i = 0; i < 5; i++) {
    const taken = (): void => void t.fail('it was taken back')
    let fired = 0
    await zk.get('/a', { watch: taken })
    const reading = zk.get('/a', { watch: () => void fired++ })
    zk.removeWatch('/a', taken)
    await reading
    await zk.sync('/')
    await other.set('/a', `${i}`)
    await zk.sync('/')
    t.equal(fired, 1, `round ${i}`)
  }
})
