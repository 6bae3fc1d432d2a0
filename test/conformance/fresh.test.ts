// What can only be seen on a server that nobody used before: its first numbers, and how much it holds.
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import { ask } from './ask.ts'
import { create, onBoth, read, statOf } from './both.ts'

const LOW = 0xffff_ffffn
const test = onBoth({ real: {} })

test('8.1.1, 8.1.5, 8.7.2, 8.7.3: the first session, the first znode', async (t, { at, open, root }) => {
  const client = await open()
  // The session that made the root of this test: it began, made it, and ended.
  t.equal((await statOf(client, root)).czxid & LOW, 2n, 'the first session took the first number')
  const { stat } = await create(client, `${root}/a`)
  t.equal(stat.czxid & LOW, 5n)
  t.match(await statOf(client, '/'), { numChildren: 2, cversion: 0 }, 'from -1, with one more child')
  const path = '/'
  const count = await client.call(OpCode.getAllChildrenNumber, operations.getAllChildrenNumber.request, {
    path,
  })
  t.equal(read(operations.getAllChildrenNumber.reply!, count).totalNumber, 3 + 2)
  t.match(await ask(at, 'srvr'), /^Node count: 7$/m, 'five, as the root counts twice, and ours')
  t.match(await ask(at, 'srvr'), new RegExp(`^Zxid: 0x${stat.czxid.toString(16)}$`, 'm'))
})
