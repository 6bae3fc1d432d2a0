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
  const ahead = lookAhead(frame)
  ahead.readNullableString()
  ahead.readBlock(Math.max(0, ahead.readInt()))
  return isNullNext(ahead)
}

/** Looks ahead in an auth packet, past its type and scheme. */
export function isAuthNull(frame: JuteReader): boolean {
  const ahead = lookAhead(frame)
  ahead.readInt()
  ahead.readNullableString()
  return isNullNext(ahead)
}

/** Looks ahead in a request to set watches: a zxid and so many lists of paths. */
export function isListNull(frame: JuteReader, lists: number): boolean {
  const ahead = lookAhead(frame)
  ahead.readLong()
  for (let list = 0; list < lists; list++) {
    if (isNullNext(ahead)) return true
    for (let left = ahead.readInt(); left > 0; left--) ahead.readNullableString()
  }
  return false
}

function lookAhead(frame: JuteReader): JuteReader {
  const { view, remaining } = frame
  const at = view.byteOffset + frame.readBlock(0)
  return new JuteReader(Buffer.from(view.buffer as ArrayBuffer, at, remaining))
}
