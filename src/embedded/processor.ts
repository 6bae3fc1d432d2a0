// From a request frame to what the connection does about it: the whole server between bytes in and bytes out.
import { serverErrors } from '../../protocol/error-codes.ts'
import { JuteError } from '../../protocol/jute/error.ts'
import type { JuteReader } from '../../protocol/jute/reader.ts'
import { OpCode, Xid } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import type { SaslToken } from '../../protocol/records/access.ts'
import type { RequestHeader } from '../../protocol/records/headers.ts'
import { requestHeader } from '../../protocol/records/headers.ts'
import { logger } from '../../protocol/support/log.ts'
import type { Client } from './client.ts'
import { authenticate, closeSession, sasl } from './handlers/session.ts'
import { isAuthNull, isNullNext } from './nulls.ts'
import { Refusal, refuse } from './refusal.ts'
import type { Body, Route } from './route.ts'
import { routes } from './routes.ts'
import type { Session } from './session.ts'
import type { World } from './world.ts'

export interface Reply {
  readonly type: 'reply'
  /** The operation, for those who count. */
  readonly name: string
  readonly xid: number
  readonly zxid: bigint
  readonly err: number
  readonly body: Body
  /** What follows the reply. */
  readonly next: 'goOn' | 'close'
}

export type Outcome =
  | Reply
  /** The answer to the handshake once more, in place of a reply. */
  | { readonly type: 'welcome'; readonly session: Session }
  | { readonly type: 'close' }

const log = logger('embedded')
const CLOSE: Outcome = { type: 'close' }
/** Answers of the connection itself carry no zxid. */
const NO_ZXID = 0n
const UNKNOWN_OPCODE_ZXID = -1n
const UNIMPLEMENTED = serverErrors.UNIMPLEMENTED.number
const MARSHALLING_ERROR = serverErrors.MARSHALLING_ERROR.number
const NOT_LET_IN = serverErrors.SESSION_CLOSED_REQUIRE_SASL_AUTH.number
const NOT_READ_ONLY = serverErrors.NOT_READ_ONLY.number

const TIMEOUT_BYTES = 4

/** Handles one frame of a connection that has a session. */
export function process(world: World, client: Client, frame: JuteReader): Outcome {
  const header = readHeader(frame)
  if (header === null) return CLOSE
  if (header.opcode === OpCode.auth) return auth(world, client, header, frame)
  if (header.opcode === OpCode.sasl) return answerSasl(world, client, header, frame)
  if (!isLetIn(world, client)) {
    return reply('NA', header.xid, { zxid: NO_ZXID, err: NOT_LET_IN, next: 'close' })
  }
  const { session } = client
  // A session that ended takes its requests with it: they get no answer.
  if (session === null) return CLOSE
  const found = routes.get(header.opcode)
  const { createSession, closeSession } = OpCode
  if (found === undefined && header.opcode !== closeSession && header.opcode !== createSession) {
    return reply('NA', header.xid, { zxid: UNKNOWN_OPCODE_ZXID, err: UNIMPLEMENTED, next: 'close' })
  }
  world.sessions.touch(session)
  if (found !== undefined) return run(world, client, header, found, frame)
  return header.opcode === closeSession ? end(world, client, header) : again(world, session, header, frame)
}

function readHeader(frame: JuteReader): RequestHeader | null {
  try {
    return requestHeader.read(frame)
  } catch (error) {
    if (error instanceof JuteError) return null
    throw error
  }
}

function run(world: World, client: Client, header: RequestHeader, found: Route, frame: JuteReader): Outcome {
  try {
    if (found.needsLeader && world.mode === 'readOnly') refuse('NOT_READ_ONLY')
    if (startsWithPath.has(found.opcode) && isNullNext(frame)) refuse('MARSHALLING_ERROR')
    const body = found.run(world, client, frame)
    // Whatever number a ping came with, its answer has the one of pings.
    const xid = found.opcode === OpCode.ping ? Xid.ping : header.xid
    return reply(found.name, xid, { zxid: world.zxid, body })
  } catch (error) {
    if (error instanceof Refusal) return reply(found.name, header.xid, { zxid: world.zxid, err: error.err })
    // As in ZooKeeper, a fault of the server is told to the client, and the others go on.
    log('%s failed: %O', found.name, error)
    return reply(found.name, header.xid, { zxid: world.zxid, err: MARSHALLING_ERROR })
  }
}

/**
 * Only servers ask each other for sessions, but ZooKeeper does not refuse a client that does: its session begins once more,
 * with a zxid, as it is. What timeout it asks for does not matter, unless it is missing.
 */
function again(world: World, session: Session, { xid }: RequestHeader, frame: JuteReader): Outcome {
  if (world.mode === 'readOnly' && session.kind === 'global') {
    return reply('createSession', xid, { zxid: world.zxid, err: NOT_READ_ONLY })
  }
  const timed = world.transact(() => frame.remaining >= TIMEOUT_BYTES)
  if (timed) return { type: 'welcome', session }
  return reply('createSession', xid, { zxid: world.zxid, err: MARSHALLING_ERROR })
}

/** The session is over before the reply is sent, and so are the requests behind this one. */
function end(world: World, client: Client, header: RequestHeader): Outcome {
  const local = client.session?.kind === 'local'
  if (world.mode === 'readOnly' && !local) {
    return reply('closeSession', header.xid, { zxid: world.zxid, err: NOT_READ_ONLY })
  }
  closeSession(world, client)
  return reply('closeSession', header.xid, { zxid: world.zxid, next: 'close' })
}

function auth(world: World, client: Client, header: RequestHeader, frame: JuteReader): Outcome {
  try {
    const proofless = isAuthNull(frame)
    const packet = operations.auth.request!.read(frame)
    // An empty login is one, too; none at all is not.
    if (proofless && packet.scheme === 'digest') refuse('AUTH_FAILED')
    authenticate(world, client, packet)
    return reply('auth', header.xid, { zxid: NO_ZXID })
  } catch (error) {
    if (error instanceof JuteError) return CLOSE
    if (error instanceof Refusal) {
      return reply('auth', header.xid, { zxid: NO_ZXID, err: error.err, next: 'close' })
    }
    throw error
  }
}

function answerSasl(world: World, client: Client, header: RequestHeader, frame: JuteReader): Outcome {
  try {
    const { token } = operations.sasl.request!.read(frame)
    // No token at all is not an empty one: it costs the connection.
    if (token === null) return CLOSE
    const body = saslBody(sasl(world, client, token))
    return reply('sasl', header.xid, { zxid: NO_ZXID, body })
  } catch (error) {
    if (error instanceof JuteError) return CLOSE
    if (!(error instanceof Refusal)) throw error
    // A failure is the one error that has a body: no token.
    const body = saslBody({ token: null })
    return reply('sasl', header.xid, { zxid: NO_ZXID, err: error.err, body, next: 'close' })
  }
}

function saslBody(reply: SaslToken): Body {
  return writer => operations.sasl.reply!.write(writer, reply)
}

/** True unless authentication is enforced and this connection has none of the schemes. */
function isLetIn({ settings: { enforceAuth } }: World, client: Client): boolean {
  return enforceAuth === null || client.identities.some(({ scheme }) => enforceAuth.has(scheme))
}

/** What is not said: no error, no body, and the connection goes on. */
function reply(
  name: string,
  xid: number,
  { zxid, err = 0, body = null, next = 'goOn' }: Partial<Reply> & Pick<Reply, 'zxid'>,
): Reply {
  return { type: 'reply', name, xid, zxid, err, body, next }
}

/** A null path is a fault of these before they begin; other writes judge theirs in their transaction. */
const startsWithPath: ReadonlySet<number> = new Set([
  OpCode.deleteContainer,
  OpCode.exists,
  OpCode.getData,
  OpCode.getACL,
  OpCode.getChildren,
  OpCode.getChildren2,
  OpCode.getAllChildrenNumber,
])
