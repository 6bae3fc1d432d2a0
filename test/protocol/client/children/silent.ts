// A process with clients that nobody listens to, and every fault in turn: whatever is not caught ends up on stderr.
import { Buffer } from 'node:buffer'
import type { ZooKeeperOptions } from '../../../../protocol/client/options.ts'
import { ZooKeeper } from '../../../../protocol/client/zookeeper.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import type { ScriptedConnection } from '../../../support/scripted-server.ts'
import { ScriptedEnsemble } from '../../../support/scripted-server.ts'

interface Stage {
  readonly clock: FakeClock
  readonly ensemble: ScriptedEnsemble
  readonly zk: ZooKeeper
}

async function stage(
  play: (stage: Stage) => unknown,
  options: ZooKeeperOptions = {},
  prepare: (ensemble: ScriptedEnsemble) => void = () => {},
): Promise<void> {
  const clock = new FakeClock()
  const ensemble = new ScriptedEnsemble()
  prepare(ensemble)
  const { ports, ...rest } = options
  const lookup = async (): Promise<string[]> => ['10.0.0.1']
  const zk = new ZooKeeper('one:1,two:2', {
    sessionTimeout: 9000,
    ...rest,
    ports: { clock, connect: ensemble.connect, lookup, random: () => 0.5, ...ports },
  })
  zk.connect().catch(() => {})
  await clock.settle()
  await play({ clock, ensemble, zk })
  await clock.advance(40_000)
  const closing = zk.close()
  await clock.advance(1000)
  await closing
  process.stdout.write('.')
}

const forEach = (ensemble: ScriptedEnsemble, task: (connection: ScriptedConnection) => void): void => {
  ensemble.onHandshake = task
}

// A black hole, a server without an answer to the handshake, one that hangs up, one that refuses, a name without one.
await stage(({ ensemble }) => {
  ensemble.link.pongs = false
  ensemble.reach = () => 'hanging'
})
await stage(
  () => {},
  {},
  ensemble => forEach(ensemble, () => {}),
)
await stage(
  () => {},
  {},
  ensemble => forEach(ensemble, connection => connection.close()),
)
await stage(
  () => {},
  {},
  ensemble => {
    ensemble.reach = () => 'refused'
  },
)
await stage(() => {}, { ports: { lookup: () => Promise.reject(new Error('ENOTFOUND')) } })

// Half a frame, a hostile length, garbage; an error code, an event and a watch that nobody knows or that throw.
for (const bytes of ['00000010 00000001', '7fffffff', 'ffffffff', '00000000', '00000010'.repeat(8)]) {
  await stage(({ ensemble, zk }) => {
    zk.get('/a').catch(() => {})
    ensemble.link.raw(bytes)
    ensemble.link.close()
  })
}
await stage(async ({ clock, ensemble, zk }) => {
  const throwing = (): void => {
    throw new Error('a watcher that throws')
  }
  zk.get('/a', { watch: throwing }).catch(() => {})
  zk.on('state', throwing)
  zk.on('attemptFailed', throwing)
  await clock.settle()
  ensemble.link.refuse(ensemble.link.take('getData'), -9999)
  ensemble.link.notify(99, '/a')
  zk.exists('/a', { watch: throwing }).catch(() => {})
  await clock.settle()
  ensemble.link.refuse(ensemble.link.take('exists'), -101)
  ensemble.link.notify('created', '/a')
  await clock.settle()
  ensemble.link.close()
})

// Expiry, told and by the own clock; also for good; a rejected credential; watches that cannot be armed again.
for (const onExpired of ['renew', 'close'] as const) {
  await stage(
    ({ ensemble }) => {
      ensemble.expireAll()
      ensemble.link.close()
    },
    { onExpired },
  )
  await stage(
    ({ clock, ensemble }) => {
      ensemble.reach = () => 'refused'
      ensemble.link.close()
      return clock.advance(20_000)
    },
    { onExpired },
  )
}
await stage(async ({ clock, ensemble, zk }) => {
  zk.addAuth('digest', 'a:b').catch(() => {})
  await clock.settle()
  ensemble.link.raw('00000010 fffffffc 0000000000000000 ffffff8d')
})
await stage(async ({ clock, ensemble, zk }) => {
  zk.exists('/a', { watch: () => {} }).catch(() => {})
  await clock.settle()
  ensemble.link.refuse(ensemble.link.take('exists'), -101)
  await clock.settle()
  ensemble.link.close()
  await clock.advance(1000)
  for (let i = 0; i < 4; i++) {
    ensemble.link.refuse(ensemble.link.take('setWatches'), -5)
    await clock.advance(1000)
  }
})

// Servers behind what was seen, a stall of the process, a stream that nobody reads any more.
await stage(async ({ clock, ensemble, zk }) => {
  zk.sync('/').catch(() => {})
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('sync'), { path: '/' }, 2n ** 40n)
  await clock.settle()
  forEach(ensemble, connection => connection.close())
  ensemble.link.close()
})
await stage(({ clock }) => clock.stall(50_000))
await stage(async ({ clock, ensemble, zk }) => {
  const stream = zk.watch('/a')
  stream.next().catch(() => {})
  await clock.settle()
  ensemble.link.refuse(ensemble.link.take('addWatch'), -102)
})

// Many listeners, and many calls with one signal: no warning of a leak that is none.
await stage(async ({ clock, zk }) => {
  const { signal } = new AbortController()
  for (let i = 0; i < 50; i++) {
    zk.on('state', () => {})
    zk.get('/a', { signal }).catch(() => {})
    zk.connect({ signal }).catch(() => {})
    zk.set('/a', Buffer.from('x'), { signal }).catch(() => {})
    zk.states({ signal })
      .next()
      .catch(() => {})
  }
  await clock.settle()
})
process.stdout.write('done\n')
