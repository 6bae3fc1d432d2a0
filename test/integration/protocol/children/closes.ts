// A process that closes a client in every state and then has nothing left to do: it must end by itself.

import { writeSync } from 'node:fs'
import type { ZooKeeperOptions } from '../../../../protocol/index.ts'
import { ZooKeeper } from '../../../../protocol/index.ts'
import { expireSession, FaultProxy } from '../../../../src/testing/index.ts'
import { eventually } from '../../../support/eventually.ts'
import { watchOwnTime } from '../../../support/own-time.ts'

const [server = ''] = process.argv.slice(2)

async function scene(
  options: ZooKeeperOptions,
  body: (zk: ZooKeeper, proxy: FaultProxy) => unknown,
): Promise<void> {
  const proxy = await FaultProxy.start({ target: server })
  const zk = new ZooKeeper(proxy.connectString, { sessionTimeout: 4000, ...options })
  await body(zk, proxy)
  await zk.close()
  await proxy.close()
}

const connected = (zk: ZooKeeper): Promise<void> => zk.connect({ timeout: 10_000 })
const state = (zk: ZooKeeper, wanted: string): Promise<unknown> =>
  eventually(wanted, () => zk.state === wanted)

await Promise.all([
  scene({}, () => {}),
  scene({}, (zk, proxy) => {
    proxy.set({ kind: 'refuse' })
    zk.connect().catch(() => {})
    return eventually('attempts', () => proxy.refused > 0)
  }),
  scene({}, (zk, proxy) => {
    proxy.set({ kind: 'blackHole', direction: 'toServer' })
    zk.get('/').catch(() => {})
    return eventually('an attempt', () => proxy.accepted > 0)
  }),
  scene({}, connected),
  scene({}, async zk => {
    await connected(zk)
    await zk.close()
  }),
  scene({}, async (zk, proxy) => {
    await connected(zk)
    proxy.set({ kind: 'blackHole', direction: 'both' })
    zk.get('/').catch(() => {})
  }),
  scene({}, async (zk, proxy) => {
    await connected(zk)
    proxy.set({ kind: 'refuse' })
    proxy.cut()
    await state(zk, 'suspended')
  }),
  scene({ onExpired: 'close' }, async zk => {
    await connected(zk)
    await expireSession(server, zk.session!)
    await state(zk, 'expired')
  }),
  scene({}, async zk => {
    await connected(zk)
    await zk.addAuth('nonsense', 'x').catch(() => {})
  }),
])
process.stdout.write('closed\n')
// For how long something keeps it from its end, in milliseconds in which it ran.
let kept = 0
watchOwnTime(false, ran => {
  kept = ran
})
process.on('exit', () => writeSync(1, `${Math.round(kept)}\n`))
