// Nulls that clients send where our records read an empty string or list, and ZooKeeper trips over.
import { Buffer } from 'node:buffer'
import { JuteReader } from '../../protocol/jute/reader.ts'

/** Stands for a null path: half a surrogate pair, which no UTF-8 reads as. */
export const NO_PATH = '\ud800'

/** Looks ahead: an empty path is the root, a null one is none. */
export function isNullNext(frame: JuteReader): boolean {
  return frame.remaining >= 4 && frame.view.getInt32(frame.readBlock(0)) === -1
}

/** Looks ahead in a create request, past its path and data. */
export function isAclNull(frame: JuteReader): boolean {
  const { view, remaining } = frame
  const ahead = new JuteReader(
    Buffer.from(view.buffer as ArrayBuffer, view.byteOffset + frame.readBlock(0), remaining),
  )
  ahead.readNullableString()
  ahead.readBlock(Math.max(0, ahead.readInt()))
  return isNullNext(ahead)
}
