// A process that is killed and started again while the server still has its session.
import { spawn } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { SessionCredentials } from '../../../protocol/index.ts'
import { ServiceRegistry } from '../../../src/registry/service-registry.ts'
import type { ThreadMark } from '../../../src/registry/thread-mark.ts'
import { ownMark } from '../../../src/registry/thread-mark.ts'
import { expireSession } from '../../../src/testing/index.ts'
import { scriptArgs } from '../../support/child.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import { branch, dataOf, ownerOf, registryAt } from './support.ts'

const server = await serverForAnySession(t)
const at = server.connectString

const test = (name: string, body: (t: Test) => Promise<void>): void => {
  t.test(name, { timeout: 120_000 }, body)
}

/** A file of its own in a folder that the test removes. */
function fileFor(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'ndsr-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'sessions')
}

/** What a registry of this thread would have left behind, if the session were its own. */
function claimTo(session: string, change: Partial<ThreadMark> = {}): string {
  return JSON.stringify({ version: 1, ...ownMark(), ...change, free: false, sessions: [session] })
}

interface Child {
  readonly pid: number
  /** Resolves when its node stands. */
  readonly standing: Promise<SessionCredentials>
  kill(): Promise<void>
}

/** Longer than the next process takes to start, and to find what this one has left. */
const LONG = 60_000

function registrant(t: Test, servers: string, path: string, file = '', sessionTimeout = LONG): Child {
  const script = fileURLToPath(new URL('children/registrant.ts', import.meta.url))
  const args = scriptArgs(script, [servers, path, file, String(sessionTimeout)])
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  const standing = new Promise<SessionCredentials>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', line => {
      const [id = '', password = ''] = line.split(' ')
      resolve({ id: BigInt(id), password: Buffer.from(password, 'hex') })
    })
    child.once('close', () => reject(new Error('the child ended')))
  })
  standing.catch(() => {})
  const kill = (): Promise<void> => {
    child.kill('SIGKILL')
    return ended
  }
  return { pid: child.pid!, standing, kill }
}

async function alive(sessionId: bigint): Promise<boolean> {
  return (await server.command('dump')).includes(`0x${BigInt.asUintN(64, sessionId).toString(16)}`)
}

async function gone(sessionId: bigint): Promise<void> {
  await eventually('the session is over', async () => !(await alive(sessionId)), 60_000)
}

test('H35: kill -9 and a restart at once, with a session file: replaced without a gap, exactly one node', async t => {
  const { servers, witness } = await branch(t, at)
  const file = fileFor(t)
  await witness.create('/pool')
  const before = registrant(t, servers, '/pool/host:1', file)
  const session = await before.standing
  const former = session.id
  await before.kill()
  t.equal(await ownerOf(witness, '/pool/host:1'), former, 'the server still has the node of the dead process')
  const absences: unknown[] = []
  let looking = true
  const look = (async () => {
    while (looking) if ((await witness.exists('/pool/host:1')) === null) absences.push(performance.now())
  })()
  const after = registrant(t, servers, '/pool/host:1', file)
  const { id } = await after.standing
  t.equal(await ownerOf(witness, '/pool/host:1'), id)
  const { czxid } = (await witness.exists('/pool/host:1'))!
  t.ok(await alive(former), 'it did not wait for the former session')
  looking = false
  await look
  t.strictSame(absences, [], 'no reader saw it absent')
  await expireSession(at, session)
  await gone(former)
  t.strictSame((await witness.getChildren('/pool')).children, ['host:1'])
  t.equal((await witness.exists('/pool/host:1'))?.czxid, czxid, 'the former session takes nothing along')
  await after.kill()
})

test('H35: kill -9 and a restart at once, without a file: waits for the dead, and then exactly one node', async t => {
  const { servers, witness } = await branch(t, at)
  await witness.create('/pool')
  const before = registrant(t, servers, '/pool/host:1', '', 10_000)
  const former = await before.standing
  await before.kill()
  const after = registrant(t, servers, '/pool/host:1')
  const { id } = await after.standing
  await gone(former.id)
  t.equal(await ownerOf(witness, '/pool/host:1'), id)
  t.match(await dataOf(witness, '/pool/host:1'), { pid: after.pid })
  t.strictSame((await witness.getChildren('/pool')).children, ['host:1'])
  await after.kill()
})

test('H35: the session file holds ids and no secret, and only its owner reads it', async t => {
  const { servers } = await branch(t, at)
  const sessionFile = fileFor(t)
  const registry = await registryAt(t, servers, { sessionFile })
  const content = JSON.parse(readFileSync(sessionFile, 'utf8'))
  const id = `0x${BigInt.asUintN(64, registry.client.sessionId).toString(16)}`
  t.match(content, { version: 1, host: hostname(), pid: process.pid, sessions: [id] })
  t.equal(statSync(sessionFile).mode & 0o777, 0o600)
  await registry.stop()
  const next = await registryAt(t, servers, { sessionFile })
  t.equal(
    JSON.parse(readFileSync(sessionFile, 'utf8')).sessions.length,
    2,
    'after a stop it can be used again',
  )
  t.equal(JSON.parse(readFileSync(sessionFile, 'utf8')).sessions[0], id)
  await next.stop()
})

test('H35: a session file that a live process or another registry uses is refused', async t => {
  const { servers, witness } = await branch(t, at)
  const sessionFile = fileFor(t)
  const child = registrant(t, servers, '/a', sessionFile)
  const { id } = await child.standing
  const options = { servers, sessionFile, sessionTimeout: LONG }
  const error = await errorOf(ServiceRegistry.connect(options))
  t.match(error, { code: 'INVALID_OPTION', message: `sessionFile: process ${child.pid} uses it` })
  t.equal(await ownerOf(witness, '/a'), id)
  await child.kill()
  const registry = await registryAt(t, servers, { sessionFile })
  t.match(await errorOf(ServiceRegistry.connect(options)), {
    code: 'INVALID_OPTION',
    message: /another registry/,
  })
  await registry.stop()
})

test('H35: a session file of a process that nobody may ask about is refused', async t => {
  const { servers } = await branch(t, at)
  const sessionFile = fileFor(t)
  const content = JSON.stringify({ version: 1, host: hostname(), pid: 1, started: null, sessions: [] })
  writeFileSync(sessionFile, content)
  const { kill, platform } = process
  t.teardown(() => {
    process.kill = kill
    Object.defineProperty(process, 'platform', { value: platform })
  })
  // As on Deno without --allow-run, where there is no /proc to look at either.
  Object.defineProperty(process, 'platform', { value: 'freebsd' })
  process.kill = () => {
    throw new Error('Requires run access')
  }
  t.match(await errorOf(ServiceRegistry.connect({ servers, sessionFile })), {
    code: 'INVALID_OPTION',
    message: 'sessionFile: whether process 1 uses it cannot be told',
    cause: { message: 'Requires run access' },
  })
  t.equal(readFileSync(sessionFile, 'utf8'), content)
})

test('H35: a file that proves nothing is a start without proof', async t => {
  const { servers, witness } = await branch(t, at)
  const stranger = await registryAt(t, servers)
  await stranger.setNode('/a', { n: 'theirs' })
  const id = `0x${BigInt.asUintN(64, stranger.client.sessionId).toString(16)}`
  const contents = [
    '',
    '{"version":1,"ho',
    JSON.stringify({ version: 2, host: hostname(), pid: 1, started: null, sessions: [id] }),
    JSON.stringify({ version: 1, host: 'another.example', pid: 1, started: null, sessions: [id] }),
    JSON.stringify({ version: 1, host: hostname(), pid: process.pid, started: null, sessions: [7] }),
    JSON.stringify({ version: 1, host: hostname(), pid: process.pid, started: null, sessions: [id] }),
    claimTo(id, { host: 'another.example' }),
    // Another container, with the name of this host and the number of this process; and this host before its start.
    claimTo(id, { place: `${ownMark().place?.split(' ')[0]} pid:[1]` }),
    claimTo(id, { place: `00000000-0000-4000-8000-000000000000 ${ownMark().place?.split(' ')[1]}` }),
  ]
  for (const content of contents) {
    const sessionFile = fileFor(t)
    writeFileSync(sessionFile, content)
    const registry = await registryAt(t, servers, { sessionFile, conflict: 'fail' })
    t.match(await errorOf(registry.setNode('/a', { n: 1 })), { code: 'OWNED_BY_OTHER' }, content)
    await registry.stop()
  }
  t.match(await dataOf(witness, '/a'), { n: 'theirs' })
  const sessionFile = fileFor(t)
  writeFileSync(sessionFile, claimTo(id))
  const registry = await registryAt(t, servers, { sessionFile, conflict: 'fail' })
  await registry.setNode('/a', { n: 1 })
  t.match(await dataOf(witness, '/a'), { n: 1 }, 'the same with a proof')
})

test('H35: a session file is not written through a link, nor believed through one', async t => {
  const { servers, witness } = await branch(t, at)
  const stranger = await registryAt(t, servers)
  await stranger.setNode('/a', { n: 'theirs' })
  const id = `0x${BigInt.asUintN(64, stranger.client.sessionId).toString(16)}`
  const claim = claimTo(id)
  const [sessionFile, victim] = [fileFor(t), fileFor(t)]
  writeFileSync(victim, claim)
  symlinkSync(victim, sessionFile)
  // Where a writer that is easy to foresee would put its draft.
  symlinkSync(victim, `${sessionFile}.${process.pid}.tmp`)
  const registry = await registryAt(t, servers, { sessionFile, conflict: 'fail' })
  t.match(await errorOf(registry.setNode('/a', { n: 1 })), { code: 'OWNED_BY_OTHER' })
  t.equal(readFileSync(victim, 'utf8'), claim)
  t.ok(lstatSync(sessionFile).isFile(), 'the link is replaced by a file')
  t.match(await dataOf(witness, '/a'), { n: 'theirs' })
})

test('H35: a session file is free again where a registry could not be made', async t => {
  const { servers } = await branch(t, at)
  const sessionFile = fileFor(t)
  const impossible = ServiceRegistry.connect({ servers: 'host:port:7', sessionFile })
  t.match(await errorOf(impossible), { name: 'InvalidConnectStringError' })
  const signal = AbortSignal.abort(new Error('no patience'))
  t.match(await errorOf(ServiceRegistry.connect({ servers, sessionFile }, { signal })), {
    message: 'no patience',
  })
  const registry = await registryAt(t, servers, { sessionFile })
  t.ok(registry.getState())
})

test('H35: a session file that cannot be written is told before anything is done', async t => {
  const { servers } = await branch(t, at)
  const sessionFile = join(fileFor(t), 'no', 'such', 'folder')
  const error = await errorOf(ServiceRegistry.connect({ servers, sessionFile }))
  t.match(error, { code: 'INVALID_OPTION', message: /sessionFile: it cannot be written/ })
  t.notOk(existsSync(sessionFile))
})

interface Thread {
  readonly worker: Worker
  /** Resolves with the next message. */
  told(): Promise<string>
}

/** A worker thread with a registration; it stops its registry when it gets a message, and lives on. */
function registrantThread(t: Test, servers: string, path: string, sessionFile: string): Thread {
  const script = new URL('children/thread-registrant.ts', import.meta.url).href
  // On Node 20, `--import` does not reach a thread.
  const loader = `import('tsx/esm/api').then(api => {
    api.register()
    return import(${JSON.stringify(script)})
  })`
  const env = { ...process.env, NODE_OPTIONS: '' }
  const worker = new Worker(loader, { eval: true, argv: [servers, path, sessionFile], execArgv: [], env })
  t.teardown(() => worker.terminate())
  const told = (): Promise<string> =>
    new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
  return { worker, told }
}

test('H35: two threads of a process never take over a session of each other that is alive', async t => {
  const { servers, witness } = await branch(t, at)
  const sessionFile = fileFor(t)
  const thread = registrantThread(t, servers, '/a', sessionFile)
  const session = BigInt(await thread.told())
  const options = { servers, sessionFile, sessionTimeout: LONG }
  const refusal = { code: 'INVALID_OPTION', message: 'sessionFile: another thread of this process uses it' }
  t.match(await errorOf(ServiceRegistry.connect(options)), refusal)
  const other = registrantThread(t, servers, '/a', sessionFile)
  t.equal(await other.told(), refusal.message)
  t.equal(await ownerOf(witness, '/a'), session)
  // Killed, as a process is: nothing is released.
  await thread.worker.terminate()
  const registry = await eventually('free', () => ServiceRegistry.connect(options).catch(() => null))
  t.teardown(() => registry.stop())
  t.equal(await ownerOf(witness, '/a'), session, 'the server still has the node of the dead thread')
  await registry.setNode('/a', { n: 'main' }, { conflict: 'fail' })
  t.match(await dataOf(witness, '/a'), { n: 'main' }, 'replaced at once')
})

test('H35: a thread that has stopped its registry leaves the file to others, and gets it no more while they use it', async t => {
  const { servers, witness } = await branch(t, at)
  const sessionFile = fileFor(t)
  const thread = registrantThread(t, servers, '/a', sessionFile)
  await thread.told()
  const stopped = thread.told()
  thread.worker.postMessage('stop')
  t.equal(await stopped, 'stopped')
  const registry = await registryAt(t, servers, { sessionFile })
  await registry.setNode('/b', {})
  const before = readFileSync(sessionFile, 'utf8')
  const started = thread.told()
  thread.worker.postMessage('start')
  t.equal(await started, 'sessionFile: another thread of this process uses it')
  t.equal(readFileSync(sessionFile, 'utf8'), before)
  t.equal(await ownerOf(witness, '/b'), registry.client.sessionId)
})
