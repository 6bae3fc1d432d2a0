// close() in every state, against a real server: in time, everything settled, nothing left behind.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { SessionState, ZooKeeperOptions } from '../../../protocol/index.ts'
import { ZooKeeper } from '../../../protocol/index.ts'
import type { FaultProxy } from '../../../src/testing/index.ts'
import { expireSession } from '../../../src/testing/index.ts'
import { scriptArgs } from '../../support/child.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { within } from '../../support/own-time.ts'
import { client, ownServer } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf, proxied, proxyTo } from './support.ts'

const { connectString: at } = await ownServer(t, { tickTime: 250, config: { maxSessionTimeout: '60000' } })

const test = concurrently({ jobs: 20, timeout: 90_000 })

/** Rejects when the promise takes longer than close() may. */
const inTime = <T>(promise: Promise<T>): Promise<T> => within(2000, promise)
/** For those who ask the server afterwards: the time that close() gives it otherwise, a stall may use up. */
const patient = { timeout: 20_000 }

interface Scene {
  readonly options?: ZooKeeperOptions
  /** The state at the time of the close. */
  readonly state: SessionState
  /** Whether a last state other than `closed` stays. */
  readonly stays?: true
  prepare(zk: ZooKeeper, proxy: FaultProxy): unknown
}

const connected = (zk: ZooKeeper): Promise<void> => zk.connect({ timeout: 20_000 })

/** Resolves in the turn of the change: a state that is looked for now and then may be over before. */
function becoming(zk: ZooKeeper, wanted: SessionState): Promise<void> {
  return new Promise(resolve => {
    zk.on('state', ({ state }) => {
      if (state === wanted) resolve()
    })
  })
}

const scenes: Readonly<Record<string, Scene>> = {
  'before anything else': { state: 'connecting', prepare: () => {} },
  'while no server answers': {
    state: 'connecting',
    prepare: (zk, proxy) => {
      proxy.set({ kind: 'refuse' })
      zk.connect().catch(() => {})
      return eventually('attempts', () => proxy.refused > 1)
    },
  },
  'while the handshake is not answered': {
    state: 'connecting',
    prepare: (zk, proxy) => {
      proxy.set({ kind: 'stall', direction: 'toClient' })
      zk.connect().catch(() => {})
      return eventually('an attempt', () => proxy.accepted > 0)
    },
  },
  connected: { state: 'connected', prepare: connected },
  'black-holed and unaware of it': {
    state: 'connected',
    prepare: async (zk, proxy) => {
      await connected(zk)
      proxy.set({ kind: 'blackHole', direction: 'both' })
    },
  },
  suspended: {
    state: 'suspended',
    prepare: async (zk, proxy) => {
      await connected(zk)
      proxy.set({ kind: 'refuse' })
      proxy.cut()
      await becoming(zk, 'suspended')
    },
  },
  lost: {
    state: 'lost',
    options: { sessionTimeout: 1000 },
    prepare: async (zk, proxy) => {
      await connected(zk)
      proxy.set({ kind: 'refuse' })
      proxy.cut()
      await becoming(zk, 'lost')
    },
  },
  'between two sessions': {
    state: 'connecting',
    options: { sessionTimeout: 1000 },
    prepare: async (zk, proxy) => {
      await connected(zk)
      proxy.set({ kind: 'blackHole', direction: 'both' })
      await eventually('the next session', () => zk.state === 'connecting')
    },
  },
  expired: {
    state: 'expired',
    stays: true,
    options: { onExpired: 'close' },
    prepare: async zk => {
      await connected(zk)
      await expireSession(at, zk.session!)
      await eventually('expired', () => zk.state === 'expired')
    },
  },
  'authentication failed': {
    state: 'authFailed',
    stays: true,
    prepare: async zk => {
      await connected(zk)
      await errorOf(zk.addAuth('nonsense', 'x'))
    },
  },
}

for (const [name, scene] of Object.entries(scenes)) {
  test(`H11: close: ${name}`, async t => {
    const proxy = await proxyTo(t, at)
    // So long that no deadline of the session ends in close()'s place.
    const zk = new ZooKeeper(proxy.connectString, { sessionTimeout: 20_000, ...scene.options })
    t.teardown(() => zk.close())
    await scene.prepare(zk, proxy)
    t.equal(zk.state, scene.state)
    const last = scene.stays === true ? scene.state : 'closed'
    const stream = (async () => {
      const seen: string[] = []
      for await (const { state } of zk.states()) seen.push(state)
      return seen.at(-1)
    })()
    const pending = Promise.allSettled([
      zk.connect(),
      zk.get('/'),
      zk.create('/close-', null, { mode: 'ephemeralSequential' }),
      zk.transaction().check('/').commit(),
      zk.sync('/'),
    ])
    await inTime(Promise.all([zk.close(), zk.close(), zk[Symbol.asyncDispose]()]))
    t.equal(zk.state, last)
    t.equal(await inTime(stream), last, 'the stream of states ends')
    for (const outcome of await inTime(pending)) {
      if (outcome.status === 'rejected')
        t.match(outcome.reason.code, /^(CLOSED|CONNECTION_LOSS|SESSION_EXPIRED|AUTH_FAILED)$/)
    }
    t.match(await errorOf(zk.get('/')), {
      code: scene.stays === true ? /^(SESSION_EXPIRED|AUTH_FAILED)$/ : 'CLOSED',
    })
    proxy.set({ kind: 'pass' })
    await eventually('no connection', () => proxy.connections === 0)
    // What was on its way when the client closed has arrived by now.
    const { accepted, refused } = proxy
    await inTime(zk.close())
    t.same([proxy.accepted, proxy.refused], [accepted, refused], 'nobody knocks any more')
  })
}

test('H11: ephemerals are gone when close resolves', async t => {
  const witness = await client(t, at)
  const zk = await client(t, at)
  for (let i = 0; i < 20; i++) await zk.create(`/gone-${i}`, null, { mode: 'ephemeral' })
  await zk.close(patient)
  const left = await Promise.all(Array.from({ length: 20 }, (_, i) => witness.exists(`/gone-${i}`)))
  t.ok(left.every(stat => stat === null))
})

test('H10: what was asked before close is answered, what is asked after it is not', async t => {
  const zk = await client(t, at)
  await zk.create('/last')
  const writes = Array.from({ length: 500 }, () => zk.set('/last', 'x'))
  const closing = zk.close({ timeout: 20_000 })
  const after = errorOf(zk.set('/last', 'y'))
  t.match(await after, { code: 'CLOSED', mayHaveApplied: false })
  const stats = await Promise.all(writes)
  t.equal(stats.at(-1)?.version, 500)
  await closing
})

for (const moment of ['connected', 'suspended', 'lost', 'expired', 'connecting'] as const) {
  test(`H11: close from a listener that hears of ${moment}`, async t => {
    const proxy = await proxyTo(t, at)
    // Who is lost at once is never suspended.
    const sessionTimeout = moment === 'suspended' ? 5000 : 1000
    const zk = new ZooKeeper(proxy.connectString, { sessionTimeout })
    t.teardown(() => zk.close())
    const seen: string[] = []
    let closing: Promise<void> | undefined
    zk.on('state', ({ state }) => {
      seen.push(state)
      if (state === moment) closing ??= zk.close()
    })
    await zk.connect({ timeout: 20_000 }).catch(() => {})
    if (closing === undefined) {
      proxy.set({ kind: 'refuse' })
      proxy.cut()
    }
    await eventually('the close', () => closing !== undefined)
    await inTime(closing as unknown as Promise<void>)
    t.equal(seen.at(-1), 'closed')
    t.equal(seen.filter(state => state === 'closed').length, 1)
    await eventually('no connection', () => proxy.connections === 0)
  })
}

test('H11: close with a patience of its own does not wait for a server that is silent', async t => {
  const { zk, proxy } = await proxied(t, at, { sessionTimeout: 20_000 })
  proxy.set({ kind: 'blackHole', direction: 'both' })
  const write = errorOf(zk.set('/', 'x'))
  await inTime(zk.close({ timeout: 0 }))
  t.match(await write, { code: 'CLOSED', mayHaveApplied: true })
  t.match(await errorOf(new ZooKeeper(at).close({ timeout: -1 })), { code: 'INVALID_ARGUMENT' })
})

test('H11: await using closes', async t => {
  let zk: ZooKeeper
  {
    await using scoped = new ZooKeeper(at, { sessionTimeout: 60_000 })
    zk = scoped
    await scoped.create('/using', null, { mode: 'ephemeral' })
  }
  t.equal(zk.state, 'closed')
  const witness = await client(t, at)
  // Long before the session times out, though a server that is slow may not have ended it within that second.
  await eventually('the ephemeral goes', async () => (await witness.exists('/using')) === null)
})

test('H11: a process that closed its clients ends by itself', async t => {
  const script = fileURLToPath(new URL('children/closes.ts', import.meta.url))
  const child = spawn(process.execPath, scriptArgs(script, [at]), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  child.stderr.on('data', chunk => {
    output += chunk
  })
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  t.equal(await ended, 0)
  t.match(output, /^closed\n\d+\n$/, 'no warning, no error')
  t.ok(Number(output.split('\n')[1]) < 2000, 'it went on for less than two seconds')
})
