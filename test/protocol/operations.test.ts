// The table of operations against the numbers of ZooDefs.OpCode: a wrong one would ask a server for something else.
import { operations } from '../../protocol/operations.ts'
import { t } from '../tap.ts'

const numbers: Readonly<Record<keyof typeof operations, number>> = {
  // create2 and getChildren2, which answer with a Stat.
  create: 15,
  getChildren: 12,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getACL: 6,
  setACL: 7,
  sync: 9,
  ping: 11,
  multi: 14,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  createTTL: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  closeSession: -11,
}

t.test('operations: each has its number on the wire, and its name', async t => {
  const rows = Object.entries(operations)
  t.strictSame(Object.fromEntries(rows.map(([key, { opcode }]) => [key, opcode])), numbers)
  t.strictSame(
    rows.map(([, { name }]) => name),
    rows.map(([key]) => key),
  )
})

t.test('H31: operations: what takes a zxid is never sent twice, and all reads may be', async t => {
  const of = (wanted: (row: (typeof operations)[keyof typeof operations]) => boolean): string[] =>
    Object.values(operations)
      .filter(wanted)
      .map(({ name }) => name)
  const writes = [
    'create',
    'createContainer',
    'createTTL',
    'delete',
    'setData',
    'setACL',
    'multi',
    'reconfig',
  ]
  t.strictSame(
    of(({ writes }) => writes),
    writes,
  )
  t.strictSame(
    of(({ writes, retry }) => writes && retry === 'again'),
    [],
  )
  const link = [
    'checkWatches',
    'removeWatches',
    'sasl',
    'ping',
    'auth',
    'setWatches',
    'setWatches2',
    'closeSession',
  ]
  t.strictSame(
    of(({ writes, retry }) => !writes && retry === 'never'),
    link,
    'what a connection says for itself ends with it',
  )
})
