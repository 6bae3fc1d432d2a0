// The recorder: what it decodes, what it hides, what it keeps, and that it changes nothing.
import { digestAcl, ZooKeeper } from '../../protocol/index.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import type { ProxiedFrame } from '../../src/testing/index.ts'
import { decodeFrame, FaultProxy, recordFrames } from '../../src/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

async function proxied(t: Test): Promise<{ proxy: FaultProxy; zk: ZooKeeper }> {
  const server = await EmbeddedZooKeeper.start()
  t.teardown(() => server.close())
  const proxy = await FaultProxy.start({ target: server.connectString })
  t.teardown(() => proxy.close())
  // A machine that stands still for some seconds brings no pings into the lines.
  const zk = new ZooKeeper(proxy.connectString, { sessionTimeout: 40_000 })
  t.teardown(() => zk.close())
  return { proxy, zk }
}

t.test('recorder: requests, replies, errors and events, a line each', async t => {
  const { proxy, zk } = await proxied(t)
  const lines: string[] = []
  const recorder = recordFrames(proxy, { write: line => lines.push(line) })
  await zk.create('/a', 'hello')
  await zk.get('/a', { watch: () => {} })
  await zk.set('/a', Uint8Array.of(0, 255))
  await t.rejects(zk.delete('/none'), { code: 'NO_NODE' })
  await zk.transaction().check('/a', 1).delete('/a').commit()
  const expected = [
    /^0 > connect \{ protocolVersion: 0, .*passwd: '\(hidden\)'/,
    /^0 < connect \{ .*timeOut: \d+, sessionId: \d+n, passwd: '\(hidden\)'/,
    /^0 > 1 create2 \{ path: '\/a', data: 'hello', .*flags: 0 \}$/,
    /^0 < 1 create2 OK zxid 0x[0-9a-f]+ \{ path: '\/a', stat: \{ czxid/,
    /^0 > 2 getData \{ path: '\/a', watch: true \}$/,
    /^0 < 2 getData OK .*data: 'hello'/,
    /^0 > 3 setData \{ path: '\/a', data: '0x00ff', version: -1 \}$/,
    /^0 < notification zxid 0x[0-9a-f]+ \{ type: 3, state: 3, path: '\/a' \}$/,
    /^0 < 3 setData OK /,
    /^0 > 4 delete \{ path: '\/none', version: -1 \}$/,
    /^0 < 4 delete NO_NODE zxid 0x[0-9a-f]+$/,
    /^0 > 5 multi \{ operations: \[ \{ opcode: 13, request: \{ path: '\/a', version: 1 \} \}/,
    /^0 < 5 multi OK .*outcomes: \[ \{ type: 'check' \}, \{ type: 'delete' \} \]/,
  ]
  t.equal(lines.length, expected.length)
  for (const [i, pattern] of expected.entries()) t.match(lines[i], pattern)
  t.equal(recorder.text, lines.map(line => `${line}\n`).join(''))
  recorder.stop()
  await zk.exists('/')
  t.equal(recorder.frames.length, lines.length, 'nothing is recorded after stop')
})

t.test('recorder: no password and no token is shown', async t => {
  const { proxy, zk } = await proxied(t)
  const recorder = recordFrames(proxy)
  await zk.connect({ timeout: 60_000 })
  const { password } = zk.session!
  await zk.addAuth('digest', 'joe:geheim')
  const acl = [digestAcl('joe', 'geheim')]
  const hash = acl[0]!.id.id.slice('joe:'.length)
  await zk.create('/a', null, { acl })
  await zk.setAcl('/a', acl)
  t.match((await zk.getAcl('/a')).acl, [{ id: { id: `joe:${hash}` } }])
  await zk.transaction().create('/b', null, { acl }).commit()
  const { text } = recorder
  t.match(text, /auth \{ type: 0, scheme: 'digest', auth: '\(hidden\)' \}/)
  t.notMatch(text, 'geheim')
  t.notOk(text.includes(hash), 'the hash in an ACL')
  t.equal(text.match(/id: 'joe:\(hidden\)'/g)?.length, 4, 'create, setACL, the reply to getACL, multi')
  t.notMatch(text, Buffer.from(password).toString('hex'))
})

t.test('recorder: what rules drop is recorded too, and the oldest frames go first', async t => {
  const { proxy, zk } = await proxied(t)
  await zk.connect({ timeout: 60_000 })
  const undo = proxy.filter(frame => (frame.kind === 'request' && frame.opcode === 4 ? 'drop' : 'pass'))
  const recorder = recordFrames(proxy, { capacity: 3 })
  await t.rejects(zk.get('/', { timeout: 20 }), { code: 'REQUEST_TIMEOUT' })
  // On a slow machine the time is over before the proxy has read it.
  const isThere = (): boolean => recorder.frames.some(({ operation }) => operation === 'getData')
  t.ok(await eventually('the request that was dropped', isThere))
  undo()
  await Promise.all([zk.exists('/a'), zk.exists('/b')])
  await eventually('the replies', () => recorder.frames.filter(({ kind }) => kind === 'reply').length >= 2)
  t.equal(recorder.frames.length, 3)
  t.throws(() => recordFrames(proxy, { capacity: 0 }), { name: 'RangeError' })
})

t.test('decodeFrame: what cannot be read is said, and unknown numbers are shown', async t => {
  const bytes = Uint8Array.from([0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 99])
  const base = { connection: 2, index: 5, bytes } as const
  const request = { kind: 'request', direction: 'toServer', xid: 1, ...base } as const
  t.match(decodeFrame({ ...request, opcode: 4 }), {
    operation: 'getData',
    body: { unreadable: String },
    size: 16,
    connection: 2,
  })
  t.match(decodeFrame({ ...request, opcode: 888 }), { operation: 'opcode 888', body: null })
  const reply: ProxiedFrame = {
    kind: 'reply',
    direction: 'toClient',
    xid: 1,
    zxid: 7n,
    err: -9999,
    opcode: null,
    ...base,
  }
  t.match(decodeFrame(reply), { operation: null, result: '-9999', body: null, zxid: 7n })
  t.match(decodeFrame({ kind: 'short', direction: 'toClient', ...base }), { kind: 'short', body: null })
})
