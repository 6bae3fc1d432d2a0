// A route leads from an opcode to its handler: how the request is read, run and answered.
import type { Codec } from '../../protocol/jute/codec.ts'
import { JuteError } from '../../protocol/jute/error.ts'
import type { JuteReader } from '../../protocol/jute/reader.ts'
import type { JuteWriter } from '../../protocol/jute/writer.ts'
import type { Operation } from '../../protocol/operations.ts'
import type { Client } from './client.ts'
import { isNullNext, NO_PATH } from './nulls.ts'
import { refuse } from './refusal.ts'
import type { Transaction } from './transaction.ts'
import type { World } from './world.ts'

/** The body of a reply; null where only the header is sent. */
export type Body = ((writer: JuteWriter) => void) | null

export interface Route {
  readonly name: string
  readonly opcode: number
  /** A read-only server refuses what goes through the leader: writes, and sync. */
  readonly needsLeader: boolean
  run(world: World, client: Client, frame: JuteReader): Body
}

type Row<Request, Reply> = Pick<Operation<Request, Reply>, 'name' | 'opcode' | 'request' | 'reply'>

/** Without a transaction: reads, and writes that open their own. */
export function route<Request, Reply>(
  row: Row<Request, Reply>,
  answer: (world: World, client: Client, request: Request) => Reply,
  more: { readonly needsLeader?: boolean } = {},
): Route {
  return {
    name: row.name,
    opcode: row.opcode,
    needsLeader: more.needsLeader ?? false,
    run(world, client, frame) {
      return bodyOf(row.reply, answer(world, client, readRequest(row.request, frame)))
    },
  }
}

/** In a transaction of its own, which takes a zxid as soon as the request can be read. */
export function write<Request, Reply>(
  row: Row<Request, Reply>,
  answer: (world: World, client: Client, request: Request, txn: Transaction) => Reply,
): Route {
  return {
    name: row.name,
    opcode: row.opcode,
    needsLeader: true,
    run(world, client, frame) {
      const pathless = isNullNext(frame)
      const read = readRequest(row.request, frame)
      const request = pathless ? { ...read, path: NO_PATH } : read
      return bodyOf(
        row.reply,
        world.transact(txn => answer(world, client, request, txn)),
      )
    },
  }
}

/** For an answer that reads its request itself. */
export function unread<Request, Reply>(
  row: Row<Request, Reply>,
  answer: (world: World, client: Client, frame: JuteReader) => Reply,
  needsLeader: boolean,
): Route {
  return {
    name: row.name,
    opcode: row.opcode,
    needsLeader,
    run: (world, client, frame) =>
      bodyOf(
        row.reply,
        readable(() => answer(world, client, frame)),
      ),
  }
}

/** What is no request of the kind is told to the client. */
function readable<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof JuteError) refuse('MARSHALLING_ERROR')
    throw error
  }
}

function readRequest<Request>(codec: Codec<Request> | null, frame: JuteReader): Request {
  return codec === null ? (undefined as Request) : readable(() => codec.read(frame))
}

function bodyOf<Reply>(codec: Codec<Reply> | null, reply: Reply): Body {
  return codec === null ? null : writer => codec.write(writer, reply)
}
