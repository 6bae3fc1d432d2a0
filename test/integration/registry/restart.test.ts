// A process that is killed and started again while the server still has its session.
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { ServiceRegistry } from '../../../src/registry/service-registry.ts'
import { expireSession } from '../../../src/testing/index.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import { fileFor, LONG, registrant } from './restart-support.ts'
import { branch, dataOf, ownerOf, registryAt } from './support.ts'

const server = await serverForAnySession(t)
const at = server.connectString

const test = (name: string, body: (t: Test) => Promise<void>): void => {
  t.test(name, { timeout: 120_000 }, body)
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
