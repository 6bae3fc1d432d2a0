// Creating znodes in every mode, against a real server with and without TTL nodes.
import type { CreateMode, Stat } from '../../../protocol/index.ts'
import { startServer } from '../../../scripts/zookeeper/server.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { atLeast } from '../../support/versions.ts'
import { client } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { errorOf } from './support.ts'

const [server, plain] = await Promise.all([
  startServer({ tickTime: 250, ttl: true, jvm: ['-Dznode.container.checkIntervalMs=100'] }),
  startServer({ tickTime: 250 }),
])
t.teardown(() => Promise.all([server.stop(), plain.stop()]))
const at = server.connectString

const test = concurrently({ jobs: 16, timeout: 90_000 })

interface Row {
  readonly mode: CreateMode
  readonly sequential: boolean
  readonly ttl?: number
  owner(sessionId: bigint): bigint
}

// The server shows no owner for containers and TTL nodes, although it keeps a mark there (EphemeralType).
const rows: readonly Row[] = [
  { mode: 'persistent', sequential: false, owner: () => 0n },
  { mode: 'persistentSequential', sequential: true, owner: () => 0n },
  { mode: 'ephemeral', sequential: false, owner: id => id },
  { mode: 'ephemeralSequential', sequential: true, owner: id => id },
  { mode: 'container', sequential: false, owner: () => 0n },
  { mode: 'persistentWithTtl', sequential: false, ttl: 60_000, owner: () => 0n },
  { mode: 'persistentSequentialWithTtl', sequential: true, ttl: 60_000, owner: () => 0n },
]

function isFresh(t: Test, stat: Stat | null, owner: bigint, bytes: number): void {
  t.match(stat, {
    version: 0,
    cversion: 0,
    aversion: 0,
    numChildren: 0,
    dataLength: bytes,
    ephemeralOwner: owner,
  })
  t.ok(stat !== null && stat.czxid > 0n && stat.czxid === stat.mzxid && stat.czxid === stat.pzxid)
}

for (const { mode, sequential, ttl, owner } of rows) {
  test(`create: ${mode}`, async t => {
    const zk = await client(t, at)
    const options = ttl === undefined ? { mode } : { mode, ttl }
    const base = `/${mode}`
    const made = await zk.create(base, 'data', options)
    if (sequential) t.match(made.path, new RegExp(`^${base}\\d{10}$`))
    else t.equal(made.path, base)
    isFresh(t, made.stat, owner(zk.sessionId), 4)
    t.same(await zk.exists(made.path), made.stat)
    const next = zk.create(base, null, options)
    if (sequential) {
      const { path } = await next
      t.ok(path > made.path, 'numbers grow')
    } else {
      t.match(await errorOf(next), { code: 'NODE_EXISTS', number: -110, path: base, mayHaveApplied: false })
    }
    const results = await zk.transaction().create(`${base}-multi`, 'data', options).commit()
    const [created] = results
    if (created?.type !== 'create') throw new Error('a create has a result of its own')
    isFresh(t, await zk.exists(created.path), owner(zk.sessionId), 4)
    // Before 3.7 a transaction tells the Stat of containers and TTL nodes alone.
    const told = atLeast(server.version, '3.7') || mode === 'container' || ttl !== undefined
    t.same(created.stat, told ? await zk.exists(created.path) : null)
  })
}

test('sequential names under a parent, with an empty prefix and with an odd one', async t => {
  const zk = await client(t, at)
  await zk.create('/names')
  const mode = 'persistentSequential'
  t.match((await zk.create('/names/', null, { mode })).path, /^\/names\/\d{10}$/)
  t.match((await zk.create('/names/..', null, { mode })).path, /^\/names\/\.\.\d{10}$/)
  t.match((await zk.create('/names/_c_1-lock-', null, { mode })).path, /^\/names\/_c_1-lock-\d{10}$/)
  const many = await Promise.all(Array.from({ length: 50 }, () => zk.create('/names/n-', null, { mode })))
  const paths = many.map(({ path }) => path)
  t.same(paths, [...paths].sort(), 'in the order in which they were asked')
  t.equal(new Set(paths).size, 50)
})

test('a container goes when its last child has gone, and not before it had one', async t => {
  const zk = await client(t, at)
  await zk.create('/case', null, { mode: 'container' })
  await zk.create('/case-empty', null, { mode: 'container' })
  await zk.create('/case/child')
  await zk.delete('/case/child')
  await eventually('the container goes', async () => (await zk.exists('/case')) === null)
  t.ok(await zk.exists('/case-empty'))
})

test('a znode with a TTL goes when its time is over, unless it has children', async t => {
  const zk = await client(t, at)
  await zk.create('/mayfly', null, { mode: 'persistentWithTtl', ttl: 1 })
  // In one step, or the parent might be gone before it has a child.
  const parent = { mode: 'persistentWithTtl', ttl: 1 } as const
  await zk.transaction().create('/parent', null, parent).create('/parent/child').commit()
  await zk.create('/elder', null, { mode: 'persistentWithTtl', ttl: 3_600_000 })
  await eventually('the znode goes', async () => (await zk.exists('/mayfly')) === null)
  t.ok(await zk.exists('/parent'))
  t.ok(await zk.exists('/elder'))
})

test('a TTL that cannot be is refused here, and one that the server does not know is refused there', async t => {
  const zk = await client(t, at)
  for (const ttl of [0, -1, 1.5, Number.NaN, 2 ** 40, undefined]) {
    const options = { mode: 'persistentWithTtl', ...(ttl === undefined ? {} : { ttl }) } as const
    t.match(await errorOf(zk.create('/ttl', null, options)), { code: 'INVALID_ARGUMENT', argument: 'ttl' })
  }
  const old = await client(t, plain.connectString)
  const error = await errorOf(old.create('/ttl', null, { mode: 'persistentWithTtl', ttl: 1000 }))
  t.match(error, { code: 'UNIMPLEMENTED', operation: 'createTTL', path: '/ttl', mayHaveApplied: false })
  t.equal(old.state, 'connected')
  await old.create('/case', null, { mode: 'container' })
})

test('an ephemeral znode has no children, and goes with its session', async t => {
  const zk = await client(t, at)
  const other = await client(t, at)
  await zk.create('/leaf', null, { mode: 'ephemeral' })
  const error = await errorOf(zk.create('/leaf/child'))
  t.match(error, { code: 'NO_CHILDREN_FOR_EPHEMERALS', number: -108, path: '/leaf/child' })
  const deep = await errorOf(zk.create('/leaf/deep/child', null, { parents: true }))
  t.match(deep, { code: 'NO_CHILDREN_FOR_EPHEMERALS', path: '/leaf/deep' })
  await zk.close({ timeout: 20_000 })
  t.equal(await other.exists('/leaf'), null)
})
