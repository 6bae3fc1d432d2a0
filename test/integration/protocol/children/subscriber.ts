// A process whose client subscribes and unsubscribes over and over, and prints what is left of it: heap and watches.
import { ZooKeeper } from '../../../../protocol/index.ts'
import { FaultProxy } from '../../../../src/testing/index.ts'

const [target = '', noise = ''] = process.argv.slice(2)
const PATHS = 40
const LIVE = 7
/** Looks at the heap. What is kept is kept each time, what the runtime takes for itself is not. */
const MOST = 5

await using proxy = await FaultProxy.start({ target })
await using zk = new ZooKeeper(proxy.connectString, {
  sessionTimeout: 8000,
  ports: { random: () => 0 },
})
await zk.connect()

async function cycle(count: number, reconnects: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const stream = zk.watch(`/n${i % PATHS}`, { recursive: i % 2 === 0 })
    await stream.next()
    await stream.return()
    if (i % Math.floor(count / reconnects) === 0) {
      const back = new Promise<void>(resolve => {
        const off = zk.on('state', ({ state }) => {
          if (state !== 'connected') return
          off()
          resolve()
        })
      })
      proxy.cut()
      await back
    }
  }
  await zk.sync('/')
}

async function heap(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    await new Promise(resolve => setImmediate(resolve))
    globalThis.gc?.()
  }
  return process.memoryUsage().heapUsed
}

// What the runtime compiles on the way takes its place once.
await cycle(1000, 20)
const heaps = [await heap()]
do {
  await cycle(1000, 20)
  heaps.push(await heap())
} while (heaps.length < MOST && heaps.at(-1)! - heaps.at(-2)! >= Number(noise))
const streams = Array.from({ length: LIVE }, (_, i) => zk.watch(`/n${i}`))
await Promise.all(streams.map(stream => stream.next()))
await zk.sync('/')
process.stdout.write(`${JSON.stringify({ heaps, live: LIVE, status: zk.status().watches })}\n`)
await new Promise(resolve => process.stdin.on('end', resolve).resume())
await Promise.all(streams.map(stream => stream.return()))
