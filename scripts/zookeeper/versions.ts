// The supported release lines of ZooKeeper, each pinned to one patch, and what a caller means by a version.

// The newest patch of each line that is complete where the jars are published.
export const PINNED: Readonly<Record<string, string>> = {
  '3.5': '3.5.10',
  '3.6': '3.6.4',
  '3.7': '3.7.2',
  '3.8': '3.8.6',
  '3.9': '3.9.5',
}

const DEFAULT_LINE = '3.9'

export interface VersionRequest {
  // What to fetch when nothing that will do is at hand.
  readonly version: string
  // Whether a server that is already there will do.
  accepts(found: string): boolean
}

// Nothing asked: any supported line will do. A line ('3.6'): any patch of it. A full version: that one only.
export const requestVersion = (text?: string): VersionRequest => {
  if (text === undefined || text === '') {
    return { version: pinned(DEFAULT_LINE), accepts: found => lineOf(found) in PINNED }
  }
  if (/^\d+\.\d+$/.test(text)) {
    return { version: pinned(text), accepts: found => lineOf(found) === text }
  }
  if (/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(text) && lineOf(text) in PINNED) {
    return { version: text, accepts: found => found === text }
  }
  throw unsupported(text)
}

const lineOf = (version: string): string => version.split('.').slice(0, 2).join('.')

const pinned = (line: string): string => {
  const version = PINNED[line]
  if (version === undefined) throw unsupported(line)
  return version
}

const unsupported = (text: string): Error =>
  new RangeError(
    `ZooKeeper ${JSON.stringify(text)} is not supported: ask for a line (${Object.keys(PINNED).join(', ')}) ` +
      'or a full version of one of them',
  )
