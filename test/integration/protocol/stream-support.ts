// What the tests of persistent watches share: readers of streams, and what the server knows of a client's watches.
import type {
  StateChange,
  WatchedEvent,
  WatchOptions,
  ZooKeeper,
  ZooKeeperOptions,
  ZooKeeperView,
} from '../../../protocol/index.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import type { Server } from '../../../scripts/zookeeper/server.ts'
import type { FaultProxy } from '../../../src/testing/index.ts'
import type { ConcurrentOptions } from '../../support/concurrently.ts'
import { concurrently } from '../../support/concurrently.ts'
import { eventually } from '../../support/eventually.ts'
import { since } from '../../support/versions.ts'
import { client, freshChroot } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { proxied } from './support.ts'

/** For a server whose sessions no stall ends. */
export const longSessions = { maxSessionTimeout: '60000' } as const

/** As `concurrently`, where the server has persistent watches. */
export function onPersistentWatches(
  options: ConcurrentOptions,
): (name: string, body: (t: Test) => Promise<void>) => void {
  const test = concurrently(options)
  return (name, body) => {
    test(name, async t => {
      if (await since(t, '3.6')) await body(t)
    })
  }
}

/** A reader of a stream that notes what it is told. */
export interface Reader {
  readonly events: WatchedEvent[]
  /** `type path` of each event. */
  readonly heard: string[]
  /** Settles with the stream: `over`, or its error. */
  readonly done: Promise<unknown>
  /** Ends the stream through its signal. */
  stop(): Promise<unknown>
}

/** Reads a stream; resolves when its watch is armed. The test ends it. */
export async function reading(
  t: Test,
  zk: ZooKeeperView,
  path: string,
  options: WatchOptions = {},
): Promise<Reader> {
  const reader = read(t, zk, path, options)
  await eventually(`the watch on ${path} is armed`, () => reader.heard.length > 0)
  return reader
}

/** The same without waiting. */
export function read(t: Test, zk: ZooKeeperView, path: string, options: WatchOptions = {}): Reader {
  const controller = new AbortController()
  const events: WatchedEvent[] = []
  const heard: string[] = []
  const run = async (): Promise<unknown> => {
    for await (const event of zk.watch(path, { signal: controller.signal, ...options })) {
      events.push(event)
      heard.push(`${event.type} ${event.path}`)
    }
    return 'over'
  }
  const done = run().catch(error => error)
  const stop = (): Promise<unknown> => {
    controller.abort()
    return done
  }
  t.teardown(stop)
  return { events, heard, done, stop }
}

/** Waits until the reader has heard this last, and tells all that it heard before. */
export async function heardUpTo(reader: Reader, last: string): Promise<string[]> {
  await eventually(`${last}, after ${reader.heard.join(', ')}`, () => reader.heard.includes(last))
  return reader.heard
}

/** Waits until the reader has been told so many times to read again. */
export async function resyncs(reader: Reader, count: number): Promise<void> {
  const number = (): number => reader.events.filter(({ type }) => type === 'resync').length
  await eventually(`resync number ${count}`, () => number() >= count)
}

export interface Stage {
  /** Behind a proxy of its own, in a chroot of its own. */
  readonly zk: ZooKeeperView
  /** The same client, without the chroot. */
  readonly root: ZooKeeper
  /** Another client in the same chroot, without a proxy. */
  readonly other: ZooKeeper
  readonly proxy: FaultProxy
  readonly history: StateChange[]
  readonly chroot: string
  /** The paths in the chroot that the server watches for the proxied client, from its table of data watches. */
  watched(): Promise<string[]>
}

export async function stage(t: Test, server: Server, options: ZooKeeperOptions = {}): Promise<Stage> {
  const chroot = await freshChroot(t, server.connectString)
  const other = await client(t, server.connectString + chroot)
  const made = await proxied(t, server.connectString, { sessionTimeout: 30_000, ...options })
  return {
    zk: made.zk.chroot(chroot),
    root: made.zk,
    other,
    proxy: made.proxy,
    history: made.history,
    chroot,
    watched: () => watchedPaths(server, made.zk.sessionId, chroot),
  }
}

/** `wchc`: a line with the session, and below it, indented, a line for each path. */
async function watchedPaths(server: Server, sessionId: bigint, chroot: string): Promise<string[]> {
  const id = `0x${sessionId.toString(16)}`
  const paths: string[] = []
  let mine = false
  for (const line of (await server.command('wchc')).split('\n')) {
    if (line.startsWith('0x')) mine = line.trim() === id
    else if (mine && line.trim().startsWith(chroot)) paths.push(line.trim().slice(chroot.length) || '/')
  }
  return paths.sort()
}

const UNKNOWN_OPCODE = 999
const OPCODE_AT = 8

/** Makes the server behind the proxy one that does not know addWatch: as before 3.6, it answers and hangs up. */
export function withoutPersistentWatches(proxy: FaultProxy): { attempts(): number } {
  let attempts = 0
  proxy.filter(frame => {
    if (frame.kind !== 'request' || frame.opcode !== OpCode.addWatch) return 'pass'
    attempts++
    const bytes = Buffer.from(frame.bytes)
    bytes.writeInt32BE(UNKNOWN_OPCODE, OPCODE_AT)
    return bytes
  })
  return { attempts: () => attempts }
}
