// Watches: the event that a server sends, and the lists that re-arm watches on a new connection.
import type { Codec } from '../jute/codec.ts'
import { readString, writeString } from '../jute/codec.ts'

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
    dataWatches: reader.readVector(readString),
    existWatches: reader.readVector(readString),
    childWatches: reader.readVector(readString),
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
    persistentWatches: reader.readVector(readString),
    persistentRecursiveWatches: reader.readVector(readString),
  }),
}
