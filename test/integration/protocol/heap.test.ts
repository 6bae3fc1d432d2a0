// What subscriptions leave behind when they end: nothing, on either side.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onNode, scriptArgs } from '../../support/child.ts'
import { since } from '../../support/versions.ts'
import { ownServer } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'

const server = await ownServer(t, { tickTime: 500 })

const FILE = fileURLToPath(new URL('children/subscriber.ts', import.meta.url))
/** Bytes. A thousand subscriptions that were kept would be several times as many. */
const NOISE = 400_000

t.test(
  'H20: a thousand subscriptions and twenty reconnects leave the heap flat, and the server the live set',
  { timeout: 200_000 },
  async t => {
    if (!onNode) {
      t.pass('gc() is a flag of Node')
      return
    }
    if (!(await since(t, '3.6'))) return
    const child = spawn(
      process.execPath,
      scriptArgs(FILE, [server.connectString, String(NOISE)], ['--expose-gc']),
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    )
    t.teardown(() => child.kill('SIGKILL'))
    const exited = once(child, 'exit')
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    const { heaps, live, status } = JSON.parse(line) as { heaps: number[]; live: number; status: number }
    t.ok(heaps.at(-1)! - heaps.at(-2)! < NOISE, `bytes after each thousand: ${heaps}`)
    t.equal(status, live)
    t.equal(Number(/Total watches:(\d+)/.exec(await server.command('wchs'))?.[1]), live)
    child.stdin.end()
    t.same(await exited, [0, null])
  },
)
