// A record is data with two functions: how it is written and how it is read.
import type { JuteReader } from './reader.ts'
import type { JuteWriter } from './writer.ts'

export interface Codec<T> {
  write(writer: JuteWriter, value: T): void
  read(reader: JuteReader): T
}

export const writeString = (writer: JuteWriter, value: string): void => writer.writeString(value)
