// The harness with a real server: start, faults, restart, elections, and nothing left behind whoever dies.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startEnsemble } from '../../scripts/zookeeper/ensemble.ts'
import { findInstallation } from '../../scripts/zookeeper/run/installation.ts'
import { poll } from '../../scripts/zookeeper/run/poll.ts'
import { freePorts } from '../../scripts/zookeeper/run/ports.ts'
import type { Server } from '../../scripts/zookeeper/server.ts'
import { startServer } from '../../scripts/zookeeper/server.ts'
import { programArgs } from '../support/child.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

const missing = await findInstallation({}).then(
  () => null,
  error => String(error.message),
)
if (missing !== null && process.env.CI === 'true') throw new Error(missing)

const test = (name: string, body: (t: Test) => Promise<void>): void => {
  t.test(name, { skip: missing ?? false, timeout: 90_000 }, body)
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  // An orphan that nobody waits for stays in the process table, but it runs no more.
  const stat = `/proc/${pid}/stat`
  return !(existsSync(stat) && / Z /.test(readFileSync(stat, 'utf8')))
}

const gone = async (pid: number, folder: string): Promise<true> =>
  await poll(
    () => `process ${pid} or ${folder} was not gone`,
    async () => (isAlive(pid) || existsSync(folder) ? null : true),
    { within: 15_000 },
  )

test('a server serves on loopback, and stop leaves nothing', async t => {
  const server = await startServer()
  t.teardown(() => server.stop())
  t.equal(server.host, '127.0.0.1')
  t.equal(server.connectString, `127.0.0.1:${server.port}`)
  t.equal(server.securePort, null)
  t.match(await server.command('srvr'), `Zookeeper version: ${server.version}`)
  t.equal(await server.command('ruok'), 'imok')
  t.equal(await server.mode(), 'standalone')
  t.match(server.log(), /binding to port/)
  const { pid, folder } = server
  t.ok(isAlive(pid))
  await Promise.all([server.stop(), server.stop()])
  t.notOk(isAlive(pid))
  t.notOk(existsSync(folder))
  t.equal(server.state, 'stopped')
  t.match(server.log(), /binding to port/, 'the log outlives the server')
  await t.rejects(server.restart(), /stopped for good/)
  await server.kill()
})

test('a frozen server says nothing until it is thawed, and can be stopped frozen', async t => {
  await using server = await startServer()
  server.freeze()
  t.equal(server.state, 'frozen')
  await t.rejects(server.command('ruok', 200), /no answer to ruok within 200 ms/)
  t.equal(await server.mode(), null)
  t.throws(() => server.freeze(), /frozen cannot be frozen/)
  server.thaw()
  t.equal(await server.command('ruok'), 'imok')
  t.throws(() => server.thaw(), /running cannot be thawed/)
  server.freeze()
  const { pid, folder } = server
  await server.stop()
  t.notOk(isAlive(pid))
  t.notOk(existsSync(folder))
})

test('a restart after a kill, and in order, keeps the port and the data', async t => {
  await using server = await startServer()
  const { port, pid, folder } = server
  const log = join(folder, 'data', 'mark')
  await writeFile(log, 'kept')
  await server.kill()
  t.equal(server.state, 'down')
  t.notOk(isAlive(pid))
  t.equal(await server.mode(), null)
  await server.restart()
  t.equal(server.port, port)
  t.equal(server.folder, folder)
  t.not(server.pid, pid)
  t.equal(await server.command('ruok'), 'imok')
  const second = server.pid
  await server.restart()
  t.not(server.pid, second)
  t.notOk(isAlive(second), 'a running server is ended first')
  t.equal(readFileSync(log, 'utf8'), 'kept')
  await server.terminate()
  t.match(await server.ended(), /exit code|signal SIGTERM/)
})

test('a stop while a restart is under way wins, and two restarts at once make one process', async t => {
  const server = await startServer()
  t.teardown(() => server.stop())
  await server.kill()
  const twice = await Promise.allSettled([server.restart(), server.restart()])
  t.same(twice.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
  t.equal(await server.command('ruok'), 'imok')
  await server.kill()
  const restarting = server.restart()
  // The process of the restart is there from here on, though it does not serve yet.
  await poll(
    () => 'the restart did not begin',
    async () => (server.state === 'running' ? true : null),
    { within: 10_000, every: 1 },
  )
  const { pid, folder } = server
  await Promise.all([server.stop(), t.rejects(restarting)])
  t.notOk(isAlive(pid) || existsSync(folder))
})

test('options reach the server', async t => {
  await using server = await startServer({
    tickTime: 300,
    ttl: true,
    maxBuffer: 200_000,
    fourLetterWords: 'envi',
    config: { maxSessionTimeout: '4000' },
    jvm: ['-Dndsr.mine=yes'],
  })
  const conf = await server.command('conf')
  t.match(conf, 'tickTime=300\n')
  t.match(conf, 'maxSessionTimeout=4000\n')
  t.match(conf, 'minSessionTimeout=600\n')
  t.match(await server.command('mntr'), /not in the whitelist/)
  t.match(await server.command('envi'), `java.class.path=${server.folder}`)
  const line = readCommandLine(server.pid)
  for (const wanted of [
    '-Dzookeeper.extendedTypesEnabled=true',
    '-Djute.maxbuffer=200000',
    '-Dndsr.mine=yes',
  ]) {
    t.ok(line === null || line.includes(wanted), wanted)
  }
})

const readCommandLine = (pid: number): string[] | null => {
  const file = `/proc/${pid}/cmdline`
  return existsSync(file) ? readFileSync(file, 'utf8').split('\0') : null
}

test('a start that fails says why with the log, and leaves nothing', async t => {
  const [port] = await freePorts(1)
  const blocker = createServer()
  await new Promise<void>(resolve => blocker.listen(port, '127.0.0.1', resolve))
  t.teardown(() => blocker.close())
  await t.rejects(startServer({ port: port! }), {
    name: 'PortTakenError',
    message: /its log ends:\n.*in use/s,
  })
  await t.rejects(
    startServer({ config: { tickTime: 'soon' } }),
    /ended \(exit code 2\); its log ends:.*Invalid config/s,
  )
  await t.rejects(startServer({ version: '3.4' }), /not supported/)
  await t.rejects(startServer({ signal: AbortSignal.abort() }), { name: 'AbortError' })
})

test('an ensemble of three elects another leader when the leader is killed', async t => {
  await using ensemble = await startEnsemble(3, { tickTime: 500 })
  t.equal(ensemble.connectString, ensemble.members.map(member => `127.0.0.1:${member.port}`).join(','))
  const modes = await Promise.all(ensemble.members.map(member => member.mode()))
  t.same(modes.toSorted(), ['follower', 'follower', 'leader'])
  const first = await ensemble.leader()
  await first.kill()
  const second = await ensemble.leader()
  t.not(second, first)
  const follower = await ensemble.follower()
  t.ok(follower !== first && follower !== second)
  await first.restart()
  t.equal(await first.mode(), 'follower', 'the old leader joins the new one')

  second.freeze()
  const third = await ensemble.leader()
  t.not(third, second)
  second.thaw()
  t.equal(await ensemble.leader(), third, 'a thawed leader is not the leader any more')
  await ensemble.ready()
  const left = ensemble.members.map(({ pid, folder }) => ({ pid, folder }))
  await ensemble.stop()
  for (const { pid, folder } of left) t.notOk(isAlive(pid) || existsSync(folder))
})

test('a member without a quorum does not serve; in read-only mode it does', async t => {
  await using ensemble = await startEnsemble(2, { tickTime: 300, readOnlyMode: true })
  const [one, other] = ensemble.members as [Server, Server]
  await one.kill()
  await other.restart({ wait: false })
  t.equal(await other.ready(), 'read-only')
})

// A program of its own that starts a server, reports it, and then does as told.
const startParent = async (
  t: Test,
  then: string,
): Promise<{ parent: ChildProcess; pid: number; folder: string }> => {
  const url = new URL('../../scripts/zookeeper/server.ts', import.meta.url).href
  const code = `
    const { startServer } = await import(${JSON.stringify(url)})
    const server = await startServer()
    const report = () => console.log(JSON.stringify({ pid: server.pid, folder: server.folder }))
    ${then}`
  const parent = spawn(process.execPath, programArgs(code), {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  t.teardown(() => parent.kill('SIGKILL'))
  for await (const line of createInterface({ input: parent.stdout })) {
    return { parent, ...(JSON.parse(line) as { pid: number; folder: string }) }
  }
  throw new Error('the program ended without a report')
}

for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
  test(`nothing is left when the parent gets ${signal}, not even a frozen server`, async t => {
    const { parent, pid, folder } = await startParent(t, 'server.freeze(); report()')
    t.ok(isAlive(pid) && existsSync(folder), 'it runs')
    parent.kill(signal)
    t.ok(await gone(pid, folder))
  })
}

test('nothing is left when the parent dies after the server did', async t => {
  const { parent, pid, folder } = await startParent(
    t,
    'await server.kill(); report(); setInterval(() => {}, 1000)',
  )
  t.ok(!isAlive(pid) && existsSync(folder), 'the data are still there')
  parent.kill('SIGKILL')
  t.ok(await gone(pid, folder))
})

const endings = {
  'process.exit': 'report(); process.exit(0)',
  'an uncaught error': 'report(); setImmediate(() => { throw new Error("uncaught") })',
  'a forgotten stop of a server that is down': 'await server.kill(); report()',
}
for (const [name, then] of Object.entries(endings)) {
  test(`nothing is left after ${name}`, async t => {
    const { pid, folder } = await startParent(t, then)
    t.ok(await gone(pid, folder))
  })
}
