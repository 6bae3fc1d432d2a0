// The first thing in which two servers differ.
import type { NormalTrace, Plain, PlainChannel } from './normalise.ts'

export interface Difference {
  /** The connection, or the znode, and where in it. */
  readonly where: string
  readonly embedded: Plain
  readonly real: Plain
}

/** null: none. */
export function compare(embedded: NormalTrace, real: NormalTrace): Difference | null {
  const count = Math.max(embedded.channels.length, real.channels.length)
  for (let index = 0; index < count; index++) {
    const found = ofChannels(embedded.channels[index], real.channels[index])
    if (found !== null) return found
  }
  return ofLists('znodes left', embedded.remains, real.remains)
}

function ofChannels(embedded: PlainChannel | undefined, real: PlainChannel | undefined): Difference | null {
  if (embedded?.name !== real?.name) {
    return { where: 'connections', embedded: embedded?.name ?? null, real: real?.name ?? null }
  }
  return ofLists(real!.name, embedded!.entries, real!.entries)
}

function ofLists(name: string, embedded: readonly Plain[], real: readonly Plain[]): Difference | null {
  for (let index = 0; index < Math.max(embedded.length, real.length); index++) {
    const [mine, theirs] = [embedded[index] ?? null, real[index] ?? null]
    if (JSON.stringify(mine) !== JSON.stringify(theirs)) {
      return { where: `${name}, entry ${index}`, embedded: mine, real: theirs }
    }
  }
  return null
}
