// A real ZooKeeper for tests: the one that the run started, or one of the file's own, and a fresh chroot in it.
import { randomUUID } from 'node:crypto'
import type { ZooKeeperOptions } from '../../protocol/index.ts'
import { ZooKeeper } from '../../protocol/index.ts'
import type { Server, ServerOptions } from '../../scripts/zookeeper/server.ts'
import { startServer } from '../../scripts/zookeeper/server.ts'
import type { Test } from '../tap.ts'
import { t as root } from '../tap.ts'

/** Set by the test run: host:port of a standalone server that all files share. */
const SHARED = 'NDSR_TEST_SERVERS'

let own: Promise<string> | undefined

/** host:port of a standalone server, without a chroot. */
export function servers(): Promise<string> {
  const shared = process.env[SHARED]
  if (shared !== undefined) return Promise.resolve(shared)
  own ??= ownServer(root).then(server => server.connectString)
  return own
}

/** A server that a test, or a file with its root `t`, has for itself: to break, or with options of its own. */
export async function ownServer(t: Test, options: ServerOptions = {}): Promise<Server> {
  const server = await startServer(options)
  t.teardown(() => server.stop())
  return server
}

/**
 * A server that a file has for itself, for sessions of half a second where a test is about their end, and of a minute
 * where one is not: such a link outlasts a machine that stands still for a while.
 */
export function serverForAnySession(t: Test): Promise<Server> {
  return ownServer(t, { tickTime: 250, config: { maxSessionTimeout: '60000' } })
}

/** A client that the test closes, in a chroot that nobody else uses and that the test removes. */
export async function connect(t: Test, options: ZooKeeperOptions = {}): Promise<ZooKeeper> {
  const { zk } = await connectInChroot(t, options)
  return zk
}

export interface Connected {
  readonly zk: ZooKeeper
  /** host:port/chroot, for further clients of the same test. */
  readonly connectString: string
  /** host:port, without the chroot. */
  readonly servers: string
  readonly chroot: string
}

export async function connectInChroot(t: Test, options: ZooKeeperOptions = {}): Promise<Connected> {
  const at = await servers()
  const chroot = await freshChroot(t, at)
  const connectString = `${at}${chroot}`
  const zk = await client(t, connectString, options)
  return { zk, connectString, servers: at, chroot }
}

/** An empty chroot that nobody else uses and that the test removes. */
export async function freshChroot(t: Test, at: string): Promise<string> {
  const chroot = `/test-${randomUUID()}`
  const admin = await client(t, at)
  t.teardown(() => admin.delete(chroot, { recursive: true }).catch(() => {}))
  await admin.create(chroot)
  return chroot
}

/** A connected client that the test closes. */
export async function client(
  t: Test,
  connectString: string,
  options: ZooKeeperOptions = {},
): Promise<ZooKeeper> {
  const zk = new ZooKeeper(connectString, { sessionTimeout: 10_000, ...options })
  t.teardown(() => zk.close())
  await zk.connect({ timeout: 60_000 })
  return zk
}
