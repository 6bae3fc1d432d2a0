// What a start from the cache file costs, and a registration: setNode calls beside as many raw creations, on both servers.
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { startServer } from '../zookeeper/server.ts'
import { coldStart } from './cold-start.ts'
import { median } from './statistics.ts'

// As users run it: the built package, without what a loader adds.
const built = new URL('../../dist/', import.meta.url)
const { ServiceRegistry } = (await import(
  new URL('src/index.js', built).href
)) as typeof import('../../src/index.ts')
const EMBEDDED = pathToFileURL(new URL('src/embedded/index.js', built).pathname).href

/** Wanted of the main job: setNode calls cost at most so many times the raw creations. */
const GOAL = 1.5
const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '10000' }, rounds: { type: 'string', default: '7' } },
})
const [nodes, rounds] = [Number(values.nodes), Number(values.rounds)]
const value = { host: 'server1', port: 22, type: 'openssh' }
const bytes = JSON.stringify({ pid: process.pid, created: '2026-01-01 00:00:00', ...value })

interface Round {
  readonly raw: number
  readonly setNode: number
  /** Until the watch of the last one is armed too. */
  readonly armed: number
  /** Bytes of heap for each registration. */
  readonly heap: number
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await task()
  return performance.now() - begun
}

function heap(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

/** Each round takes the two in another order: what a server has grown to must not count for one of them. */
async function measure(at: string, round: number): Promise<Round> {
  const registry = await ServiceRegistry.connect({ servers: at, sessionTimeout: 30_000 })
  const zk = registry.client
  const folder = `/bench-${round}`
  for (const path of [folder, `${folder}/raw`, `${folder}/set`]) await zk.create(path)
  const each = (task: (n: number) => Promise<unknown>): Promise<unknown> =>
    Promise.all(Array.from({ length: nodes }, (_, n) => task(n)))
  const creating = (): Promise<number> =>
    timed(() => each(n => zk.create(`${folder}/raw/host-${n}:22`, bytes, { mode: 'ephemeral' })))
  let raw = round % 2 === 0 ? await creating() : 0
  const before = heap()
  const begun = performance.now()
  const setNode = await timed(() => each(n => registry.setNode(`${folder}/set/host-${n}:22`, value)))
  // Answers come in order: behind the last read with a watch.
  await zk.exists('/')
  const armed = performance.now() - begun
  const size = (heap() - before) / nodes
  if (raw === 0) raw = await creating()
  await registry.stop()
  return { raw, setNode, armed, heap: size }
}

async function run(name: string, at: string): Promise<boolean> {
  const results: Round[] = []
  // The first one warms up both sides.
  for (let round = 0; round <= rounds; round++) {
    const result = await measure(at, round)
    if (round > 0) results.push(result)
  }
  const of = (pick: (round: Round) => number): number => median(results.map(pick)) ?? 0
  const ratio = of(({ raw, setNode }) => setNode / raw)
  const columns = [
    `raw ${of(({ raw }) => raw).toFixed(0)} ms`,
    `setNode ${of(({ setNode }) => setNode).toFixed(0)} ms`,
    `ratio ${ratio.toFixed(2)} (goal ${GOAL})`,
    `ratio until armed ${of(({ raw, armed }) => armed / raw).toFixed(2)}`,
    `heap ${of(({ heap }) => heap).toFixed(0)} bytes each`,
  ]
  console.log(`${name}: ${nodes} nodes, median of ${rounds}: ${columns.join(', ')}`)
  return ratio <= GOAL
}

/** In a thread of its own, so that client and server do not share one. */
async function embedded(): Promise<{ at: string; stop: () => Promise<unknown> }> {
  const program = `
    import('${EMBEDDED}').then(async ({ EmbeddedZooKeeper }) => {
      const server = await EmbeddedZooKeeper.start()
      require('node:worker_threads').parentPort.postMessage(server.connectString)
    })`
  const worker = new Worker(program, { eval: true })
  const at = await new Promise<string>((resolve, reject) =>
    worker.once('message', resolve).once('error', reject),
  )
  return { at, stop: () => worker.terminate() }
}

// First, while this process has nothing else to do.
const reached = [await coldStart(built)]
const real = await startServer()
reached.push(await run('real server', real.connectString))
await real.stop()
const { at, stop } = await embedded()
reached.push(await run('embedded server', at))
await stop()
process.exitCode = reached.every(Boolean) ? 0 : 1
