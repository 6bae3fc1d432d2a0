// A client whose whole process is stopped and goes on, against a real server.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { scriptArgs } from '../../support/child.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { client, ownServer } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

const { connectString: at } = await ownServer(t, { tickTime: 250, config: { maxSessionTimeout: '60000' } })
/** Milliseconds of a session that shall outlive a stop, whatever else stops on the machine, and of one that shall not. */
const LONG = 12_000
const SHORT = 4000

const test = concurrently({ jobs: 2, timeout: 90_000 })

interface Line {
  readonly event: string
  readonly generation: number
  readonly sessionId: string
}

/** A process with a client that holds an ephemeral znode. */
async function startChild(
  t: Test,
  ephemeral: string,
  sessionTimeout: number,
): Promise<{ lines: Line[]; pid: number; end(): Promise<number | null> }> {
  const script = fileURLToPath(new URL('children/client.ts', import.meta.url))
  const child = spawn(process.execPath, scriptArgs(script, [at, String(sessionTimeout), ephemeral]), {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  const lines: Line[] = []
  createInterface({ input: child.stdout }).on('line', line => lines.push(JSON.parse(line)))
  await eventually('the child', () => lines.length > 0)
  const end = (): Promise<number | null> => {
    child.stdin.end()
    return ended
  }
  return { lines, pid: child.pid!, end }
}

test('H13: a process that is stopped for a moment keeps its session', async t => {
  const witness = await client(t, at, { sessionTimeout: 5000 })
  const { lines, pid, end } = await startChild(t, '/stopped-briefly', LONG)
  const owner = BigInt(lines[0]!.sessionId)
  process.kill(pid, 'SIGSTOP')
  await new Promise(resolve => setTimeout(resolve, LONG / 2))
  process.kill(pid, 'SIGCONT')
  t.equal(await end(), 0)
  t.ok(lines.every(line => BigInt(line.sessionId) === owner || line.event === 'closed'))
  t.notOk(
    lines.some(line => line.event === 'lost' || line.event === 'expired'),
    lines.map(l => l.event).join(),
  )
  t.equal(await witness.exists('/stopped-briefly'), null)
})

test('H13: a process that is stopped for longer than its session hears of it when it goes on', async t => {
  const witness = await client(t, at, { sessionTimeout: 5000 })
  const { lines, pid, end } = await startChild(t, '/stopped', SHORT)
  process.kill(pid, 'SIGSTOP')
  await eventually('the end of the session', async () => (await witness.exists('/stopped')) === null)
  const heard = lines.map(line => line.event).filter(event => event !== 'stalled')
  t.same(heard, ['ready'], 'it has heard of nothing yet')
  process.kill(pid, 'SIGCONT')
  const connected = await eventually('the next session', () => lines.find(line => line.event === 'connected'))
  t.equal(connected.generation, 2)
  t.not(connected.sessionId, lines[0]?.sessionId)
  const events = lines.map(line => line.event)
  t.ok(events.includes('expired'), events.join())
  t.equal(await end(), 0)
})
