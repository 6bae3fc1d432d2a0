// Java on the embedded server: the ZooKeeper client, zkCli, and Curator's recipes.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { JavaPeers } from '../../scripts/peers/java.ts'
import { findJavaPeers } from '../../scripts/peers/java.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'
import { runChecks } from './checks.ts'

const SOURCES = fileURLToPath(new URL('java', import.meta.url))
const CLIENT = ['nodes', 'create modes', 'acls', 'multi', 'watches', 'sessions', 'config', 'sasl']
const CURATOR = [
  'framework',
  'mutex',
  'read write lock',
  'semaphore',
  'leader latch',
  'cache',
  'counts',
  'barriers',
  'persistent nodes',
  'discovery',
]
// DIGEST-MD5 is refused in FIPS mode, and a login is attempted only where a check asks for it.
const FLAGS = [
  ...['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData', '-Xshare:auto'],
  ...['-Dzookeeper.fips-mode=false', '-Dzookeeper.sasl.client=false'],
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
]

const run = promisify(execFile)
const peers = await findJavaPeers()
const skip = typeof peers === 'string' ? peers : false

interface Stage {
  readonly java: string
  /** Flags and class path; the name of a class comes next. */
  readonly flags: readonly string[]
  readonly folder: string
}

let compiled: Promise<Stage> | undefined

/** Compiles all programs once. */
function stage(): Promise<Stage> {
  compiled ??= compile(peers as JavaPeers)
  return compiled
}

async function compile({ java, javac, classPath }: JavaPeers): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'ndsr-java-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const files = ['Checks', 'ClientChecks', 'CuratorChecks'].map(name => join(SOURCES, `${name}.java`))
  await run(javac, ['-d', folder, '-cp', classPath.join(delimiter), ...files], { timeout: 200_000 })
  return { java, flags: [...FLAGS, '-cp', [folder, ...classPath].join(delimiter)], folder }
}

async function serve(t: Test): Promise<string> {
  const sasl = { users: { al: 'secret' } }
  const server = await EmbeddedZooKeeper.start({
    tickTime: 500,
    maxSessionTimeout: 60_000,
    reconfig: true,
    sasl,
  })
  t.teardown(() => server.close())
  return server.connectString
}

t.test('Java: the ZooKeeper client on the embedded server', { timeout: 300_000, skip }, async t => {
  const { java, flags, folder } = await stage()
  const args = [...flags, 'ClientChecks', await serve(t), folder]
  await runChecks(t, { command: java, args, checks: CLIENT })
})

t.test("Java: Curator's recipes on the embedded server", { timeout: 300_000, skip }, async t => {
  const { java, flags } = await stage()
  await runChecks(t, { command: java, args: [...flags, 'CuratorChecks', await serve(t)], checks: CURATOR })
})

t.test('Java: zkCli on the embedded server', { timeout: 300_000, skip }, async t => {
  const { java, flags } = await stage()
  const at = await serve(t)
  const cli = async (...command: string[]): Promise<string> => {
    const args = [...flags, 'org.apache.zookeeper.ZooKeeperMain', '-server', at, ...command]
    const { stdout, stderr } = await run(java, args, { timeout: 120_000 }).catch(error => error)
    return `${stdout}${stderr}`
  }
  t.match(await cli('create', '/cli', 'hello'), 'Created /cli')
  t.match(await cli('get', '-s', '/cli'), /hello\n.*dataVersion = 0\n.*dataLength = 5/s)
  t.match(await cli('set', '-v', '7', '/cli', 'bye'), 'version No is not valid')
  t.match(await cli('getAcl', '/cli'), "'world,'anyone\n: cdrwa")
  await cli('setquota', '-n', '5', '/cli')
  t.match(await cli('listquota', '/cli'), 'count=5')
  t.match(await cli('ls', '/'), '[cli, zookeeper]')
  t.match(await cli('getAllChildrenNumber', '/'), /^\d+$/m)
  t.match(await cli('whoami'), 'ip: 127.0.0.1')
  await cli('deleteall', '/cli')
  t.match(await cli('stat', '/cli'), 'Node does not exist: /cli')
})
