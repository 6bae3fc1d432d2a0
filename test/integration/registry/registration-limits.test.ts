// Registrations at their limits, against a real server: bad input, ten thousand at once, the largest data.
import { OpCode } from '../../../protocol/opcodes.ts'
import { deferred } from '../../../protocol/support/deferred.ts'
import { eventually } from '../../support/eventually.ts'
import { client, serverForAnySession } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { errorOf, renewed } from '../protocol/support.ts'
import { branch, ownerOf, proxiedRegistry, registryAt } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = (name: string, body: (t: Test) => Promise<void>): void => {
  t.test(name, { timeout: 120_000 }, body)
}

test('bad input: each is a typed error, and the registry goes on', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers)
  const warnings: unknown[] = []
  registry.on('warning', error => warnings.push(error))
  const large = { text: 'x'.repeat(2 * 1024 * 1024) }
  for (const set of ['setNode', 'setData'] as const) {
    t.match(await errorOf(registry[set]('/a', large)), { code: 'INVALID_DATA', path: '/a' })
    for (const path of ['', 'a', 'a/b', '/a/', '//a', '/a/../b', '/a\u0000']) {
      t.match(await errorOf(registry[set](path, {})), { name: 'InvalidPathError' }, String(path))
    }
    for (const path of [5, null, {}] as unknown as string[]) {
      t.match(await errorOf(registry[set](path, {})), { name: 'InvalidArgumentError' })
    }
    for (const data of [5, true, [1], new Date(), () => {}, { n: Number.NaN }] as unknown as object[]) {
      t.match(await errorOf(registry[set]('/a', data as Record<string, unknown>)), { code: 'INVALID_DATA' })
    }
    for (const options of [null, 5, { state: 1 }, { timeout: -1 }, { signal: {} }] as unknown as object[]) {
      t.match(await errorOf(registry[set]('/a', {}, options)), { code: 'INVALID_OPTION' })
    }
  }
  t.match(await errorOf(registry.setNode('/')), { code: 'INVALID_OPTION' })
  t.equal(await witness.exists('/a'), null)
  t.strictSame(registry.registrations(), [])
  const parent = await client(t, servers)
  await parent.create('/short', null, { mode: 'ephemeral' })
  t.match(await errorOf(registry.setNode('/short/a')), { code: 'NO_CHILDREN_FOR_EPHEMERALS' })
  await registry.setNode('/a', { n: 1 })
  await registry.unset('/short/a')
  t.ok(warnings.every(warning => (warning as { code: string }).code === 'NO_CHILDREN_FOR_EPHEMERALS'))
})

test('unset while a creation fails hears nothing of that failure', async t => {
  const { registry, servers, proxy } = await proxiedRegistry(t, at)
  const parent = await client(t, servers)
  await parent.create('/short', null, { mode: 'ephemeral' })
  t.match(await errorOf(registry.setNode('/short/a')), { code: 'NO_CHILDREN_FOR_EPHEMERALS' })
  const unset = deferred<Promise<boolean>>()
  const off = proxy.observe(frame => {
    if (frame.kind !== 'request' || (frame.opcode !== OpCode.create && frame.opcode !== OpCode.create2))
      return
    off()
    unset.resolve(registry.unset('/short/a'))
  })
  // It is tried again by itself, and in that moment nobody wants it any more.
  t.equal(await unset.promise, true)
  t.strictSame(registry.registrations(), [])
})

test('ten thousand registrations from one turn, through an expiry, and gone with the registry', async t => {
  const { registry, witness } = await proxiedRegistry(t, at)
  const count = async (): Promise<number> => (await witness.exists('/pool'))?.numChildren ?? 0
  const paths = Array.from({ length: 10_000 }, (_, n) => `/pool/host:${n}`)
  await Promise.all(paths.map(path => registry.setNode(path, { path }, { timeout: 100_000 })))
  t.equal(await count(), 10_000)
  let most = 0
  registry.client.on('state', () => {
    most = Math.max(most, registry.client.status().inFlight + registry.client.status().queued)
  })
  const timer = setInterval(() => {
    most = Math.max(most, registry.client.status().inFlight + registry.client.status().queued)
  }, 1)
  await renewed(registry.client, at)
  await eventually(
    'all are back',
    async () =>
      (await count()) === 10_000 && registry.registrations().every(({ standing }) => standing === 'settled'),
    100_000,
  )
  clearInterval(timer)
  t.equal(await ownerOf(witness, '/pool/host:9999'), registry.client.sessionId)
  t.ok(most <= 2 * 1024 + 100, `${most} requests at once`)
  await registry.stop()
  await eventually('gone', async () => (await count()) === 0, 30_000)
})
