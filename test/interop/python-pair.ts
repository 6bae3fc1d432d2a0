// A Python peer and a registry of ours, side by side in a fresh branch of one real ZooKeeper.
import { Buffer } from 'node:buffer'
import type { ZooKeeper } from '../../protocol/index.ts'
import type { PythonPeers } from '../../scripts/peers/python.ts'
import { findPython } from '../../scripts/peers/python.ts'
import { startServer } from '../../scripts/zookeeper/server.ts'
import type { ServiceRegistryOptions } from '../../src/registry/options.ts'
import { ServiceRegistry } from '../../src/registry/service-registry.ts'
import { client, freshChroot } from '../support/zookeeper.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'
import type { PythonPeerOptions } from './python-peer.ts'
import { PythonPeer } from './python-peer.ts'

export interface Pair {
  readonly python: PythonPeer
  readonly ours: ServiceRegistry
  /** A client without credentials, which sees the znodes as they are. */
  readonly witness: ZooKeeper
  /** The connect string of the branch. */
  readonly servers: string
}

export interface PairOptions {
  readonly ours?: ServiceRegistryOptions
  readonly python?: PythonPeerOptions
}

export type PairTest = (
  name: string,
  body: (t: Test, pair: (options?: PairOptions) => Promise<Pair>) => Promise<void>,
  /** True: the stand-in that does with kazoo alone would prove nothing. */
  wantsPackage?: boolean,
) => void

/** Sessions end soon after their time, which may be long. */
const SERVER = { tickTime: 250, config: { maxSessionTimeout: '60000' } } as const

/** Finds Python and starts the server of a test file; without Python its tests are skipped, and say why. */
export async function sideBySide(): Promise<PairTest> {
  const peers = await findPython()
  const server = typeof peers === 'string' ? null : await startServer(SERVER)
  t.teardown(() => server?.stop())
  t.jobs = 4
  return (name, body, wantsPackage = false) => {
    if (typeof peers === 'string' || server === null) {
      t.test(name, { skip: String(peers) }, async () => {})
      return
    }
    if (wantsPackage && peers.flavour === 'kazoo') {
      t.test(name, { skip: 'nd_service_registry does not install here' }, async () => {})
      return
    }
    t.test(name, { buffered: true, timeout: 180_000 }, t =>
      body(t, options => start(t, peers, server.connectString, options)),
    )
  }
}

async function start(
  t: Test,
  peers: PythonPeers,
  connectString: string,
  { ours = {}, python = {} }: PairOptions = {},
): Promise<Pair> {
  const servers = `${connectString}${await freshChroot(t, connectString)}`
  // Long enough for a machine that stands still for a while: seconds for Python, milliseconds for us.
  const peer = await PythonPeer.start(peers, servers, { rate_limit_calls: 0, timeout: 30, ...python })
  t.teardown(() => peer.close())
  const registry = await ServiceRegistry.connect({ timeout: 30_000, ...ours, servers })
  t.teardown(() => registry.stop())
  return {
    python: peer,
    ours: registry,
    witness: await client(t, servers, { sessionTimeout: 30_000 }),
    servers,
  }
}

/** The bytes of a znode, each as a character. */
export async function text(zk: ZooKeeper, path: string): Promise<string> {
  return Buffer.from((await zk.get(path)).data ?? []).toString('latin1')
}
