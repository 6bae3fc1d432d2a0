// Errors: one class with a code that can be searched for, and nothing that a server says can crash it.
import { clientErrors, errorCodeOf, isRefusal, serverErrors } from '../../protocol/error-codes.ts'
import {
  InvalidArgumentError,
  InvalidConnectStringError,
  PacketTooLargeError,
  ZooKeeperError,
} from '../../protocol/errors.ts'
import { t } from '../tap.ts'

t.test('errors: every number of the server has its word, and back', async t => {
  for (const [code, { number }] of Object.entries(serverErrors)) {
    t.equal(errorCodeOf(number), code)
    t.match(ZooKeeperError.fromNumber(number), { code, number, mayHaveApplied: false })
  }
  const numbers = Object.values(serverErrors).map(({ number }) => number)
  t.equal(new Set(numbers).size, numbers.length, 'no number stands twice')
})

t.test('H31: errors: which answers leave open whether a write was executed', async t => {
  const open = Object.values(serverErrors).filter(({ number }) => !isRefusal(number))
  t.strictSame(
    open.map(({ number }) => number),
    [-1, -3, -4, -7, -122],
  )
  t.equal(isRefusal(-999), false, 'a number of the future may say anything')
})

t.test('errors: every code makes an error with words', async t => {
  for (const code of Object.keys({ ...serverErrors, ...clientErrors }) as (keyof typeof serverErrors)[]) {
    t.match(new ZooKeeperError(code).message, new RegExp(`^${code}: .+`))
  }
})

t.test('H4: errors: a number of the future is UNKNOWN and keeps its number', async t => {
  const error = ZooKeeperError.fromNumber(-999, { path: '/a', operation: 'getData' })
  t.match(error, { code: 'UNKNOWN', number: -999, path: '/a', operation: 'getData' })
  t.match(error.message, /UNKNOWN -999 \(getData \/a\)/)
})

t.test('errors: context, cause and name', async t => {
  const cause = new Error('reset')
  const error = new ZooKeeperError('CONNECTION_LOSS', {
    path: '/a',
    operation: 'create',
    mayHaveApplied: true,
    cause,
  })
  t.equal(error.message, 'CONNECTION_LOSS (create /a): the connection was lost')
  t.equal(error.cause, cause)
  t.equal(error.name, 'ZooKeeperError')
  t.equal(error.number, -4)
  t.equal(error.mayHaveApplied, true)
  t.notOk('cause' in new ZooKeeperError('NO_NODE'), 'no cause is no property')
})

t.test('errors: ZooKeeperError.is knows errors of another copy of this package', async t => {
  const brand = Symbol.for('nd-service-registry.ZooKeeperError')
  const foreign = Object.assign(Object.create({ [brand]: true }), { code: 'NO_NODE' })
  t.ok(ZooKeeperError.is(foreign))
  t.ok(ZooKeeperError.is(foreign, 'NO_NODE'))
  t.notOk(ZooKeeperError.is(foreign, 'NODE_EXISTS'))
  t.ok(ZooKeeperError.is(new PacketTooLargeError(2, 1), 'PACKET_TOO_LARGE'))
  for (const other of [null, undefined, 'NO_NODE', new Error('NO_NODE'), { code: 'NO_NODE' }]) {
    t.notOk(ZooKeeperError.is(other))
  }
})

t.test('errors: a wrong argument is told by its type, not by its value', async t => {
  const told = (value: unknown): string => new InvalidArgumentError('auth', 'a string', value).message
  t.equal(told('secret'), 'auth must be a string, not string')
  t.equal(told(null), 'auth must be a string, not null')
  t.equal(told(undefined), 'auth must be a string, not undefined')
  t.equal(told([1]), 'auth must be a string, not an array')
  t.equal(told(new Date(0)), 'auth must be a string, not Date')
  t.equal(told(Object.create(null)), 'auth must be a string, not an object')
})

t.test('errors: each special error is a ZooKeeperError with its own name', async t => {
  const errors = [
    new InvalidArgumentError('a', 'b', 1),
    new InvalidConnectStringError('x', 'it is wrong'),
    new PacketTooLargeError(2, 1, { operation: 'setData', path: '/a' }),
  ]
  for (const error of errors) {
    t.ok(error instanceof ZooKeeperError)
    t.equal(error.name, error.constructor.name)
  }
  t.match(errors[2], { size: 2, limit: 1, path: '/a', message: 'setData of 2 bytes exceeds the limit of 1' })
})
