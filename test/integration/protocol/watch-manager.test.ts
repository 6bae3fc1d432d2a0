// The other watch manager of ZooKeeper, WatchManagerOptimized, which has no persistent watches: one-shot ones stand in.
import { eventually } from '../../support/eventually.ts'
import { client, ownServer } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'

const manager = 'org.apache.zookeeper.server.watch.WatchManagerOptimized'
const server = await ownServer(t, { tickTime: 500, jvm: [`-Dzookeeper.watchManagerName=${manager}`] })

t.test('H18: a recursive watch on a server with WatchManagerOptimized', async t => {
  const zk = await client(t, server.connectString)
  const warnings: unknown[] = []
  zk.on('warning', warning => warnings.push(warning))
  const heard: string[] = []
  const end = new AbortController()
  const reading = (async () => {
    for await (const { type, path } of zk.watch('/a', { recursive: true, signal: end.signal }))
      heard.push(`${type} ${path}`)
  })()
  await eventually('the watch is armed', () => heard.length === 1)
  await zk.create('/a')
  await eventually('the znode', () => heard.includes('nodeCreated /a'))
  await zk.create('/a/b')
  await eventually('its child', () => heard.includes('nodeCreated /a/b'))
  end.abort()
  await reading
  t.same(warnings, [])
})
