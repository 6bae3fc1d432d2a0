// What Deno has to allow the built package: no more than docs/runtimes.md says, and nothing of it in vain.
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { buildApp, EXPECTED } from '../packaging/built-app.ts'
import { t } from '../tap.ts'

const skip = 'deno' in process.versions ? false : 'not applicable: not on Deno'
const PLAIN = ['--allow-net=127.0.0.1']

/** A registry with a file for its sessions, for its snapshots, or both, twice. */
const FILES = `
import { ServiceRegistry } from 'nd-service-registry'
import { EmbeddedZooKeeper } from 'nd-service-registry/embedded'

const server = await EmbeddedZooKeeper.start()
for (const n of [1, 2]) {
  const options = { servers: server.connectString, ...JSON.parse(process.argv[2]) }
  const registry = await ServiceRegistry.connect(options)
  registry.on('warning', error => console.log(String(error.cause ?? error)))
  await registry.setNode('/services/one:' + n)
  await registry.get('/services', () => {})
  await registry.stop()
}
await server.close()
console.log('done')
`

/** Runs a program with these permissions only; resolves with all that it printed. */
async function run(
  entry: string,
  allowed: readonly string[],
  args: readonly string[] = [],
  DEBUG = '',
): Promise<string> {
  const flags = ['run', '--quiet', '--no-prompt', ...allowed, entry, ...args]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, flags, {
    timeout: 100_000,
    env: { ...process.env, NO_COLOR: '1', DEBUG },
  }).catch(error => error)
  return `${stdout}${stderr}`
}

t.test('H15: the permissions that Deno needs, each of them', { skip, timeout: 230_000 }, async t => {
  const { folder, entry } = await buildApp(t, 'node')
  t.equal(await run(entry, PLAIN), EXPECTED)
  t.equal(await run(entry, PLAIN, [], '*'), EXPECTED, 'nothing is logged')
  for (const env of ['--allow-env=DEBUG', '--allow-env']) {
    t.match(await run(entry, [...PLAIN, env], [], '*'), /nd-service-registry:client closed/, env)
  }
  // With no flag at all, Deno would start itself as Node is started, with all permissions.
  t.match(await run(entry, ['--allow-env']), /NotCapable: Requires net access/)
  const program = join(folder, 'files.mjs')
  await writeFile(program, FILES)
  const files = t.testdir()
  const sessionFile = join(files, 'sessions')
  const cacheFile = join(files, 'cache')
  const here = [...PLAIN, `--allow-read=${files}`, `--allow-write=${files}`]
  const cached = JSON.stringify({ cacheFile })
  const named = [...here, '--allow-sys=hostname,uid']
  t.equal(await run(program, named, [cached]), 'done\n')
  t.match(await run(program, [...here, '--allow-sys=hostname'], [cached]), /Requires sys access to "uid"/)
  t.match(await run(program, [...here, '--allow-sys=uid'], [cached]), /Requires sys access to "hostname"/)
  const kept = JSON.stringify({ sessionFile })
  // Of a process that has ended.
  const content = { version: 1, host: hostname(), pid: 2 ** 22 + 1, started: null, sessions: ['0x1'] }
  await writeFile(sessionFile, JSON.stringify(content))
  t.match(await run(program, named, [kept]), /whether process \d+ uses it cannot be told/)
  t.equal(await run(program, [...named, '--allow-run'], [kept]), 'done\n')
})
