// Creating, reading, writing and deleting znodes.
import type { Codec } from '../jute/codec.ts'
import type { Acl, Stat } from './data.ts'
import { readAcls, stat, writeAcls } from './data.ts'

export interface PathRequest {
  readonly path: string
}

/** exists, getData, getChildren and getChildren2. */
export interface ReadRequest extends PathRequest {
  readonly watch: boolean
}

export interface CreateRequest extends PathRequest {
  readonly data: Uint8Array | null
  readonly acl: readonly Acl[]
  readonly flags: number
}

export interface CreateTtlRequest extends CreateRequest {
  /** Milliseconds. */
  readonly ttl: number
}

/** delete and check; version -1 matches any. */
export interface VersionRequest extends PathRequest {
  readonly version: number
}

export interface SetDataRequest extends VersionRequest {
  readonly data: Uint8Array | null
}

export interface PathReply {
  readonly path: string
}

export interface Create2Reply extends PathReply {
  readonly stat: Stat
}

export interface GetDataReply {
  readonly data: Uint8Array | null
  readonly stat: Stat
}

export const pathRequest: Codec<PathRequest> = {
  write: (writer, value) => writer.writeString(value.path),
  read: reader => ({ path: reader.readString() }),
}

export const readRequest: Codec<ReadRequest> = {
  write(writer, value) {
    writer.writeString(value.path)
    writer.writeBoolean(value.watch)
  },
  read: reader => ({ path: reader.readString(), watch: reader.readBoolean() }),
}

export const createRequest: Codec<CreateRequest> = {
  write(writer, value) {
    writer.writeString(value.path)
    writer.writeBuffer(value.data)
    writeAcls(writer, value.acl)
    writer.writeInt(value.flags)
  },
  read: reader => ({
    path: reader.readString(),
    data: reader.readBuffer(),
    acl: readAcls(reader),
    flags: reader.readInt(),
  }),
}

export const createTtlRequest: Codec<CreateTtlRequest> = {
  write(writer, value) {
    createRequest.write(writer, value)
    writer.writeLongNumber(value.ttl)
  },
  read: reader => ({ ...createRequest.read(reader), ttl: reader.readLongNumber() }),
}

export const versionRequest: Codec<VersionRequest> = {
  write(writer, value) {
    writer.writeString(value.path)
    writer.writeInt(value.version)
  },
  read: reader => ({ path: reader.readString(), version: reader.readInt() }),
}

export const setDataRequest: Codec<SetDataRequest> = {
  write(writer, value) {
    writer.writeString(value.path)
    writer.writeBuffer(value.data)
    writer.writeInt(value.version)
  },
  read: reader => ({ path: reader.readString(), data: reader.readBuffer(), version: reader.readInt() }),
}

export const pathReply: Codec<PathReply> = pathRequest

export const create2Reply: Codec<Create2Reply> = {
  write(writer, value) {
    writer.writeString(value.path)
    stat.write(writer, value.stat)
  },
  read: reader => ({ path: reader.readString(), stat: stat.read(reader) }),
}

export const getDataReply: Codec<GetDataReply> = {
  write(writer, value) {
    writer.writeBuffer(value.data)
    stat.write(writer, value.stat)
  },
  read: reader => ({ data: reader.readBuffer(), stat: stat.read(reader) }),
}
