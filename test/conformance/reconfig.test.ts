// Reconfiguration on a server without an ensemble: enabled or not, it is refused, and takes a zxid.
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import { t } from '../tap.ts'
import { login, onBoth, tryRead } from './both.ts'

t.jobs = 4
const superDigest = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='
const off = onBoth({ embedded: { superDigest }, real: { superDigest } })
const on = onBoth({ embedded: { superDigest, reconfig: true }, real: { superDigest, reconfig: true } })

for (const [rule, test, err] of [
  ['8.4.12: reconfig that is not enabled', off, -123],
  ['8.4.12: reconfig without an ensemble', on, -6],
] as const) {
  test(rule, async (t, { open }) => {
    const client = await open()
    const reconfig = (
      joiningServers: string | null,
      curConfigId = -1n,
    ): Promise<{ err: number; zxid: bigint }> =>
      client.call(OpCode.reconfig, operations.reconfig.request, {
        joiningServers,
        leavingServers: null,
        newMembers: null,
        curConfigId,
      })
    const before = (await tryRead(client, OpCode.exists, '/zookeeper/config')).zxid
    t.match(await reconfig(null), { err, zxid: before + 1n })
    t.match(await reconfig('not a server', 7n), { err, zxid: before + 2n })
    await login(client, 'digest', 'super:test')
    t.match(await reconfig('server.2=localhost:1:2;3'), { err, zxid: before + 3n }, 'nor by super')
    t.equal((await tryRead(client, OpCode.exists, '/zookeeper/config')).err, 0, 'the connection stays')
  })
}
