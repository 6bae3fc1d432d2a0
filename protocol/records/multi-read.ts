// multiRead: several reads in one request; each answers or fails for itself.
import type { Codec } from '../jute/codec.ts'
import { JuteError } from '../jute/error.ts'
import type { JuteReader } from '../jute/reader.ts'
import { OpCode } from '../opcodes.ts'
import { getChildrenReply } from './children.ts'
import type { Stat } from './data.ts'
import type { MultiHeader } from './headers.ts'
import { multiHeader } from './headers.ts'
import { getDataReply, readRequest } from './nodes.ts'

export interface MultiReadOperation {
  readonly opcode: typeof OpCode.getData | typeof OpCode.getChildren
  readonly path: string
}

export type MultiReadOutcome =
  | { readonly type: 'data'; readonly data: Uint8Array | null; readonly stat: Stat }
  | { readonly type: 'children'; readonly children: readonly string[] }
  | { readonly type: 'error'; readonly err: number }

export interface MultiReadRequest {
  readonly operations: readonly MultiReadOperation[]
}

export interface MultiReadReply {
  readonly outcomes: readonly MultiReadOutcome[]
}

const END: MultiHeader = { opcode: OpCode.error, done: true, err: -1 }

/** The watch flag stands in the bytes and means nothing here: the server ignores it. */
export const multiReadRequest: Codec<MultiReadRequest> = {
  write(writer, value) {
    for (const { opcode, path } of value.operations) {
      multiHeader.write(writer, { opcode, done: false, err: -1 })
      readRequest.write(writer, { path, watch: false })
    }
    multiHeader.write(writer, END)
  },
  read(reader) {
    const operations: MultiReadOperation[] = []
    for (;;) {
      const { opcode, done } = multiHeader.read(reader)
      if (done) return { operations }
      operations.push(readMultiReadOperation(reader, opcode))
    }
  },
}

/** One read, behind its header. */
export function readMultiReadOperation(reader: JuteReader, opcode: number): MultiReadOperation {
  if (opcode !== OpCode.getData && opcode !== OpCode.getChildren) {
    throw new JuteError(`operation ${opcode} is not allowed in a multiRead`, reader.offset)
  }
  return { opcode, path: readRequest.read(reader).path }
}

export const multiReadReply: Codec<MultiReadReply> = {
  write(writer, value) {
    for (const outcome of value.outcomes) {
      switch (outcome.type) {
        case 'data':
          multiHeader.write(writer, { opcode: OpCode.getData, done: false, err: 0 })
          getDataReply.write(writer, outcome)
          break
        case 'children':
          multiHeader.write(writer, { opcode: OpCode.getChildren, done: false, err: 0 })
          getChildrenReply.write(writer, outcome)
          break
        default:
          multiHeader.write(writer, { opcode: OpCode.error, done: false, err: outcome.err })
          writer.writeInt(outcome.err)
      }
    }
    multiHeader.write(writer, END)
  },
  read(reader) {
    const outcomes: MultiReadOutcome[] = []
    for (;;) {
      const { opcode, done } = multiHeader.read(reader)
      if (done) return { outcomes }
      if (opcode === OpCode.getData) outcomes.push({ type: 'data', ...getDataReply.read(reader) })
      else if (opcode === OpCode.getChildren) {
        outcomes.push({ type: 'children', ...getChildrenReply.read(reader) })
      } else if (opcode === OpCode.error) outcomes.push({ type: 'error', err: reader.readInt() })
      else throw new JuteError(`item of unknown operation ${opcode} in a multiRead reply`, reader.offset)
    }
  },
}

/** One outcome for each read, of its kind or an error. */
export function answerToMultiRead({ operations }: MultiReadRequest): (reply: MultiReadReply) => boolean {
  const types = operations.map(({ opcode }) => (opcode === OpCode.getData ? 'data' : 'children'))
  return ({ outcomes }) => {
    if (outcomes.length !== types.length) return false
    return outcomes.every(({ type }, i) => type === 'error' || type === types[i])
  }
}
