// What an embedded server costs, measured in a process of its own: `cycles N`, `memory N`, `idle`, `serve`. JSON comes out.
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { memoryUsage } from 'node:process'
import { ZooKeeper } from '../../../protocol/index.ts'
import { EmbeddedZooKeeper } from '../../../src/embedded/index.ts'

/** Milliseconds of each of many. */
export interface Times {
  readonly median: number
  readonly p99: number
  readonly slowest: number
  /** CPU milliseconds of the one that took most: the rest of the slowest is waiting for a processor. */
  readonly mostCpu: number
}

interface Sample {
  readonly elapsed: number
  readonly cpu: number
}

export interface Cycles {
  readonly start: Times
  readonly close: Times
  /** A server of node:net that does nothing, opened and closed in turn with the others: what the machine adds. */
  readonly bareStart: Times
  readonly bareClose: Times
  /** Bytes of heap that the second half of the cycles added. */
  readonly growth: number
  /** Handles and timers before and after. */
  readonly resources: readonly [readonly string[], readonly string[]]
}

export interface Idle {
  /** Timers of a server without clients, with an idle client, and when the client is gone. */
  readonly timers: readonly [number, number, number]
  /** CPU milliseconds in a second without clients. */
  readonly cpu: number
}

/** Bytes for each znode, with 100 bytes of data, all below one parent. */
export interface Memory {
  readonly znodes: number
  readonly bytes: number
}

const DATA = Buffer.alloc(100, 'x')
const BATCH = 2000
/** Milliseconds. */
const PATIENCE = 20_000

function collected(): number {
  const { gc } = globalThis as { gc?: () => void }
  if (gc === undefined) throw new Error('run it with --expose-gc')
  gc()
  gc()
  const { heapUsed, external } = memoryUsage()
  return heapUsed + external
}

/** What keeps a process alive; the pipes to whoever started it do not count. */
function resources(): string[] {
  return process.getActiveResourcesInfo().filter(name => !/Pipe|TTY|CloseReq|FSReq/.test(name))
}

/** A handle is gone some turns after it was closed, and the server may hear of an end after the client. */
async function settled(probe: () => boolean): Promise<void> {
  for (const end = performance.now() + PATIENCE; !probe() && performance.now() < end; ) {
    // No timer: timers are counted.
    await new Promise(resolve => setImmediate(resolve))
  }
}

async function timed(into: Sample[], work: () => Promise<unknown>): Promise<void> {
  const [began, before] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(before)
  into.push({ elapsed: performance.now() - began, cpu: (user + system) / 1000 })
}

function timesOf(samples: readonly Sample[]): Times {
  const sorted = samples.map(({ elapsed }) => elapsed).sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] as number
  const mostCpu = Math.max(...samples.map(({ cpu }) => cpu))
  return { median: at(0.5), p99: at(0.99), slowest: at(1), mostCpu }
}

async function bare(start: Sample[], close: Sample[]): Promise<void> {
  const server = createServer()
  await timed(start, () => new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve)))
  await timed(close, () => new Promise(resolve => server.close(resolve)))
}

/** Each server has a client that connects before the server closes. */
async function cycle(start: Sample[], close: Sample[]): Promise<void> {
  let server: EmbeddedZooKeeper | undefined
  await timed(start, async () => {
    server = await EmbeddedZooKeeper.start()
  })
  const zk = new ZooKeeper(server!.connectString)
  await zk.create('/a', DATA, { mode: 'ephemeral' })
  const gone = zk.close()
  await timed(close, () => server!.close())
  await gone
}

async function cycles(count: number): Promise<Cycles> {
  const start: Sample[] = []
  const close: Sample[] = []
  const bareStart: Sample[] = []
  const bareClose: Sample[] = []
  // The loader of the sources connects to its parent as this begins.
  await settled(() => resources().length === 0)
  const before = resources()
  let half = 0
  for (let i = 0; i < count; i++) {
    if (i === Math.floor(count / 2)) half = collected()
    await cycle(start, close)
    await bare(bareStart, bareClose)
  }
  const growth = collected() - half
  await settled(() => resources().length <= before.length)
  return {
    start: timesOf(start),
    close: timesOf(close),
    bareStart: timesOf(bareStart),
    bareClose: timesOf(bareClose),
    growth,
    resources: [before, resources()],
  }
}

async function memory(znodes: number): Promise<Memory> {
  const server = await EmbeddedZooKeeper.start()
  const fill = async (parent: string, count: number): Promise<void> => {
    await using zk = new ZooKeeper(server.connectString)
    await zk.create(parent)
    for (let first = 0; first < count; first += BATCH) {
      const length = Math.min(BATCH, count - first)
      await Promise.all(Array.from({ length }, (_, i) => zk.create(`${parent}/node-${first + i}`, DATA)))
    }
  }
  // What the client and the first buffers cost is there before.
  await fill('/before', BATCH)
  const before = collected()
  await fill('/znodes', znodes)
  const bytes = collected() - before
  await server.close()
  return { znodes, bytes }
}

async function idle(): Promise<Idle> {
  const timers = (): number => resources().filter(name => name === 'Timeout').length
  const server = await EmbeddedZooKeeper.start()
  const alone = timers()
  // What the start itself left to do is over after a second.
  await new Promise(resolve => setTimeout(resolve, 1000))
  const cpu = process.cpuUsage()
  await new Promise(resolve => setTimeout(resolve, 1000))
  const { user, system } = process.cpuUsage(cpu)
  // A bare socket: a client of ours would have timers of its own.
  const socket = connect({ port: server.port, host: '127.0.0.1' })
  socket.write(
    Buffer.from(`0000002d${'00'.repeat(12)}00007530${'00'.repeat(8)}00000010${'00'.repeat(17)}`, 'hex'),
  )
  await new Promise(resolve => socket.once('data', resolve))
  const connected = timers()
  const [id] = server.sessionIds
  server.expireSession(id!)
  await new Promise(resolve => socket.once('close', resolve))
  await settled(() => timers() <= alone)
  const after = timers()
  await server.close()
  return { timers: [alone, connected, after], cpu: (user + system) / 1000 }
}

async function serve(): Promise<AddressInfo['port']> {
  const server = await EmbeddedZooKeeper.start()
  process.stdin.resume().once('end', () => server.close())
  return server.port
}

const [task, count] = process.argv.slice(2)
const answer = await {
  cycles: () => cycles(Number(count)),
  memory: () => memory(Number(count)),
  idle,
  serve,
}[task as 'idle']()
process.stdout.write(`${JSON.stringify(answer)}\n`)
