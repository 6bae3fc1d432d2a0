// The demo is what newcomers run first: it has to work, with and without a chroot, and to leave nothing behind.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { scriptArgs } from '../support/child.ts'
import { connectInChroot } from '../support/zookeeper.ts'
import { t } from '../tap.ts'

const demo = fileURLToPath(new URL('../../scripts/demo/main.ts', import.meta.url))

t.test('demo: every step is observed below a chroot of a given server, and nothing is left', async t => {
  const { zk, connectString } = await connectInChroot(t)
  const args = scriptArgs(demo, ['--servers', connectString])
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 })
  t.match(stdout, /Every step was observed/)
  for (const step of ['1. ', '2. ', '3. ', '4. ', '5. ', '6. ', '7. '])
    t.ok(stdout.includes(`\n${step}`), step)
  t.same((await zk.getChildren('/')).children, [])
})

t.test('demo: by itself it needs nothing but the runtime', async t => {
  // No PATH: neither Java nor any other program can be found.
  const env = { HOME: t.testdir(), PATH: '' }
  const { stdout } = await promisify(execFile)(process.execPath, scriptArgs(demo), {
    timeout: 60_000,
    env,
  })
  t.match(stdout, /^The embedded server at 127\.0\.0\.1:\d+\n/)
  t.match(stdout, /Every step was observed/)
})

t.test('demo: without a server it says so and fails', async t => {
  const args = scriptArgs(demo, ['--servers', '127.0.0.1:1'])
  const run = promisify(execFile)(process.execPath, args, { timeout: 60_000 })
  const error = (await run.then(
    () => null,
    reason => reason,
  )) as { code?: number; stderr?: string } | null
  t.equal(error?.code, 1)
  t.match(error?.stderr, /The demo failed/)
})
