// Registered instances under faults, against a real server: lost answers, cut links, no connection, stop and start.
import { OpCode } from '../../../protocol/opcodes.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import { branch, loseReply, ownerOf, proxiedRegistry, registryAt, settled, takeDown } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 8, timeout: 120_000 })

const host = { host: '10.0.0.1', port: 80 }

test('register: serverset: a lost answer leaves one member', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  await witness.create('/set')
  for (let round = 1; round <= 3; round++) {
    const lost = loseReply(proxy, OpCode.create, OpCode.create2)
    const mine = await registry.register('/set', { ...host, port: round }, { format: 'serverset' })
    t.equal(lost(), 1)
    const { children } = await witness.getChildren('/set')
    t.equal(children.length, round)
    t.ok(children.includes(mine.path!.slice('/set/'.length)))
  }
  // Two registrations that say the same each have a member of their own.
  loseReply(proxy, OpCode.create, OpCode.create2)
  await Promise.all(
    [1, 2].map(() => registry.register('/set', { ...host, port: 9 }, { format: 'serverset' })),
  )
  t.equal((await witness.getChildren('/set')).children.length, 5)
})

test('register: dubbo: a change without a connection leaves one node, and a disposal none', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at, { sessionTimeout: 20_000 })
  const mine = await registry.register('/dubbo/com.A', host, { format: 'dubbo' })
  const weights = async (): Promise<(string | undefined)[]> => {
    const { children } = await witness.getChildren('/dubbo/com.A/providers')
    return children.map(name => /weight=(\d+)/.exec(decodeURIComponent(name))?.[1])
  }
  const offline = async (what: () => Promise<void>): Promise<void> => {
    proxy.set({ kind: 'refuse' })
    proxy.cut()
    await eventually('down', () => !registry.getState())
    await what()
    proxy.set({ kind: 'pass' })
  }
  const update = async (weight: number): Promise<void> => {
    t.match(await errorOf(mine.update({ weight })), { name: 'NoConnectionError' })
  }
  await offline(() => update(1))
  await eventually('the new one alone', async () => String(await weights()) === '1')
  await offline(async () => {
    await update(2)
    await update(3)
  })
  await eventually('the last one alone', async () => String(await weights()) === '3')
  const stopping = registry.stop()
  t.match(await errorOf(mine.update({ weight: 4 })), { code: 'STOPPED' })
  await stopping
  await registry.start()
  await eventually('in the next session', async () => String(await weights()) === '4')
  await offline(async () => {
    await update(5)
    t.match(await errorOf(mine.dispose()), { name: 'NoConnectionError' })
  })
  await eventually('forgotten', () => registry.registrations().length === 0)
  t.same(await weights(), [])
})

test('register: without a connection', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at, { sessionTimeout: 20_000 })
  const formats = ['curator', 'serverset'] as const
  const [named, numbered] = await Promise.all(
    formats.map(format => registry.register(`/${format}`, host, { format })),
  )
  const gone = await registry.register('/gone', host)
  const goneToo = await registry.register('/gone-too', host, { format: 'serverset' })
  const goneAt = goneToo.path!
  await takeDown(registry, proxy)
  t.match(await errorOf(registry.register('/x', host)), { code: 'NO_CONNECTION' })
  t.match(await errorOf(named!.update({ weight: 5 })), { code: 'NO_CONNECTION' })
  t.match(await errorOf(numbered!.update({ weight: 5 })), { code: 'NO_CONNECTION' })
  t.match(await errorOf(gone.drain({ wait: 0 })), { code: 'NO_CONNECTION' }, 'neither notice nor leave')
  t.match(await errorOf(goneToo.dispose()), { code: 'NO_CONNECTION' })
  proxy.set({ kind: 'pass' })
  for (const [i, mine] of [named!, numbered!].entries()) {
    using view = registry.discover(`/${formats[i]!}`, { format: formats[i]! })
    await eventually('written with the next connection', () => view.instances[0]?.weight === 5)
    t.ok(await witness.exists(mine.path!))
  }
  await eventually('gone', async () => !(await witness.exists('/gone/10.0.0.1:80')))
  await eventually('gone too', async () => !(await witness.exists(goneAt)))
  t.notOk(await witness.exists('/x'))
  await registry.register('/gone', host)
})

test('register: members through cut links and lost answers of all kinds', async t => {
  const { registry, witness, proxy } = await proxiedRegistry(t, at)
  const mine = await registry.register('/set', host, { format: 'serverset' })
  for (let round = 1; round <= 3; round++) {
    const lost = loseReply(proxy, OpCode.setData)
    await mine.update({ weight: round + 1 })
    t.equal(lost(), 1)
  }
  const lost = loseReply(proxy, OpCode.delete)
  await mine.dispose()
  t.equal(lost(), 1)
  await eventually('none left', async () => (await witness.getChildren('/set')).children.length === 0)
})

test('register: stopped and started again, instances and views go on', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const formats = ['curator', 'serverset'] as const
  const mine = await Promise.all(formats.map(format => registry.register(`/${format}`, host, { format })))
  const gone = await registry.register('/gone', host)
  const goneToo = await registry.register('/gone-too', host, { format: 'serverset' })
  const views = formats.map(format => registry.discover(`/${format}`, { format }))
  await Promise.all(views.map(view => view.ready))
  for (const view of views) await eventually('there', () => view.instances.length === 1)
  await registry.stop()
  for (const view of views) t.match(view, { stale: true, source: 'memory', instances: { length: 1 } })
  for (const one of mine) t.match(await errorOf(one.update({ weight: 6 })), { code: 'STOPPED' })
  await gone.dispose()
  await goneToo.dispose()
  await registry.start()
  for (const view of views) {
    await eventually('live again', () => !view.stale && view.instances[0]?.weight === 6)
  }
  for (const one of mine) t.equal(await ownerOf(witness, one.path!), registry.client.sessionId)
  await settled(registry)
  t.same((await witness.getChildren('/gone')).children, [])
  t.same((await witness.getChildren('/gone-too')).children, [])
  await registry.rebuild()
  for (const view of views) await eventually('after a rebuild', () => !view.stale && view.pick() !== null)
  for (const one of mine) {
    await eventually('of this session', async () => {
      const owner = one.path === null ? undefined : await ownerOf(witness, one.path)
      return owner !== undefined && owner === registry.client.sessionId
    })
  }
})
