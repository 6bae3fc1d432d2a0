// The word `hash`: the digest that the server tells is the one that can be computed from what it lets read.
import { Buffer } from 'node:buffer'
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import { childOf } from '../../protocol/paths.ts'
import { checksum } from '../../src/embedded/tree-digest.ts'
import { ask } from './ask.ts'
import { create, onBoth, read, tryDelete, tryRead, trySet } from './both.ts'
import type { RawClient } from './raw-client.ts'

/** ZooKeeper notes the digest with every 128th transaction. */
const INTERVAL = 128n
// ASCII names only: ZooKeeper takes the bytes of a path in the charset of its locale.
const test = onBoth({ real: {} })

/** From the Stats, which hide nothing here: there are no containers. */
async function digest(client: RawClient, path: string): Promise<bigint> {
  const { data, stat } = read(operations.getData.reply!, await tryRead(client, OpCode.getData, path))
  const { ephemeralOwner: id, cversion, numChildren } = stat
  const owner = id === 0n ? ({ kind: 'none' } as const) : ({ kind: 'session', id } as const)
  let sum = BigInt(checksum(path, { ...stat, data, owner, creates: (cversion + numChildren) / 2 }))
  const { children } = read(operations.getChildren.reply!, await tryRead(client, OpCode.getChildren2, path))
  for (const name of children) sum += await digest(client, childOf(path, name))
  return sum
}

test('8.9.15: hash tells the digest of the tree', async (t, { at, open, root }) => {
  const client = await open()
  await create(client, `${root}/e`, { flags: 1 })
  for (const name of ['a', 'b', 'c']) await create(client, `${root}/${name}`, { data: Buffer.from(name) })
  await tryDelete(client, `${root}/b`)
  let zxid: bigint
  do {
    ;({ zxid } = await trySet(client, `${root}/a`, Buffer.from('new')))
  } while (zxid % INTERVAL !== 0n)
  const lines = (await ask(at, 'hash')).trim().split('\n')
  t.equal(lines.at(-1), `${zxid.toString(16)}: ${await digest(client, '/')}`)
})
