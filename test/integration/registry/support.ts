// What the tests of the registry share: a fresh branch of the tree, registries in it, and what passes by on the wire.
import { Buffer } from 'node:buffer'
import type { ZooKeeper } from '../../../protocol/index.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import type { NodeObject } from '../../../src/registry/codec.ts'
import { decode } from '../../../src/registry/codec.ts'
import type { ServiceRegistryOptions } from '../../../src/registry/options.ts'
import { ServiceRegistry } from '../../../src/registry/service-registry.ts'
import type { SetOptions } from '../../../src/registry/set-options.ts'
import type { Callback, Snapshot } from '../../../src/registry/snapshot.ts'
import type { FaultProxy, RequestFrame } from '../../../src/testing/index.ts'
import { eventually } from '../../support/eventually.ts'
import { client, freshChroot } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { errorOf, proxyTo } from '../protocol/support.ts'

/** A session that no pause of the machine ends, and no link of it, in milliseconds. */
const LASTING = 30_000

export interface Branch {
  /** host:port/chroot, past all proxies. */
  readonly servers: string
  readonly chroot: string
  /** A client of its own in the branch, to look at the tree and to play the stranger. */
  readonly witness: ZooKeeper
}

/** An empty branch of the tree that the test removes. */
export async function branch(t: Test, at: string): Promise<Branch> {
  const chroot = await freshChroot(t, at)
  const servers = `${at}${chroot}`
  return { servers, chroot, witness: await client(t, servers) }
}

/** A registry that the test stops. */
export async function registryAt(
  t: Test,
  servers: string,
  options: ServiceRegistryOptions = {},
): Promise<ServiceRegistry> {
  const registry = await ServiceRegistry.connect({ sessionTimeout: LASTING, ...options, servers })
  t.teardown(() => registry.stop())
  return registry
}

export interface Proxied extends Branch {
  readonly registry: ServiceRegistry
  readonly proxy: FaultProxy
  /** Requests that passed the proxy, without pings. */
  readonly requests: RequestFrame[]
}

/** A registry behind a proxy of its own, in a branch of its own. */
export async function proxiedRegistry(
  t: Test,
  at: string,
  options: ServiceRegistryOptions = {},
): Promise<Proxied> {
  const ground = await branch(t, at)
  const proxy = await proxyTo(t, at)
  const requests: RequestFrame[] = []
  proxy.filter(frame => {
    if (frame.kind === 'request' && frame.opcode !== OpCode.ping) requests.push(frame)
    return 'pass'
  })
  const registry = await registryAt(t, `${proxy.connectString}${ground.chroot}`, options)
  return { ...ground, registry, proxy, requests }
}

/** Takes the servers away from a registry, and waits until it knows. */
export async function takeDown(registry: ServiceRegistry, proxy: FaultProxy): Promise<void> {
  proxy.set({ kind: 'refuse' })
  proxy.cut()
  await eventually('down', () => !registry.getState())
}

/** Drops the next reply to an operation and cuts the link: the server executed it, and nobody here knows. */
export function loseReply(proxy: FaultProxy, ...opcodes: readonly number[]): () => number {
  let lost = 0
  proxy.filter(frame => {
    if (frame.kind !== 'reply' || lost > 0 || frame.err !== 0) return 'pass'
    if (frame.opcode === null || !opcodes.includes(frame.opcode)) return 'pass'
    lost++
    return 'cut'
  })
  return () => lost
}

/** The decoded data of a node, or null without one. */
export async function dataOf(zk: ZooKeeper, path: string): Promise<NodeObject | null> {
  const node = await zk.get(path).catch(() => null)
  return node === null ? null : decode(node.data)
}

/** The owner of a node; undefined without one. */
export async function ownerOf(zk: ZooKeeper, path: string): Promise<bigint | undefined> {
  return (await zk.exists(path))?.ephemeralOwner
}

/** Waits until the node belongs to the session that the registry has now. */
export async function ownedBy(zk: ZooKeeper, path: string, registry: ServiceRegistry): Promise<void> {
  await eventually(`${path} belongs to the registry`, async () => {
    const { sessionId } = registry.client
    return sessionId !== 0n && (await ownerOf(zk, path)) === sessionId
  })
}

/** What a call is told whose time is up while something stands in the way, once the registry knows of that. */
export async function obstructed(
  registry: ServiceRegistry,
  path: string,
  data?: Record<string, unknown> | null,
  options: SetOptions = {},
): Promise<unknown> {
  const set = (): Promise<unknown> => errorOf(registry.setNode(path, data, { ...options, timeout: 1 }))
  // Its time may be up before the server has said what stands there.
  await set()
  await eventually(`${path} is blocked`, () =>
    registry.registrations().some(status => status.path === path && status.standing === 'blocked'),
  )
  return set()
}

/** So many paths, `/p0` and on, or from another number on. */
export const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `/p${from + i}`)

export interface Recorder {
  readonly callback: Callback
  readonly seen: Snapshot[]
  last(): Snapshot | undefined
}

/** A callback that keeps what it was told. */
export function recorder(): Recorder {
  const seen: Snapshot[] = []
  return { seen, callback: snapshot => void seen.push(snapshot), last: () => seen.at(-1) }
}

/** Waits for a roundtrip of the registry's connection: everything that the server sent before has arrived. */
export async function settled(registry: ServiceRegistry): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await registry.client.sync('/')
    await new Promise(resolve => setImmediate(resolve))
  }
}

/** The same reply with this error in place of its body. */
export function refusal({ bytes }: { readonly bytes: Uint8Array }, err: number): Uint8Array {
  const reply = Buffer.from(bytes.subarray(0, 20))
  reply.writeInt32BE(16, 0)
  reply.writeInt32BE(err, 16)
  return reply
}
