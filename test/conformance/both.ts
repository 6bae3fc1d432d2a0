// One suite, two servers: each test runs on the embedded server and on a real one.
import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import type { Codec } from '../../protocol/jute/codec.ts'
import { JuteReader } from '../../protocol/jute/reader.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import { operations } from '../../protocol/operations.ts'
import type { Acl, Stat } from '../../protocol/records/data.ts'
import { Permission } from '../../protocol/records/data.ts'
import type { CreateRequest } from '../../protocol/records/nodes.ts'
import { create2Reply, createRequest, readRequest, versionRequest } from '../../protocol/records/nodes.ts'
import type { ServerOptions } from '../../scripts/zookeeper/server.ts'
import { startServer } from '../../scripts/zookeeper/server.ts'
import type { EmbeddedOptions } from '../../src/embedded/index.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { servers } from '../support/zookeeper.ts'
import type { Test } from '../tap.ts'
import { t as root } from '../tap.ts'
import type { RawReply } from './raw-client.ts'
import { RawClient, requestFrame } from './raw-client.ts'

/** What the tests of a file need of their servers; without it, the real one is the run's. */
export interface Needs {
  readonly embedded?: EmbeddedOptions
  readonly real?: ServerOptions
}

export interface Place {
  /** host:port */
  readonly at: string
  /** A znode that nobody else uses. */
  readonly root: string
  /** A client that the test need not close. */
  open(request?: Parameters<typeof RawClient.open>[1]): Promise<RawClient>
}

export type Body = (t: Test, place: Place) => Promise<void>

/** Gives `test(name, body)`, which runs the body once for each server. */
export function onBoth(needs: Needs = {}): (name: string, body: Body) => void {
  const starts: Record<string, () => Promise<string>> = {
    embedded: once(async () => {
      // As the real server of a run is set up: what is off there is off here.
      const server = await EmbeddedZooKeeper.start({ ttl: false, ...needs.embedded })
      root.teardown(() => server.close())
      return server.connectString
    }),
    real: once(async () => {
      if (needs.real === undefined) return await servers()
      const server = await startServer(needs.real)
      root.teardown(() => server.stop())
      return server.connectString
    }),
  }
  return (name, body) => {
    for (const [kind, start] of Object.entries(starts)) {
      root.test(`${kind}: ${name}`, { buffered: true, timeout: 150_000 }, async t => {
        await body(t, await placeAt(t, await start()))
      })
    }
  }
}

function once(start: () => Promise<string>): () => Promise<string> {
  let started: Promise<string> | undefined
  return () => {
    started ??= start()
    return started
  }
}

async function placeAt(t: Test, at: string): Promise<Place> {
  const open: Place['open'] = async request => {
    const client = await RawClient.open(at, request)
    t.teardown(() => client.link.destroy())
    return client
  }
  const path = `/conformance-${randomUUID()}`
  const maker = await open()
  // For servers that enforce authentication; to others it makes no difference.
  await login(maker, 'digest', 'maker:secret')
  await create(maker, path)
  await maker.close()
  return { at, root: path, open }
}

export const OPEN: Acl[] = [{ perms: Permission.ALL, id: { scheme: 'world', id: 'anyone' } }]

export function acl(perms: number, scheme = 'world', id = 'anyone'): Acl {
  return { perms, id: { scheme, id } }
}

/** create2 with an open ACL, unless told otherwise; gives the whole reply. */
export function tryCreate(
  client: RawClient,
  path: string,
  more: Partial<CreateRequest> = {},
  opcode: number = OpCode.create2,
): Promise<RawReply> {
  return client.call(opcode, createRequest, { path, data: null, acl: OPEN, flags: 0, ...more })
}

export async function create(
  client: RawClient,
  path: string,
  more: Partial<CreateRequest> = {},
): Promise<{ path: string; stat: Stat }> {
  return read(create2Reply, await tryCreate(client, path, more))
}

export function read<T>(codec: Codec<T>, { err, body }: RawReply): T {
  if (err !== 0) throw new Error(`error ${err}`)
  return codec.read(new JuteReader(body))
}

export async function statOf(client: RawClient, path: string): Promise<Stat> {
  return read(operations.setData.reply!, await tryRead(client, OpCode.exists, path))
}

export function tryRead(client: RawClient, opcode: number, path: string, watch = false): Promise<RawReply> {
  return client.call(opcode, readRequest, { path, watch })
}

export function tryDelete(client: RawClient, path: string, version = -1): Promise<RawReply> {
  return client.call(OpCode.delete, versionRequest, { path, version })
}

export function trySet(
  client: RawClient,
  path: string,
  data: Uint8Array | null = null,
  version = -1,
): Promise<RawReply> {
  return client.call(OpCode.setData, operations.setData.request, { path, data, version })
}

export function trySetAcl(
  client: RawClient,
  path: string,
  list: readonly Acl[],
  version = -1,
): Promise<RawReply> {
  return client.call(OpCode.setACL, operations.setACL.request, { path, acl: list, version })
}

/** A login; its reply comes with xid -4, so the next request shows that it is done. */
export async function login(client: RawClient, scheme: string, auth: string): Promise<number> {
  const before = client.received.filter(({ xid }) => xid === -4).length
  client.link.send(authFrame(scheme, auth))
  for (let frames = client.received; ; frames = client.received) {
    const replies = frames.filter(({ xid }) => xid === -4) as RawReply[]
    if (replies.length > before) return replies[before]!.err
    await client.link.frame(client.link.frames.length)
  }
}

function authFrame(scheme: string, auth: string): Buffer {
  return requestFrame(-4, OpCode.auth, operations.auth.request, {
    type: 0,
    scheme,
    auth: Buffer.from(auth),
  })
}
