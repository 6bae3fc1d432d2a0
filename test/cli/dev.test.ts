// ndsr dev: its options, its seed, and the server as a process.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ZooKeeper } from '../../protocol/index.ts'
import { parseDev } from '../../src/cli/dev/options.ts'
import { parseSeed } from '../../src/cli/dev/seed.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { eventually } from '../support/eventually.ts'
import { t } from '../tap.ts'
import { Kept, runHere, startProgram } from './support.ts'

const SEED = `
/production/ssh:
  children:
    - /production/ssh/server1:22: { data: { type: openssh, big: 12345678901234567890 } }
    - /production/ssh/server2:22:
/config/app:
  data: { state: enabled, pid: 7, created: '2020-01-01 00:00:00' }
/config/text: { data: plain }
`
/** As an ensemble prints it with everything else: clients may not write it. */
const SYSTEM = `
/zookeeper:
  children:
    - /zookeeper/config: { data: 'server.1=one:2888:3888' }
/zookeeper2: {}
`

t.test('dev: options, and what is refused', async t => {
  const parse = (...argv: string[]): ReturnType<typeof parseDev> & { said: string } => {
    const stdout = new Kept()
    const stderr = new Kept()
    const parsed = parseDev(argv, { stdout, stderr })
    return { ...parsed, said: stdout.text + stderr.text }
  }
  t.match(parse(), { options: { port: 2181, host: '127.0.0.1', seed: null, quiet: false } })
  t.match(parse('--port=0', '--seed', 'x.yaml', '-q', '--host', '::1'), {
    options: { port: 0, host: '::1', seed: 'x.yaml', quiet: true },
  })
  for (const argv of [['--port=65536'], ['--port=x'], ['--port=-1'], ['--seed'], ['word'], ['--unknown']]) {
    t.match(parse(...argv), { kind: 'done', exitCode: 2, said: /^ndsr: / })
  }
  t.match(parse('--help'), { kind: 'done', exitCode: 0, said: /memory only/ })
})

t.test('dev: a seed is what get prints, and bad ones say where', async t => {
  const nodes = parseSeed(SEED)
  t.same(
    nodes.map(({ path }) => path),
    [
      '/production/ssh',
      '/production/ssh/server1:22',
      '/production/ssh/server2:22',
      '/config/app',
      '/config/text',
    ],
  )
  t.match(String(nodes[1]?.data), /"type":"openssh","big":12345678901234567890\}$/)
  t.equal(nodes[2]?.data, null)
  t.equal(String(nodes[3]?.data), '{"pid":7,"created":"2020-01-01 00:00:00","state":"enabled"}')
  t.match(String(nodes[4]?.data), /"string_value":"plain"\}$/)
  t.same(parseSeed(''), [])
  const bad: [string, RegExp][] = [
    ['{', /^not YAML: missing char at line 1, column 2$/],
    ['/a: *b', /^not YAML: an alias that cannot be resolved$/],
    ['/a: !b c', /^not YAML: tag resolve failed at line 1, column 5$/],
    ['- a', /the file: a mapping is expected/],
    ['no/slash: {}', /the file: .*path/],
    ['/a: { dta: 1 }', /\/a: a node has data and children, not dta/],
    ['/a: { children: { /a/b: {} } }', /\/a: children must be a list/],
    ['/a: { children: [/a/b] }', /a child of \/a: a mapping is expected/],
    ['/a: { data: [1] }', /\/a: data must be an object or a string/],
    ['/a: 1', /\/a: a mapping is expected/],
  ]
  for (const [text, message] of bad) t.throws(() => parseSeed(text), message, text)
})

t.test('dev: serves its seed until SIGINT, and get reads it back', { timeout: 120_000 }, async t => {
  const file = join(t.testdir(), 'seed.yaml')
  await writeFile(file, SEED + SYSTEM)
  const program = startProgram(t, ['dev', '--port', '0', '--seed', file])
  let servers = ''
  program.child.stdout.on('data', text => {
    servers += text
  })
  await eventually('the connect string', () => servers.endsWith('\n'), 90_000)
  const zk = new ZooKeeper(servers.trim())
  t.teardown(() => zk.close())
  t.same((await zk.getChildren('/production/ssh')).children.toSorted(), ['server1:22', 'server2:22'])
  t.equal((await zk.get('/zookeeper/config')).data?.length, 0)
  t.ok(await zk.exists('/zookeeper2'))
  const got = await runHere(['-s', servers.trim(), '/', '-dr', '-q'])
  t.equal(got.code, 0)
  t.match(got.stdout, 'type: openssh')
  // What get prints is a seed again.
  const paths = parseSeed(got.stdout).map(({ path }) => path)
  t.ok(paths.includes('/production/ssh/server1:22'))
  await zk.close()
  program.signal('SIGINT')
  const { code, stdout, stderr } = await program.ended
  t.equal(code, 0)
  t.match(stdout, /^127\.0\.0\.1:\d+\n$/)
  t.match(stderr, /6 znodes from .*seed\.yaml/)
})

t.test('dev: a port that is taken and a file that is not there end with 1', async t => {
  const server = await EmbeddedZooKeeper.start()
  t.teardown(() => server.close())
  t.match(await runHere(['dev', '--port', String(server.port)]), {
    code: 1,
    stdout: '',
    stderr: /EADDRINUSE/,
  })
  t.match(await runHere(['dev', '--port=0', '--seed', '/no/such/file']), { code: 1, stderr: /ENOENT/ })
  t.match(await runHere(['DEV', '--port=x']), { code: 2, stderr: /--port/ })
})

t.test('dev: ends at once when it is interrupted already, and leaves no server', async t => {
  const signal = AbortSignal.abort()
  t.match(await runHere(['dev', '--port=0', '-q'], { signal }), { code: 0, stderr: '' })
})
