// ndsr in this process on a real server: results, exit codes, credentials, faults, interruption.
import { digestAcl, openAcl } from '../../protocol/index.ts'
import { FaultProxy } from '../../src/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import { connectInChroot, servers } from '../support/zookeeper.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'
import { runHere } from './support.ts'

const GET_DATA = 4
const GET_CHILDREN = 12
const CLOSE_SESSION = -11

/** A small tree, and the flag that leads to it. */
async function plant(
  t: Test,
): Promise<{ server: string; zk: Awaited<ReturnType<typeof connectInChroot>>['zk'] }> {
  const { zk, connectString } = await connectInChroot(t)
  await zk.create('/ssh')
  await zk.create('/ssh/a:22', '{"pid": 7, "created": "2026-11-22 13:17:17", "type": "openssh"}')
  await zk.create('/ssh/b:22', '{"big": 12345678901234567890, "load": NaN}')
  await zk.create('/ssh/b:22/deep', 'caf\u00e9')
  return { server: `--server=${connectString}`, zk }
}

t.test('N83, N84, N85, N86: run: the path alone, its data, and all below it as yaml', async t => {
  const { server } = await plant(t)
  t.same(await runHere([server, '-q', '/ssh']), { code: 0, stdout: '/ssh: {}\n', stderr: '' })
  const { stdout } = await runHere([server, '-q', 'get', '/ssh/a:22', '-d'])
  t.equal(stdout, "/ssh/a:22:\n  data:\n    created: '2026-11-22 13:17:17'\n    pid: 7\n    type: openssh\n")
  const whole = await runHere([server, '-qdr', '/'])
  t.equal(
    whole.stdout,
    `/:
  children:
  - /ssh:
      children:
      - /ssh/a:22:
          children: []
          data:
            created: '2026-11-22 13:17:17'
            pid: 7
            type: openssh
      - /ssh/b:22:
          children:
          - /ssh/b:22/deep:
              children: []
              data:
                string_value: "caf\\xE9"
          data:
            big: 12345678901234567890
            load: .nan
      data: null
  data: null
`,
  )
  t.equal(whole.code, 0)
})

t.test('N84: run: json and dir', async t => {
  const { server } = await plant(t)
  const json = await runHere([server, '-q', '/ssh/b:22', '-d', '--outputformat=json'])
  t.equal(
    json.stdout,
    '{\n    "/ssh/b:22": {\n        "data": {\n            "big": 12345678901234567890,\n            "load": NaN\n        }\n    }\n}\n',
  )
  const dir = await runHere([server, '-q', '-dr', '--outputformat=dir'])
  t.equal(dir.stdout, '/\n/ssh\n/ssh/a:22\n/ssh/b:22\n/ssh/b:22/deep\n')
})

t.test('N87: run: an absent path prints an empty object and exits with 3, or 0 on request', async t => {
  const { server } = await plant(t)
  for (const flags of [[], ['-d'], ['-r'], ['-dr']]) {
    t.same(await runHere([server, '-q', '/no', ...flags]), { code: 3, stdout: '/no: {}\n', stderr: '' })
  }
  t.match(await runHere([server, '/no']), { code: 3, stderr: /there is no node at \/no\n$/ })
  t.equal((await runHere([server, '/no', '--allow-missing'])).code, 0)
})

t.test('N82: run: log lines are on stderr, by their level', async t => {
  const { server } = await plant(t)
  const { stdout, stderr } = await runHere([server, '/ssh'])
  t.equal(stdout, '/ssh: {}\n')
  t.match(stderr, /^ndsr: info: connecting to .*\nndsr: info: connected to .*\n$/)
  t.equal((await runHere([server, '/ssh', '--loglevel=30'])).stderr, '')
  t.equal((await runHere([server, '/ssh', '-q'])).stderr, '')
})

t.test('N81: run: what may not be read, with and without credentials', async t => {
  const { server, zk } = await plant(t)
  const acl = [digestAcl('joe', 'geheim')]
  await zk.create('/ssh/z', '{"private": true}', { acl })
  await zk.create('/ssh/z/inner', null, { acl: openAcl }).catch(() => {})
  const denied = await runHere([server, '/ssh/z', '-d'])
  t.match(denied, { code: 4, stdout: '', stderr: /NO_AUTH/ })
  const partly = await runHere([server, '/ssh', '-dr', '--outputformat=dir'])
  t.equal(partly.code, 4)
  t.equal(partly.stdout, '/ssh\n/ssh/a:22\n/ssh/b:22\n/ssh/b:22/deep\n/ssh/z\n')
  t.match(partly.stderr, /no permission to read \/ssh\/z\n/)

  const readable = '/ssh/z:\n  data:\n    private: true\n'
  const byFlag = await runHere([server, '/ssh/z', '-d', '-u', 'joe', '-p', 'geheim', '--loglevel=10'])
  t.match(byFlag, { code: 0, stdout: readable })
  t.notMatch(byFlag.stderr, 'geheim')
  const env = { NDSR_PASSWORD: 'geheim' }
  t.match(await runHere([server, '/ssh/z', '-d', '-u', 'joe'], { env }), { code: 0, stdout: readable })
  const alone = await runHere([server, '/ssh/z', '-d', '-u', 'joe'])
  t.match(alone, { code: 4, stderr: /a username without a password is not used/ })
  t.equal((await runHere([server, '/ssh/z', '-d', '-u', 'joe', '-p', 'wrong'])).code, 4)
})

t.test('N81: run: no server, no connect string', async t => {
  // Nobody else takes that port meanwhile, and the first attempt fails at once, as soon as there is time for it.
  const nobody = await runHere(['-s', '127.0.0.1:1', '--timeout=5', '-q'])
  t.match(nobody, { code: 5, stdout: '', stderr: /^ndsr: no connection to .*: .*ECONNREFUSED/ })
  t.match(await runHere(['-s', 'a:b:c']), { code: 2, stdout: '', stderr: /invalid connect string/ })
})

t.test('run: a chroot that is not there is no node', async t => {
  t.equal((await runHere(['-s', `${await servers()}/nowhere`, '-q'])).code, 3)
})

async function proxied(t: Test): Promise<{ server: string; proxy: FaultProxy }> {
  const { zk, servers, chroot } = await connectInChroot(t)
  await zk.create('/a', 'x')
  await zk.create('/a/b', 'y')
  const proxy = await FaultProxy.start({ target: servers })
  t.teardown(() => proxy.close())
  return { server: `--server=${proxy.connectString}${chroot}`, proxy }
}

t.test('run: reads leave no watch, and the session is closed', async t => {
  const { server, proxy } = await proxied(t)
  const watching: boolean[] = []
  const opcodes: number[] = []
  proxy.filter(frame => {
    if (frame.kind !== 'request') return 'pass'
    opcodes.push(frame.opcode)
    if (frame.opcode === GET_DATA || frame.opcode === GET_CHILDREN) watching.push(frame.bytes.at(-1) !== 0)
    return 'pass'
  })
  t.equal((await runHere([server, '-dr', '/a'])).code, 0)
  t.same(watching, [false, false, false])
  t.equal(opcodes.at(-1), CLOSE_SESSION)
  await eventually('the connection is gone', () => proxy.connections === 0)
})

t.test('run: a connection that breaks on the way costs nothing but time', async t => {
  const { server, proxy } = await proxied(t)
  let cuts = 0
  proxy.filter(frame =>
    frame.kind === 'request' && frame.opcode === GET_CHILDREN && cuts++ === 0 ? 'cut' : 'pass',
  )
  const { code, stdout } = await runHere([server, '-r', '/a', '--outputformat=dir'])
  t.same([code, stdout], [0, '/a\n/a/b\n'])
  t.ok(cuts > 1)
})

t.test('run: an abort while connecting ends at once, with 130', async t => {
  const { server, proxy } = await proxied(t)
  proxy.set({ kind: 'blackHole', direction: 'both' })
  const controller = new AbortController()
  const running = runHere([server, '--timeout=600'], { signal: controller.signal })
  await eventually('it tries to connect', () => proxy.accepted > 0)
  controller.abort()
  const { code, stdout, stderr } = await running
  t.same([code, stdout], [130, ''])
  t.match(stderr, /^ndsr: info: connecting to .*\n$/)
  t.equal((await runHere([server], { signal: AbortSignal.abort() })).code, 130)
})

t.test('run: an abort while reading ends with 130, after the session is closed', async t => {
  const { server, proxy } = await proxied(t)
  const controller = new AbortController()
  const opcodes: number[] = []
  proxy.filter(frame => {
    if (frame.kind === 'request') opcodes.push(frame.opcode)
    return frame.kind === 'reply' && frame.opcode === GET_CHILDREN ? 'drop' : 'pass'
  })
  const running = runHere([server, '-r', '/a'], { signal: controller.signal })
  await eventually('it reads', () => opcodes.includes(GET_CHILDREN))
  controller.abort()
  t.match(await running, { code: 130, stdout: '' })
  t.equal(opcodes.at(-1), CLOSE_SESSION)
})
