// What a start from the cache file costs while ZooKeeper is down, beside a process that does nothing.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from './statistics.ts'

/** Wanted: the first snapshot within so many milliseconds of the start of the process. */
const GOAL = 50
const STARTS = 15
const CHILDREN = 20
/** Nobody listens there. */
const DOWN = '127.0.0.1:1'

/** Milliseconds. */
interface Start {
  readonly whole: number
  readonly parts: Readonly<Record<string, number>>
}

/** `built` is the folder of the built package. True if the goal was reached. */
export async function coldStart(built: URL): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'ndsr-bench-'))
  try {
    const cacheFile = join(folder, 'registry.cache')
    await fill(cacheFile, built)
    const empty = join(folder, 'empty.mjs')
    await writeFile(empty, 'console.log("{}")\n')
    const cold = join(folder, 'cold.mjs')
    await writeFile(cold, program(new URL('src/index.js', built).href, cacheFile))
    return print(await inTurns(empty, cold))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** As a registry leaves it that has read a service. */
async function fill(cacheFile: string, built: URL): Promise<void> {
  const load = <T>(module: string): Promise<T> => import(new URL(`src/${module}.js`, built).href)
  const { ServiceRegistry } = await load<typeof import('../../src/index.ts')>('index')
  const { EmbeddedZooKeeper } = await load<typeof import('../../src/embedded/index.ts')>('embedded/index')
  await using server = await EmbeddedZooKeeper.start()
  await using registry = await ServiceRegistry.connect({ servers: server.connectString, cacheFile })
  for (let n = 0; n < CHILDREN; n++) await registry.setNode(`/service/host-${n}:80`, { n })
  await registry.get('/service')
}

function program(library: string, cacheFile: string): string {
  return `
    const begun = performance.now()
    const { ServiceRegistry } = await import('${library}')
    const imported = performance.now()
    const options = { servers: '${DOWN}', lazy: true, cacheFile: ${JSON.stringify(cacheFile)} }
    const registry = await ServiceRegistry.connect(options)
    const connected = performance.now()
    const { source, children } = await registry.get('/service')
    const read = performance.now()
    if (source !== 'file' || children.length !== ${CHILDREN}) throw new Error(\`\${children} from \${source}\`)
    console.log(JSON.stringify({ import: imported - begun, connect: connected - imported, get: read - connected }))
    await registry.stop()`
}

/** Each process beside one of the other kind: the machine is not the same from one second to the next. */
async function inTurns(empty: string, cold: string): Promise<{ bare: number[]; full: Start[] }> {
  const [bare, full]: [number[], Start[]] = [[], []]
  // The first ones find no file in memory.
  for (let turn = 0; turn <= STARTS; turn++) {
    const [nothing, something] = [await start(empty), await start(cold)]
    if (turn === 0) continue
    bare.push(nothing.whole)
    full.push(something)
  }
  return { bare, full }
}

/** Until the process has said that it is ready. */
async function start(file: string): Promise<Start> {
  const begun = performance.now()
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  let text = ''
  let whole = 0
  child.stdout.on('data', (chunk: Buffer) => {
    whole = performance.now() - begun
    text += chunk
  })
  const [code] = await closed
  if (code !== 0) throw new Error(`${file}: exit code ${code}`)
  return { whole, parts: JSON.parse(text) }
}

function print({ bare, full }: { bare: number[]; full: Start[] }): boolean {
  const [before, after] = [median(bare)!, median(full.map(({ whole }) => whole))!]
  const part = (name: string): string =>
    `${name} ${median(full.map(({ parts }) => parts[name]!))!.toFixed(1)}`
  const columns = [
    `an empty process ${before.toFixed(1)} ms`,
    `from the cache file ${after.toFixed(1)} ms`,
    `beyond it ${(after - before).toFixed(1)} ms (goal ${GOAL})`,
    `${['import', 'connect', 'get'].map(part).join(', ')} ms`,
  ]
  console.log(`cold start, ZooKeeper down: medians of ${STARTS} in turns: ${columns.join(', ')}`)
  return after - before <= GOAL
}
