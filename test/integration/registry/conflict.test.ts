// A node that somebody else holds: what each policy does with it.
import { OpCode } from '../../../protocol/opcodes.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { client, serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf, renewed } from '../protocol/support.ts'
import {
  branch,
  dataOf,
  obstructed,
  ownedBy,
  ownerOf,
  proxiedRegistry,
  registryAt,
  settled,
} from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = concurrently({ jobs: 8, timeout: 120_000 })

function warningsOf(registry: {
  on(name: 'warning', listener: (error: unknown) => void): unknown
}): unknown[] {
  const warnings: unknown[] = []
  registry.on('warning', error => warnings.push(error))
  return warnings
}

test("N59: 'fail' rejects at once, and the node is not wanted any more", async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers, { conflict: 'fail' })
  const stranger = await client(t, servers)
  await stranger.create('/a', 'theirs', { mode: 'ephemeral' })
  const error = await errorOf(registry.setNode('/a', { n: 1 }, { timeout: Number.POSITIVE_INFINITY }))
  t.match(error, { code: 'OWNED_BY_OTHER', path: '/a' })
  await stranger.close()
  await settled(registry)
  t.equal(await witness.exists('/a'), null, 'nothing of ours follows')
  await registry.setData('/a', { n: 2 })
  t.equal(await ownerOf(witness, '/a'), 0n, 'the path is free for another type')
  await witness.create('/persistent')
  t.match(await errorOf(registry.setNode('/persistent')), {
    code: 'OWNED_BY_OTHER',
    message: /a persistent node/,
  })
})

test("N59: 'fail' of one call, in a registry that waits", async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const stranger = await client(t, servers)
  await stranger.create('/a', 'theirs', { mode: 'ephemeral' })
  await registry.setNode('/b', { n: 1 })
  t.match(await errorOf(registry.setNode('/a', { n: 1 }, { conflict: 'fail' })), { code: 'OWNED_BY_OTHER' })
  const patient = registry.setNode('/a', { n: 2 }, { timeout: 30_000 })
  await stranger.close()
  await patient
  t.match(await dataOf(witness, '/a'), { n: 2 })
})

test("N59: 'fail' gives up with a warning when the node is lost to a stranger later", async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers, { conflict: 'fail' })
  const warnings = warningsOf(registry)
  await registry.setNode('/a', { n: 1 })
  await settled(registry)
  const stranger = await client(t, servers)
  await stranger.transaction().delete('/a').create('/a', 'theirs', { mode: 'ephemeral' }).commit()
  await eventually('the warning', () => warnings.length > 0)
  t.match(warnings, [{ code: 'OWNED_BY_OTHER', path: '/a' }])
  await stranger.close()
  await settled(registry)
  t.equal(await witness.exists('/a'), null)
})

test("N60: 'fail' is no conflict with a session of our own that is over", async t => {
  const { registry, witness } = await proxiedRegistry(t, at, { conflict: 'fail' })
  const warnings = warningsOf(registry)
  await registry.setNode('/a', { n: 1 })
  await renewed(registry.client, at)
  await ownedBy(witness, '/a', registry)
  t.strictSame(warnings, [])
})

test("N59: 'takeover' replaces a live stranger's node without a gap, and warns", async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const warnings = warningsOf(registry)
  const stranger = await client(t, servers)
  await stranger.create('/a', 'theirs', { mode: 'ephemeral' })
  const absences: number[] = []
  let looking = true
  const look = (async () => {
    while (looking) if ((await witness.exists('/a')) === null) absences.push(performance.now())
  })()
  await registry.setNode('/a', { n: 1 }, { conflict: 'takeover' })
  t.equal(await ownerOf(witness, '/a'), registry.client.sessionId)
  looking = false
  await look
  t.strictSame(absences, [])
  t.match(warnings, [{ code: 'TAKEN_OVER', path: '/a' }])
  t.match(await dataOf(witness, '/a'), { n: 1 })
  await stranger.close()
  await settled(registry)
  t.equal(await ownerOf(witness, '/a'), registry.client.sessionId)
})

test("N59: 'takeover' leaves a persistent node alone, and says what stands there", async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers, { conflict: 'takeover' })
  await witness.create('/a', 'theirs')
  const error = await obstructed(registry, '/a', { n: 1 })
  t.match(error, { code: 'OWNED_BY_OTHER', message: /a persistent node stands there/ })
  t.equal((await witness.get('/a')).data?.toString(), 'theirs')
  await witness.delete('/a')
  await ownedBy(witness, '/a', registry)
})

test('N59: two takers do not fight at the speed of the network', async t => {
  const { servers, witness } = await branch(t, at)
  const takers = [
    await registryAt(t, servers, { conflict: 'takeover' }),
    await registryAt(t, servers, { conflict: 'takeover' }),
  ]
  let changes = 0
  const begun = performance.now()
  const controller = new AbortController()
  const watching = (async () => {
    for await (const { type } of witness.watch('/a', { signal: controller.signal })) {
      if (type === 'nodeCreated') changes++
    }
  })().catch(() => {})
  const warnings = takers.map(warningsOf)
  await Promise.all(takers.map((taker, i) => taker.setNode('/a', { taker: i }, { timeout: 30_000 })))
  await eventually('some rounds', () => warnings.flat().length >= 3)
  const end = performance.now() + 1500
  await eventually('a while', () => performance.now() > end)
  // Half a second at least after the first takeover of each, and after each further one twice as long.
  const seconds = (performance.now() - begun) / 1000
  const most = 1 + 2 * (1 + Math.log2(1 + 2 * seconds))
  t.ok(changes <= most, `${changes} changes in ${seconds} s`)
  t.ok((await witness.exists('/a')) !== null)
  const codes = warnings.flat().map(warning => (warning as { code?: string }).code)
  t.strictSame(
    codes.filter(code => code !== 'TAKEN_OVER' && code !== 'OWNED_BY_OTHER'),
    [],
  )
  controller.abort()
  await watching
})

test('N59: two that register the same data under one path do not disturb each other', async t => {
  const { servers, witness } = await branch(t, at)
  const [first, second] = [await registryAt(t, servers), await registryAt(t, servers)]
  await first.setNode('/a', { type: 'ssh' })
  const error = await obstructed(second, '/a', { type: 'ssh' })
  t.match(error, { code: 'OWNED_BY_OTHER' })
  await settled(second)
  const stat = (await witness.exists('/a'))!
  t.equal(stat.version, 0, 'nobody wrote over the other')
  t.equal(stat.ephemeralOwner, first.client.sessionId)
  await first.stop()
  await ownedBy(witness, '/a', second)
})

test('N59: process and time of writing are not what is compared', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  await registry.setNode('/a', { type: 'ssh' })
  await settled(registry)
  await witness.set('/a', '{"pid":1,"created":"2001-01-01 00:00:00","type":"ssh"}')
  await settled(registry)
  t.match(await dataOf(witness, '/a'), { pid: 1 }, 'the same data, so it is left as it is')
  await witness.set('/a', '{"pid":1,"created":"2001-01-01 00:00:00","type":"other"}')
  await eventually('corrected', async () => (await dataOf(witness, '/a'))?.type === 'ssh')
})

test('N61: a registration that is off deletes nobody else', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers, { conflict: 'takeover' })
  const stranger = await client(t, servers)
  await stranger.create('/a', 'theirs', { mode: 'ephemeral' })
  await registry.setNode('/a', { n: 1 }, { state: false })
  t.equal(await ownerOf(witness, '/a'), stranger.sessionId)
  t.equal(await registry.unset('/a'), false)
  t.equal(await ownerOf(witness, '/a'), stranger.sessionId)
})

test('N62: unset ends the watch: nobody is asked about the path any more', async t => {
  const { registry, witness, requests } = await proxiedRegistry(t, at)
  await witness.create('/a', 'theirs', { mode: 'ephemeral' })
  t.match(await obstructed(registry, '/a', { n: 1 }), { code: 'OWNED_BY_OTHER' })
  t.equal(registry.client.status().watches, 1)
  t.equal(await registry.unset('/a'), false)
  t.equal(registry.client.status().watches, 0)
  await settled(registry)
  const before = requests.length
  await witness.delete('/a')
  await witness.create('/a')
  await settled(registry)
  t.ok(requests.slice(before).every(({ opcode }) => opcode === OpCode.sync))
})

test('a conflict policy that nobody knows is refused', async t => {
  const { servers } = await branch(t, at)
  const registry = await registryAt(t, servers)
  for (const conflict of ['greedy', '', null, 1] as unknown as 'wait'[]) {
    t.match(await errorOf(registry.setNode('/a', {}, { conflict })), { code: 'INVALID_OPTION' })
    if (conflict === null) continue
    t.match(await errorOf(registryAt(t, servers, { conflict })), { code: 'INVALID_OPTION' })
  }
})
