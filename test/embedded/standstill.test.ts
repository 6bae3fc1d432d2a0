// A server whose process stands still in earnest, on whatever runtime: what its clients sent meanwhile counts.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { programArgs } from '../support/child.ts'
import { eventually } from '../support/eventually.ts'
import { t } from '../tap.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Milliseconds: of a session, and between its pings. */
const TIMEOUT = 4000
const PAUSE = 200

/** Says how many answers it has, again and again. */
const client = (at: string): string => `
  import { requestFrame, RawClient } from './test/conformance/raw-client.ts'
  const { link, welcome } = await RawClient.open(${JSON.stringify(at)}, { timeOut: ${TIMEOUT} })
  console.log(String(welcome.sessionId))
  while (!link.ended) {
    link.send(requestFrame(-2, 11))
    await new Promise(resolve => setTimeout(resolve, ${PAUSE}))
    console.log(String(link.frames.length))
  }
  process.exit()`

t.test(
  'standstill: a session whose pings lie in the socket outlives its timeout',
  { timeout: 150_000 },
  async t => {
    const server = await EmbeddedZooKeeper.start({ tickTime: 500 })
    t.teardown(() => server.close())
    const child = spawn(process.execPath, programArgs(client(server.connectString)), {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    let isOver = false
    child.once('close', () => {
      isOver = true
    })
    const lines: string[] = []
    createInterface({ input: child.stdout }).on('line', line => lines.push(line))
    const answers = (): number => Number(lines.at(-1))
    await eventually('pings', () => lines.length > 2 && answers() > 1, 100_000)
    const [before, end] = [answers(), performance.now() + 1.5 * TIMEOUT]
    while (performance.now() < end);
    // More than were on their way before.
    await eventually('it goes on', () => isOver || answers() > before + TIMEOUT / PAUSE)
    t.same([...server.sessionIds].map(String), lines.slice(0, 1))
  },
)
