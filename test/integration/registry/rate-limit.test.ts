// The rate limit of a registry: which calls it slows down, and which it does not.
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import { branch, dataOf, registryAt } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

/** Nobody waits so long: what is slowed down does not happen. */
const NEVER = 3_600_000

const test = (name: string, body: (t: Test) => Promise<void>): void => {
  t.test(name, { timeout: 120_000 }, body)
}

test('N76: get, set, create and delete are slowed down; watches are not', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers, { rateLimit: { calls: 3, interval: NEVER } })
  await witness.create('/watched', '{"n":1}')
  const seen: unknown[] = []
  await registry.get('/watched', ({ data }) => void seen.push(data?.n))
  await registry.setNode('/a', { n: 1 })
  // A read and a write.
  await registry.setData('/b', { n: 1 })
  const controller = new AbortController()
  const { signal } = controller
  const calls = [
    registry.setNode('/c', { n: 1 }, { signal }),
    registry.setNode('/a', { n: 2 }, { signal }),
    registry.setData('/d', { n: 1 }, { signal }),
    registry.setData('/b', null, { state: false, signal }),
  ].map(errorOf)
  const reading = errorOf(registry.get('/other'))
  for (let n = 2; n <= 6; n++) {
    await witness.set('/watched', JSON.stringify({ n }))
    await eventually('the change', () => seen.at(-1) === n)
  }
  t.strictSame(seen, [1, 2, 3, 4, 5, 6], 'what is followed is read without a pause')
  t.equal(await witness.exists('/c'), null)
  t.match(await dataOf(witness, '/a'), { n: 1 })
  t.equal(await witness.exists('/d'), null)
  t.ok(await witness.exists('/b'))
  const reason = new Error('enough')
  controller.abort(reason)
  t.strictSame(await Promise.all(calls), [reason, reason, reason, reason])
  await registry.stop()
  t.match(await reading, { code: 'STOPPED' }, 'a stop ends what waits for its turn')
})

test('N76: a registration that waits for its turn is asked for once', async t => {
  const { servers, witness } = await branch(t, at)
  const registry = await registryAt(t, servers, { rateLimit: { calls: 1, interval: 300 } })
  const paths = ['/a', '/b', '/c', '/d']
  await Promise.all(paths.map(path => registry.setNode(path, { path }, { timeout: 30_000 })))
  for (const path of paths) t.match(await dataOf(witness, path), { path })
})

test('N77: without the option there is no limit; with an empty one, that of the Python package', async t => {
  const { servers, witness } = await branch(t, at)
  const free = await registryAt(t, servers)
  await Promise.all(Array.from({ length: 200 }, (_, n) => free.setNode(`/free/${n}`)))
  t.equal((await witness.getChildren('/free')).children.length, 200)
  const limited = await registryAt(t, servers, { rateLimit: {} })
  const setting = Array.from({ length: 60 }, (_, n) =>
    limited.setNode(`/limited/${n}`).catch(error => error.code),
  )
  const children = async (): Promise<number> => (await witness.getChildren('/limited')).children.length
  await eventually('the first ones', async () => (await children()) >= 51)
  t.ok((await children()) < 60)
  await limited.stop()
  t.equal((await Promise.all(setting)).filter(outcome => outcome === undefined).length >= 51, true)
})

test('N77: fractions and zero are limits, other things are not', async t => {
  const { servers } = await branch(t, at)
  const registry = await registryAt(t, servers, { rateLimit: { calls: 0.5, interval: 0.25 } })
  await registry.setNode('/a')
  const wrong = [{ calls: -1 }, { calls: '50' }, { interval: Number.NaN }, { interval: -1 }, 50, true]
  for (const rateLimit of wrong as unknown as { calls?: number }[]) {
    t.match(await errorOf(registryAt(t, servers, { rateLimit })), { code: 'INVALID_OPTION' })
  }
})
