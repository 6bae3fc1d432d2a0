// Ids of 64 bits as text: for logs, and for JSON, which has no bigint.
import fc from 'fast-check'
import { formatSessionId, idReplacer, parseId } from '../../protocol/ids.ts'
import { aStat } from '../support/scripted-server.ts'
import { t } from '../tap.ts'

t.test('H27: ids: any 64-bit number survives hex and JSON, with its sign', async t => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), id => {
      const text = JSON.parse(JSON.stringify({ id }, idReplacer)).id
      return text === formatSessionId(id) && /^0x[0-9a-f]{1,16}$/.test(text) && parseId(text) === id
    }),
    { numRuns: 2000 },
  )
  t.equal(formatSessionId(-1n), '0xffffffffffffffff')
  t.equal(parseId('0xFFFFFFFFFFFFFFFF'), -1n)
})

t.test('H27: ids: a Stat as JSON has hex for ids and numbers for the rest', async t => {
  const shown = JSON.parse(JSON.stringify({ ...aStat, ephemeralOwner: 0x1000_0000_0000_0001n }, idReplacer))
  t.match(shown, {
    czxid: '0x2',
    ephemeralOwner: '0x1000000000000001',
    version: aStat.version,
    mtime: aStat.mtime,
  })
})

t.test('H27: ids: other text is refused', async t => {
  for (const text of ['', '12', '0x', '0xg', '-0x1', '0x11112222333344445', ' 0x1']) {
    t.throws(() => parseId(text), SyntaxError, text)
  }
})
