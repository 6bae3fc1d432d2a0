// The real program in a process of its own: streams, exit codes, pipes and signals.
import { creatorAcl } from '../../protocol/index.ts'
import { FaultProxy } from '../../src/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import { connectInChroot } from '../support/zookeeper.ts'
import { t } from '../tap.ts'
import { startProgram } from './support.ts'

const GET_CHILDREN = 12
const CLOSE_SESSION = -11

t.test('N82, N87: main: the result on stdout, all else on stderr, the exit code', async t => {
  const { zk, connectString } = await connectInChroot(t)
  await zk.create('/a', '{"x": "y"}')
  const present = await startProgram(t, ['-s', connectString, 'get', '/a', '-d']).ended
  t.equal(present.stdout, '/a:\n  data:\n    x: y\n')
  t.match(present.stderr, /^ndsr: info: connecting/)
  t.equal(present.code, 0)
  const absent = await startProgram(t, ['-s', connectString, '/b', '-q']).ended
  t.same(absent, { code: 3, stdout: '/b: {}\n', stderr: '' })
})

t.test('N81: main: usage errors and missing connections', async t => {
  const usage = startProgram(t, ['nonsense'])
  const nobody = startProgram(t, ['-s', '127.0.0.1:1', '--timeout', '0.1'])
  t.match(await usage.ended, { code: 2, stdout: '', stderr: /unknown command/ })
  t.match(await nobody.ended, { code: 5, stdout: '', stderr: /no connection to 127.0.0.1:1/ })
})

t.test('main: a reader that goes away early is no error', async t => {
  const { zk, connectString } = await connectInChroot(t)
  const names = Array.from({ length: 300 }, (_, i) => `/n${i}`)
  // More than a pipe holds, so that the write is still under way when the reader leaves.
  await Promise.all(names.map(path => zk.create(path, 'x'.repeat(1000))))
  const program = startProgram(t, ['-s', connectString, '-dr', '-q'])
  program.child.stdout.once('data', () => program.child.stdout.destroy())
  const { code, stderr } = await program.ended
  t.equal(stderr, '')
  t.equal(code, 0)
})

for (const [signal, expected] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  t.test(`main: ${signal} closes the session and exits with ${expected}`, { timeout: 120_000 }, async t => {
    const { zk, servers, chroot } = await connectInChroot(t)
    await zk.create('/a')
    const proxy = await FaultProxy.start({ target: servers })
    t.teardown(() => proxy.close())
    const opcodes: number[] = []
    proxy.filter(frame => {
      if (frame.kind === 'request') opcodes.push(frame.opcode)
      return frame.kind === 'reply' && frame.opcode === GET_CHILDREN ? 'drop' : 'pass'
    })
    const program = startProgram(t, ['-s', `${proxy.connectString}${chroot}`, '-r', '/a'])
    await eventually('it reads', () => opcodes.includes(GET_CHILDREN), 90_000)
    program.signal(signal)
    t.match(await program.ended, { code: expected, stdout: '' })
    t.equal(opcodes.at(-1), CLOSE_SESSION)
  })
}

t.test('main: the password in the environment is used and shown nowhere', async t => {
  const { zk, connectString } = await connectInChroot(t)
  await zk.addAuth('digest', 'joe:geheim')
  await zk.create('/a', 'x', { acl: creatorAcl })
  const argv = ['-s', connectString, '/a', '-d', '-u', 'joe', '--loglevel=0']
  const env = { NDSR_PASSWORD: 'geheim', DEBUG: 'nd-service-registry:*' }
  const { code, stdout, stderr } = await startProgram(t, argv, env).ended
  t.equal(code, 0)
  t.match(stdout, 'string_value: x')
  t.match(stderr, /nd-service-registry:/)
  t.notMatch(stdout + stderr, 'geheim')
})
