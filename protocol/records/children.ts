// Listings of children.
import type { Codec } from '../jute/codec.ts'
import { writeString } from '../jute/codec.ts'
import type { Stat } from './data.ts'
import { stat } from './data.ts'

export interface GetChildrenReply {
  /** Names, not paths, in no particular order. */
  readonly children: readonly string[]
}

export interface GetChildren2Reply extends GetChildrenReply {
  readonly stat: Stat
}

export const getChildrenReply: Codec<GetChildrenReply> = {
  write: (writer, value) => writer.writeVector(value.children, writeString),
  read: reader => ({ children: reader.readStrings() }),
}

export const getChildren2Reply: Codec<GetChildren2Reply> = {
  write(writer, value) {
    writer.writeVector(value.children, writeString)
    stat.write(writer, value.stat)
  },
  read: reader => ({ children: reader.readStrings(), stat: stat.read(reader) }),
}
