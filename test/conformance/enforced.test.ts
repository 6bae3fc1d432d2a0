// Enforced authentication: what a connection without it may still do, which is to get it. Section 7.6.
import { Buffer } from 'node:buffer'
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { t } from '../tap.ts'
import { login, onBoth, tryRead } from './both.ts'
import { connectFrame, RawLink, requestFrame } from './raw-client.ts'

t.jobs = 8
const users = { al: 'secret' }
const enforced = (schemes: string): string[] => [
  '-Dzookeeper.fips-mode=false',
  '-Dzookeeper.enforce.auth.enabled=true',
  `-Dzookeeper.enforce.auth.schemes=${schemes}`,
]
const superDigest = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='
const either = onBoth({
  embedded: { enforceAuth: ['sasl', 'digest'], sasl: { users }, superDigest },
  real: { sasl: { users }, jvm: enforced('sasl,digest'), superDigest },
})

const EXISTS = { path: '/', watch: false }
const refusal = (xid: number): string => {
  const frame = Buffer.alloc(16)
  frame.writeInt32BE(xid)
  frame.writeInt32BE(-124, 12)
  return frame.toString('hex')
}

either('8.4.1: authentication is asked for before anything else is looked at', async (t, { at }) => {
  const requests: Record<string, [xid: number, opcode: number]> = {
    'a ping': [-2, OpCode.ping],
    'a read without a body': [5, OpCode.exists],
    'the end of the session': [7, OpCode.closeSession],
    'an unknown operation': [8, 888],
  }
  for (const [name, [xid, opcode]] of Object.entries(requests)) {
    const link = new RawLink(at)
    t.teardown(() => link.destroy())
    link.send(connectFrame())
    t.equal((await link.frame(0)).readInt32BE(4) > 0, true, 'a session is had')
    link.send(requestFrame(xid, opcode), requestFrame(9, OpCode.exists, operations.exists.request, EXISTS))
    await link.end()
    t.same(
      link.frames.slice(1).map(frame => frame.toString('hex')),
      [refusal(xid)],
      name,
    )
  }
})

either('enforced: a login of one of the schemes is enough', async (t, { at }) => {
  const open = async (): Promise<RawLink> => {
    const link = new RawLink(at)
    t.teardown(() => link.destroy())
    link.send(connectFrame())
    await link.frame(0)
    return link
  }
  const known = await open()
  const auth = { type: 0, scheme: 'digest', auth: Buffer.from('a:b') }
  known.send(
    requestFrame(-4, OpCode.auth, operations.auth.request, auth),
    requestFrame(5, OpCode.exists, operations.exists.request, EXISTS),
  )
  t.equal((await known.frame(2)).readInt32BE(12), 0)
  const other = await open()
  const sasl = operations.sasl.request
  other.send(requestFrame(5, OpCode.sasl, sasl, { token: Buffer.alloc(0) }))
  t.equal((await other.frame(1)).readInt32BE(12), 0, 'the exchange may begin')
  other.send(requestFrame(6, OpCode.sasl, sasl, { token: Buffer.from('wrong') }))
  t.equal((await other.frame(2)).toString('hex'), `${refusal(6)}ffffffff`, 'its failure is told by -124, too')
  await other.end()
  const address = await open()
  const ip = { type: 0, scheme: 'ip', auth: Buffer.alloc(0) }
  address.send(requestFrame(-4, OpCode.auth, operations.auth.request, ip), requestFrame(-2, OpCode.ping))
  await address.end()
  t.equal(address.frames.at(-1)!.toString('hex'), refusal(-2), 'another scheme will not do')
})

const addresses = onBoth({
  embedded: { enforceAuth: ['ip'], ttl: true },
  real: { jvm: enforced('ip') },
})

addresses('enforced: an address is had by everyone', async (t, { open }) => {
  const client = await open()
  t.equal((await tryRead(client, OpCode.exists, '/')).err, 0)
  t.equal(await login(client, 'nobody', 'knows'), -115)
})

t.test('enforced: a server does not start with a demand that nobody can meet', async t => {
  for (const enforceAuth of [[], ['nobody'], ['sasl']]) {
    await t.rejects(EmbeddedZooKeeper.start({ enforceAuth }), { name: 'RangeError' }, enforceAuth.join())
  }
})
