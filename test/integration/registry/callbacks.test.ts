// Callbacks and streams of snapshots against a real server: who is called, and what nobody can break.
import { OpCode } from '../../../protocol/opcodes.ts'
import type { Snapshot } from '../../../src/registry/snapshot.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import { branch, proxiedRegistry, recorder, registryAt, settled } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 8, timeout: 120_000 })

test('N34: the same callback counts once; another one is called at once', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/a', '{"n":1}')
  const [first, second] = [recorder(), recorder()]
  await registry.get('/a', first.callback)
  await registry.get('/a', first.callback)
  await registry.addCallback('/a', first.callback)
  t.equal(first.seen.length, 1)
  await registry.addCallback('/a', second.callback)
  t.equal(second.seen.length, 1)
  await witness.set('/a', '{"n":2}')
  await eventually('both', () => first.seen.length === 2 && second.seen.length === 2)
})

test('many first calls at once share one watcher', async t => {
  const { registry, witness, requests } = await proxiedRegistry(t, at)
  await witness.create('/a', '{"n":1}')
  const all = Array.from({ length: 20 }, recorder)
  await Promise.all(all.map(({ callback }) => registry.get('/a', callback)))
  const reads = requests.filter(({ opcode }) => opcode !== OpCode.auth)
  t.equal(reads.length, 2, 'one read of the data, one listing')
  t.ok(all.every(({ seen }) => seen.length === 1))
})

test('N36: callbacks that throw, or reject later, hurt nobody', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const warnings: unknown[] = []
  registry.on('warning', error => warnings.push(error))
  await witness.create('/a', '{"n":1}')
  const { callback, seen } = recorder()
  const [thrown, rejected] = [new Error('thrown'), new Error('rejected')]
  await registry.get('/a', () => {
    throw thrown
  })
  await registry.get('/a', async () => {
    throw rejected
  })
  await registry.get('/a', callback)
  await witness.set('/a', '{"n":2}')
  await eventually('the third', () => seen.length === 2)
  await eventually('all warnings', () => warnings.length === 4)
  t.same(new Set(warnings), new Set([thrown, rejected]))
})

test('a listener of warnings that throws does not run in circles', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  let calls = 0
  registry.on('warning', () => {
    calls++
    throw new Error('in the listener')
  })
  await witness.create('/a', '{"n":1}')
  await registry.get('/a', () => {
    throw new Error('in the callback')
  })
  t.equal(calls, 1)
  await witness.set('/a', '{"n":2}')
  await eventually('the next', () => calls === 2)
})

test('a callback may add, get and stop', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/a', '{"n":1}')
  const inner = recorder()
  const other = recorder()
  await registry.get('/a', () => {
    void registry.addCallback('/a', inner.callback)
    void registry.get('/b', other.callback)
  })
  await eventually('inner', () => inner.seen.length === 1 && other.seen.length === 1)
  await registry.get('/c', () => void registry.stop())
  await eventually('stopped', () => !registry.getState())
  t.match(await errorOf(registry.get('/a')), { code: 'STOPPED' })
})

test('N41: nobody can corrupt what others see', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/a', '{"list":[1,{"deep":1}],"n":1}')
  await witness.create('/a/kid')
  const first = (await registry.get('/a')) as { -readonly [key in keyof Snapshot]: Snapshot[key] }
  const before = structuredClone(first)
  const vandals: (() => unknown)[] = [
    () => ((first.data as { n: number }).n = 2),
    () => (first.data as { list: unknown[] }).list.push(3),
    () => ((first.data as { list: { deep: number }[] }).list[1]!.deep = 2),
    () => (first.children as string[]).push('ghost'),
    () => ((first.stat as { version: number }).version = 99),
    () => first.asOf?.setTime(0),
    () => (first.path = '/b'),
    () => (first.children = ['ghost']),
    () => (first.stat = null),
  ]
  for (const vandal of vandals) {
    try {
      vandal()
    } catch (error) {
      t.type(error, TypeError)
    }
  }
  const { callback, seen } = recorder()
  t.same(await registry.get('/a', callback), before)
  t.same(seen, [before])
})

test('watch yields the snapshot now and after changes, the newest for a slow reader', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await witness.create('/a', '{"n":0}')
  const controller = new AbortController()
  const seen: unknown[] = []
  for await (const { data } of registry.watch('/a', { signal: controller.signal })) {
    seen.push(data?.n)
    if (seen.length === 1) {
      for (const n of [1, 2, 3]) await witness.set('/a', `{"n":${n}}`)
      await eventually('the registry knows', async () => (await registry.get('/a')).data?.n === 3)
    } else {
      controller.abort()
    }
  }
  t.same(seen, [0, 3])
  let rounds = 0
  for await (const _ of registry.watch('/a', { signal: controller.signal })) rounds++
  t.equal(rounds, 0, 'nothing for a signal that has aborted')
  for await (const _ of registry.watch('/a')) break
  await witness.set('/a', '{"n":4}')
  await settled(registry)
})

test('watch: return() ends it while it waits, and with it the callback', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers, { maxIdlePaths: 0 })
  await witness.create('/a', '{"n":0}')
  const stream = registry.watch('/a')
  t.match(await stream.next(), { value: { data: { n: 0 } } })
  const waiting = stream.next()
  t.same(await stream.return(), { value: undefined, done: true })
  t.same(await waiting, { value: undefined, done: true })
  await registry.get('/b')
  t.equal(registry.peek('/a'), null, 'nobody looks at it any more')
})

test('watch ends with the registry', async t => {
  const { servers } = await branch(t, at)
  const registry = await registryAt(t, servers)
  let rounds = 0
  const reading = (async () => {
    for await (const _ of registry.watch('/a')) rounds++
  })()
  await eventually('reading', () => rounds === 1)
  await registry.stop()
  await reading
  t.match(await errorOf(registry.watch('/a').next()), { code: 'STOPPED' })
})
