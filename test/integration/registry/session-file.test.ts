// The session file: what it holds, who may use it, and what is not believed.
import { existsSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { ServiceRegistry } from '../../../src/registry/service-registry.ts'
import type { ThreadMark } from '../../../src/registry/thread-mark.ts'
import { ownMark } from '../../../src/registry/thread-mark.ts'
import { serverForAnySession } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { errorOf } from '../protocol/support.ts'
import { fileFor, LONG, registrant } from './restart-support.ts'
import { branch, dataOf, ownerOf, registryAt } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = (name: string, body: (t: Test) => Promise<void>): void => {
  t.test(name, { timeout: 120_000 }, body)
}

/** What a registry of this thread would have left behind, if the session were its own. */
function claimTo(session: string, change: Partial<ThreadMark> = {}): string {
  return JSON.stringify({ version: 1, ...ownMark(), ...change, free: false, sessions: [session] })
}

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
