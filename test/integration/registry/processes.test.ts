// Cluster workers, threads, forks and stopped processes: each has its own session, and keeps what it registered.
import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { getServiceRegistry } from '../../../src/registry/shared.ts'
import { eventually } from '../../support/eventually.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { branch, dataOf, ownerOf } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const SCRIPT = fileURLToPath(new URL('children/member.ts', import.meta.url))
/** On Node 20, `--import` does not reach a thread. */
const LOADER = `import('tsx/esm/api').then(api => {
  api.register()
  return import(${JSON.stringify(pathToFileURL(SCRIPT).href)})
})`
/** Longer than a loaded machine keeps a process waiting. */
const LONG = 60_000
const SHORT = 4000

interface Line {
  readonly event: 'ready' | 'up' | 'down' | 'seen'
  readonly pid: number
  readonly threadId: number
  readonly sessionId: string
  readonly n?: number
  readonly same?: boolean
}

interface Member {
  readonly path: string
  readonly lines: Line[]
  /** Ends it by its own doing; resolves when it has ended. */
  end(): Promise<unknown>
}

function ready({ lines }: Member): Line | undefined {
  return lines.find(({ event }) => event === 'ready')
}

function processOf(t: Test, child: ChildProcess, path: string): Member & { child: ChildProcess } {
  t.teardown(() => child.kill('SIGKILL'))
  const lines: Line[] = []
  child.on('message', line => lines.push(line as Line))
  const ended = once(child, 'exit')
  const end = (): Promise<unknown> => {
    child.send('end')
    return ended
  }
  return { path, lines, end, child }
}

function threadOf(t: Test, args: string[], path: string): Member {
  const worker = new Worker(LOADER, { eval: true, argv: args, execArgv: [], env: bare })
  t.teardown(() => worker.terminate())
  const lines: Line[] = []
  worker.on('message', line => lines.push(line))
  const ended = once(worker, 'exit')
  const end = (): Promise<unknown> => {
    worker.postMessage('end')
    return ended
  }
  return { path, lines, end }
}

/** Without what the test runner adds to every child. */
const bare = { ...process.env, NODE_OPTIONS: '' }
const plain = { execArgv: ['--import=tsx'], env: bare, silent: true }

t.test('N11: cluster workers, threads and forks have a session each', { timeout: 120_000 }, async t => {
  const { servers, witness } = await branch(t, at)
  await witness.create('/followed', '{"n":1}')
  const shared = await getServiceRegistry({ servers, sessionTimeout: LONG, readOnly: false })
  t.teardown(() => shared[Symbol.asyncDispose]())
  await shared.setNode('/members/parent')
  const args = (path: string): string[] => [servers, String(LONG), path, '/followed']
  const clustered = ['/members/cluster-1', '/members/cluster-2'].map(path => {
    cluster.setupPrimary({ exec: SCRIPT, args: args(path), execArgv: plain.execArgv, silent: true })
    return processOf(t, cluster.fork({ NODE_OPTIONS: '' }).process, path)
  })
  const threads = ['/members/thread-1', '/members/thread-2'].map(path => threadOf(t, args(path), path))
  const forked = processOf(t, fork(SCRIPT, args('/members/fork'), plain), '/members/fork')
  const members: Member[] = [...clustered, ...threads, forked]
  for (const member of members) await eventually(member.path, () => ready(member), 90_000)

  const sessions = new Set([String(shared.client.sessionId)])
  for (const member of members) {
    const { sessionId, pid, same } = ready(member)!
    sessions.add(sessionId)
    t.equal(await ownerOf(witness, member.path), BigInt(sessionId), member.path)
    t.match(await dataOf(witness, member.path), { pid, name: member.path })
    t.equal(same, true, 'within one, the registry is shared')
  }
  t.equal(sessions.size, 6, 'each has its own')
  t.ok(threads.every(thread => ready(thread)!.pid === process.pid && ready(thread)!.threadId > 0))
  t.equal(new Set([...clustered, forked].map(each => ready(each)!.pid)).size, 3)

  await witness.set('/followed', '{"n":2}')
  for (const { lines, path } of members) {
    await eventually(`${path} sees the change`, () => lines.some(({ n }) => n === 2))
  }
  for (const member of members) await member.end()
  t.same((await witness.getChildren('/members')).children, ['parent'], 'whoever ends takes only its own')
})

t.test('a registry does not cross: a clone fails, and says why', async t => {
  const { servers } = await branch(t, at)
  const shared = await getServiceRegistry({ servers })
  t.teardown(() => shared[Symbol.asyncDispose]())
  const clone = (): unknown => structuredClone(shared)
  t.throws(clone, { name: 'DataCloneError' })
  if ('bun' in process.versions) t.pass('why', { skip: "not applicable: Bun's error names no symbol" })
  else t.throws(clone, { message: /stays in its process and thread/ })
  const { port1, port2 } = new MessageChannel()
  t.throws(() => port1.postMessage({ shared }), { name: 'DataCloneError' })
  port1.close()
  port2.close()
})

t.test(
  'a process that was stopped for longer than its session registers again',
  { timeout: 90_000 },
  async t => {
    const { servers, witness } = await branch(t, at)
    await witness.create('/followed', '{"n":1}')
    const args = [servers, String(SHORT), '/members/n', '/followed']
    const member = processOf(t, fork(SCRIPT, args, plain), '/members/n')
    const { lines, child } = member
    const { sessionId } = await eventually('the child', () => ready(member), 60_000)
    process.kill(child.pid!, 'SIGSTOP')
    await eventually('the end of its session', async () => (await witness.exists('/members/n')) === null)
    await witness.set('/followed', '{"n":2}')
    const before = lines.length
    process.kill(child.pid!, 'SIGCONT')
    await eventually('the change that it missed', () => lines.some(({ n }) => n === 2))
    await eventually('the node', async () => ((await ownerOf(witness, '/members/n')) ?? 0n) !== 0n)
    const after = lines.slice(before).map(({ event }) => event)
    t.ok(after.includes('down'), 'its callbacks hear that the connection is gone')
    t.ok(after.indexOf('up') > after.indexOf('down'), 'and that there is another')
    t.not(await ownerOf(witness, '/members/n'), BigInt(sessionId))
    t.match(await dataOf(witness, '/members/n'), { pid: child.pid, name: '/members/n' })
    await member.end()
    t.equal(await witness.exists('/members/n'), null)
  },
)
