// Java on the embedded server: the ZooKeeper client, and Curator's recipes.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { JavaPeers } from '../../scripts/peers/java.ts'
import { findJavaPeers } from '../../scripts/peers/java.ts'
import { t } from '../tap.ts'
import { runChecks } from './checks.ts'
import { JVM_FLAGS, serve } from './java-server.ts'

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
  return { java, flags: [...JVM_FLAGS, '-cp', [folder, ...classPath].join(delimiter)], folder }
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
