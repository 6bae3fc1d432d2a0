// The heap of a process that asks for ever new paths and locks. In a file of its own: it keeps a slow machine busy for minutes.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { onNode } from '../../support/child.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { branch, numbered, registryAt, settled } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const skip = onNode ? false : 'not applicable: only Node collects garbage when it is told to'

t.test('growth: the heap stays flat over many paths and locks', { skip, timeout: 200_000 }, async t => {
  const { servers } = await branch(t, at)
  const registry = await registryAt(t, servers, { maxIdlePaths: 100 })
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const heap = (): number => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const lockTwice = async (path: string): Promise<void> => {
    await registry.withLock(path, {}, () => {})
    await registry.acquireLock(path)
    await registry.releaseLock(path)
  }
  let next = 0
  const round = async (): Promise<void> => {
    const paths = numbered(4000, next)
    next += paths.length
    for (let i = 0; i < paths.length; i += 500) {
      await Promise.all(paths.slice(i, i + 500).map(path => registry.get(path)))
    }
    const locks = numbered(200, next)
    for (let i = 0; i < locks.length; i += 20) await Promise.all(locks.slice(i, i + 20).map(lockTwice))
    await settled(registry)
  }
  await round()
  await round()
  const before = heap()
  await round()
  await round()
  // Each path that is kept costs more than a kilobyte; what only waits for the collector goes with one of its next visits.
  const grown = await eventually('the heap is as it was', () => {
    const more = heap() - before
    return more < 4_000_000 ? { more } : null
  })
  t.ok(grown, `${grown.more} bytes`)
})
