// Exit codes: which error becomes which, and the line that tells of it.
import type { ErrorCode } from '../../protocol/index.ts'
import { InvalidConnectStringError, InvalidPathError, ZooKeeperError } from '../../protocol/index.ts'
import { describeError, exitCodeOf } from '../../src/cli/exit-codes.ts'
import { NoConnectionError } from '../../src/index.ts'
import { t } from '../tap.ts'

t.test('exit codes: by the code of the error', async t => {
  const expected: Partial<Record<ErrorCode, number>> = {
    NO_NODE: 3,
    NO_AUTH: 4,
    AUTH_FAILED: 4,
    CONNECTION_LOSS: 5,
    SESSION_EXPIRED: 5,
    REQUEST_TIMEOUT: 5,
    BAD_VERSION: 1,
    PACKET_TOO_LARGE: 1,
  }
  for (const [code, exitCode] of Object.entries(expected)) {
    t.equal(exitCodeOf(new ZooKeeperError(code as ErrorCode)), exitCode, code)
  }
  t.equal(exitCodeOf(new InvalidPathError('a', 0, 'why')), 2)
  t.equal(exitCodeOf(new InvalidConnectStringError('a', 'why')), 2)
  t.equal(exitCodeOf(new Error('of another kind')), 1)
  t.equal(exitCodeOf('no error at all'), 1)
})

t.test('exit codes: no connection, unless what lies behind it says more', async t => {
  t.equal(exitCodeOf(new NoConnectionError()), 5)
  t.equal(exitCodeOf(new NoConnectionError('no', new Error('ECONNREFUSED'))), 5)
  t.equal(exitCodeOf(new NoConnectionError('no', new ZooKeeperError('AUTH_FAILED'))), 4)
})

t.test('exit codes: an error is told on one line with its causes, each once', async t => {
  const inner = new Error('refused')
  t.equal(describeError(new Error('no connection', { cause: inner })), 'no connection: refused')
  t.equal(describeError(new Error('it was refused', { cause: inner })), 'it was refused')
  t.equal(describeError('a string'), 'a string')
  const loop = new Error('round')
  loop.cause = new Error('and', { cause: loop })
  t.equal(describeError(loop), 'round: and')
})
