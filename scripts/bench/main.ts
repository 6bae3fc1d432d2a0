// npm run bench: reads through the client against a server that answers from memory, beside the bare-socket floor.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Figures } from './figures.ts'
import { measure, median } from './figures.ts'
import { floor } from './floor.ts'

const ROUNDS = 5
const PATH = '/bench/node'

interface Row {
  readonly name: string
  readonly total: number
  readonly inFlight: number
}

const rows: readonly Row[] = [
  { name: 'get, 500 in flight', total: 500_000, inFlight: 500 },
  { name: 'get, one by one', total: 20_000, inFlight: 1 },
]

// The built package, as users run it: the TypeScript loader adds work of its own to every closure.
const { ZooKeeper }: typeof import('../../protocol/index.ts') = await import(
  'nd-service-registry/protocol' as string
)

const server = spawn(
  process.execPath,
  ['--import=tsx', fileURLToPath(new URL('canned-server.ts', import.meta.url))],
  {
    stdio: ['pipe', 'pipe', 'inherit'],
  },
)
const [line] = await once(server.stdout, 'data')
const port = Number(String(line))

process.stdout.write(`Node ${process.version}, ${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}\n\n`)
process.stdout.write('| row | client, a second | floor, a second | client CPU | floor CPU | CPU ratio |\n')
process.stdout.write('| --- | ---: | ---: | ---: | ---: | ---: |\n')
for (const row of rows) {
  const client: Figures[] = []
  const bare: Figures[] = []
  // In turns, so that a change of the machine's speed hits both.
  for (let round = 0; round <= ROUNDS; round++) {
    const ours = await throughClient(row)
    const theirs = await floor(port, PATH, row.total, row.inFlight)
    if (round > 0) {
      client.push(ours)
      bare.push(theirs)
    }
  }
  print(row.name, median(client), median(bare))
}
server.stdin.end()

async function throughClient({ total, inFlight }: Row): Promise<Figures> {
  await using zk = new ZooKeeper(`127.0.0.1:${port}`)
  await zk.connect({ timeout: 5000 })
  let begun = 0
  const worker = async (): Promise<void> => {
    while (begun < total) {
      begun++
      await zk.get(PATH)
    }
  }
  return await measure(total, async () => {
    await Promise.all(Array.from({ length: inFlight }, worker))
  })
}

function print(name: string, client: Figures, bare: Figures): void {
  const rate = ({ perSecond }: Figures): string => Math.round(perSecond).toLocaleString('en')
  const cpu = (figures: Figures): string => `${figures.cpu.toFixed(2)} us`
  const ratio = (client.cpu / bare.cpu).toFixed(2)
  process.stdout.write(
    `| ${name} | ${rate(client)} | ${rate(bare)} | ${cpu(client)} | ${cpu(bare)} | ${ratio} |\n`,
  )
}
