// What the tests of the client under fault share: proxied clients, their history, and the end of a session.
import type { SessionState, StateChange, ZooKeeper, ZooKeeperOptions } from '../../../protocol/index.ts'
import { isLinked } from '../../../protocol/index.ts'
import type { Server } from '../../../scripts/zookeeper/server.ts'
import { expireSession, FaultProxy } from '../../../src/testing/index.ts'
import { eventually } from '../../support/eventually.ts'
import { client } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'

/** Keeps servers in the order of the connect string, and lets no back-off wait. */
export const inOrder = (): number => 0.999
export const atOnce = (): number => 0

/** A proxy that the test closes. */
export async function proxyTo(t: Test, target: string): Promise<FaultProxy> {
  const proxy = await FaultProxy.start({ target })
  t.teardown(() => proxy.close())
  return proxy
}

/** A connected client behind a proxy of its own. */
export async function proxied(
  t: Test,
  target: string,
  options: ZooKeeperOptions = {},
): Promise<{ zk: ZooKeeper; proxy: FaultProxy; history: StateChange[] }> {
  const proxy = await proxyTo(t, target)
  const zk = await client(t, proxy.connectString, options)
  return { zk, proxy, history: historyOf(zk) }
}

/** A client whose first link is the one to this server: where a stall takes it to the next one, another is made. */
export async function clientAt(
  t: Test,
  server: Server,
  connectString: string,
  options: ZooKeeperOptions,
): Promise<ZooKeeper> {
  return await eventually(`a client at ${server.connectString}`, async () => {
    const zk = await client(t, connectString, options)
    if (zk.remote === server.connectString) return zk
    await zk.close()
    return null
  })
}

/** Every change of state from now on. */
export function historyOf(zk: ZooKeeper): StateChange[] {
  const history: StateChange[] = []
  zk.on('state', change => history.push(change))
  return history
}

export function names(history: readonly StateChange[]): SessionState[] {
  return history.map(change => change.state)
}

/** Waits until the client has been in the state. */
export async function passed(history: readonly StateChange[], state: SessionState): Promise<void> {
  await eventually(`state ${state}`, () => history.some(change => change.state === state))
}

/** Waits until the client is connected with its n-th session. */
export async function connectedAgain(zk: ZooKeeper, generation = 1): Promise<void> {
  await eventually(`generation ${generation}`, () => isLinked(zk.state) && zk.generation === generation)
}

/** Ends the session of a client behind its back, and waits for the next one. */
export async function renewed(zk: ZooKeeper, servers: string): Promise<void> {
  const { generation, session } = zk
  if (session === null) throw new Error('the client has no session')
  await expireSession(servers, session)
  await connectedAgain(zk, generation + 1)
}

/** The promise's error; fails the test when there is none. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  const value = await promise.then(
    value => ({ value }),
    error => ({ error }),
  )
  if ('error' in value) return value.error
  throw new Error('it resolved', { cause: value.value })
}

/** Freezes a server until the test ends. A signal takes its time to arrive: resolves when nothing is answered. */
export async function freeze(t: Test, server: Server): Promise<void> {
  t.teardown(() => {
    if (server.state === 'frozen') server.thaw()
  })
  server.freeze()
  await eventually('silence', () =>
    server.command('ruok', 50).then(
      () => false,
      () => true,
    ),
  )
}
