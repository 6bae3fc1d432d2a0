// multi: several operations in one transaction, each item behind a header of its own.
import type { Codec } from '../jute/codec.ts'
import { JuteError } from '../jute/error.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { OpCode } from '../opcodes.ts'
import type { Stat } from './data.ts'
import { stat } from './data.ts'
import type { MultiHeader } from './headers.ts'
import { multiHeader } from './headers.ts'
import type { CreateRequest, CreateTtlRequest, SetDataRequest, VersionRequest } from './nodes.ts'
import {
  create2Reply,
  createRequest,
  createTtlRequest,
  pathReply,
  setDataRequest,
  versionRequest,
} from './nodes.ts'

/** One operation; `opcode` tells the shape of `request`. */
export type MultiOperation =
  | { readonly opcode: typeof OpCode.create | typeof OpCode.create2; readonly request: CreateRequest }
  | { readonly opcode: typeof OpCode.createContainer; readonly request: CreateRequest }
  | { readonly opcode: typeof OpCode.createTTL; readonly request: CreateTtlRequest }
  | { readonly opcode: typeof OpCode.delete | typeof OpCode.check; readonly request: VersionRequest }
  | { readonly opcode: typeof OpCode.setData; readonly request: SetDataRequest }

/** The outcome of one operation, in the order of the request. */
export type MultiOutcome =
  | { readonly type: 'create'; readonly path: string; readonly stat: Stat | null }
  | { readonly type: 'setData'; readonly stat: Stat }
  | { readonly type: 'delete' }
  | { readonly type: 'check' }
  | { readonly type: 'error'; readonly err: number }

export interface MultiRequest {
  readonly operations: readonly MultiOperation[]
}

export interface MultiReply {
  readonly outcomes: readonly MultiOutcome[]
}

const END: MultiHeader = { opcode: OpCode.error, done: true, err: -1 }

export const multiRequest: Codec<MultiRequest> = {
  write(writer, value) {
    for (const operation of value.operations) {
      multiHeader.write(writer, { opcode: operation.opcode, done: false, err: -1 })
      writeOperation(writer, operation)
    }
    multiHeader.write(writer, END)
  },
  read(reader) {
    const operations: MultiOperation[] = []
    for (;;) {
      const header = multiHeader.read(reader)
      if (header.done) return { operations }
      operations.push(readMultiOperation(reader, header.opcode))
    }
  },
}

/** An error item and the end marker share opcode -1: `done` tells them apart. */
export const multiReply: Codec<MultiReply> = {
  write(writer, value) {
    for (const outcome of value.outcomes) writeOutcome(writer, outcome)
    multiHeader.write(writer, END)
  },
  read(reader) {
    const outcomes: MultiOutcome[] = []
    for (;;) {
      const header = multiHeader.read(reader)
      if (header.done) return { outcomes }
      outcomes.push(readOutcome(reader, header.opcode))
    }
  },
}

/** One outcome for each operation, and either all of its kind, or all errors: a multi is executed as a whole. */
export function answerToMulti({ operations }: MultiRequest): (reply: MultiReply) => boolean {
  const types = operations.map(({ opcode }) => outcomeTypes[opcode])
  return ({ outcomes }) => {
    if (outcomes.length !== types.length) return false
    if (outcomes.some(({ type }) => type === 'error')) {
      return outcomes.every(({ type }) => type === 'error') && outcomes.some(isFailure)
    }
    return outcomes.every(({ type }, i) => type === types[i])
  }
}

const outcomeTypes: Readonly<Record<MultiOperation['opcode'], MultiOutcome['type']>> = {
  [OpCode.create]: 'create',
  [OpCode.create2]: 'create',
  [OpCode.createContainer]: 'create',
  [OpCode.createTTL]: 'create',
  [OpCode.setData]: 'setData',
  [OpCode.delete]: 'delete',
  [OpCode.check]: 'check',
}

function isFailure(outcome: MultiOutcome): boolean {
  return outcome.type === 'error' && outcome.err !== 0
}

function writeOperation(writer: JuteWriter, operation: MultiOperation): void {
  switch (operation.opcode) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return createRequest.write(writer, operation.request)
    case OpCode.createTTL:
      return createTtlRequest.write(writer, operation.request)
    case OpCode.setData:
      return setDataRequest.write(writer, operation.request)
    default:
      return versionRequest.write(writer, operation.request)
  }
}

/** One operation, behind its header. */
export function readMultiOperation(reader: JuteReader, opcode: number): MultiOperation {
  switch (opcode) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return { opcode, request: createRequest.read(reader) }
    case OpCode.createTTL:
      return { opcode, request: createTtlRequest.read(reader) }
    case OpCode.setData:
      return { opcode, request: setDataRequest.read(reader) }
    case OpCode.delete:
    case OpCode.check:
      return { opcode, request: versionRequest.read(reader) }
    default:
      throw new JuteError(`operation ${opcode} is not allowed in a multi`, reader.offset)
  }
}

function writeOutcome(writer: JuteWriter, outcome: MultiOutcome): void {
  const header = (opcode: number, err = 0): void => multiHeader.write(writer, { opcode, done: false, err })
  switch (outcome.type) {
    case 'create':
      if (outcome.stat === null) {
        header(OpCode.create)
        return pathReply.write(writer, outcome)
      }
      header(OpCode.create2)
      return create2Reply.write(writer, { path: outcome.path, stat: outcome.stat })
    case 'setData':
      header(OpCode.setData)
      return stat.write(writer, outcome.stat)
    case 'error':
      header(OpCode.error, outcome.err)
      return writer.writeInt(outcome.err)
    default:
      return header(outcome.type === 'delete' ? OpCode.delete : OpCode.check)
  }
}

function readOutcome(reader: JuteReader, opcode: number): MultiOutcome {
  switch (opcode) {
    case OpCode.create:
      return { type: 'create', path: reader.readString(), stat: null }
    case OpCode.create2:
      return { type: 'create', ...create2Reply.read(reader) }
    case OpCode.setData:
      return { type: 'setData', stat: stat.read(reader) }
    case OpCode.delete:
      return { type: 'delete' }
    case OpCode.check:
      return { type: 'check' }
    case OpCode.error:
      return { type: 'error', err: reader.readInt() }
    default:
      throw new JuteError(`item of unknown operation ${opcode} in a multi reply`, reader.offset)
  }
}
