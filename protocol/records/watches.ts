// Watches: the event that a server sends, and the lists that re-arm watches on a new connection.
import type { Codec } from '../jute/codec.ts'
import { writeString } from '../jute/codec.ts'

/** Numbers of Watcher.Event.EventType that a server sends. */
export const EventType = { created: 1, deleted: 2, dataChanged: 3, childrenChanged: 4 } as const

export interface WatcherEvent {
  readonly type: number
  readonly state: number
  readonly path: string
}

export interface SetWatches {
  /** Changes after this zxid are reported at once. */
  readonly relativeZxid: bigint
  readonly dataWatches: readonly string[]
  readonly existWatches: readonly string[]
  readonly childWatches: readonly string[]
}

export interface SetWatches2 extends SetWatches {
  readonly persistentWatches: readonly string[]
  readonly persistentRecursiveWatches: readonly string[]
}

export const watcherEvent: Codec<WatcherEvent> = {
  write(writer, value) {
    writer.writeInt(value.type)
    writer.writeInt(value.state)
    writer.writeString(value.path)
  },
  read: reader => ({ type: reader.readInt(), state: reader.readInt(), path: reader.readString() }),
}

export const setWatches: Codec<SetWatches> = {
  write(writer, value) {
    writer.writeLong(value.relativeZxid)
    writer.writeVector(value.dataWatches, writeString)
    writer.writeVector(value.existWatches, writeString)
    writer.writeVector(value.childWatches, writeString)
  },
  read: reader => ({
    relativeZxid: reader.readLong(),
    dataWatches: reader.readStrings(),
    existWatches: reader.readStrings(),
    childWatches: reader.readStrings(),
  }),
}

export const setWatches2: Codec<SetWatches2> = {
  write(writer, value) {
    setWatches.write(writer, value)
    writer.writeVector(value.persistentWatches, writeString)
    writer.writeVector(value.persistentRecursiveWatches, writeString)
  },
  read: reader => ({
    ...setWatches.read(reader),
    persistentWatches: reader.readStrings(),
    persistentRecursiveWatches: reader.readStrings(),
  }),
}

/** AddWatchMode in Java. */
export const AddWatchMode = { persistent: 0, persistentRecursive: 1 } as const

/** Watcher.WatcherType in Java; the last two since 3.9. */
export const WatcherType = { children: 1, data: 2, any: 3, persistent: 4, persistentRecursive: 5 } as const

export interface AddWatchRequest {
  readonly path: string
  readonly mode: number
}

/** The body of a successful addWatch, of all things: an error code that is always 0. */
export interface ErrorReply {
  readonly err: number
}

/** checkWatches and removeWatches. */
export interface WatcherTypeRequest {
  readonly path: string
  readonly type: number
}

export const addWatchRequest: Codec<AddWatchRequest> = {
  write(writer, value) {
    writer.writeString(value.path)
    writer.writeInt(value.mode)
  },
  read: reader => ({ path: reader.readString(), mode: reader.readInt() }),
}

/** Some compatible servers leave the body out. */
export const errorReply: Codec<ErrorReply> = {
  write: (writer, value) => writer.writeInt(value.err),
  read: reader => ({ err: reader.remaining > 0 ? reader.readInt() : 0 }),
}

export const watcherTypeRequest: Codec<WatcherTypeRequest> = {
  write(writer, value) {
    writer.writeString(value.path)
    writer.writeInt(value.type)
  },
  read: reader => ({ path: reader.readString(), type: reader.readInt() }),
}
