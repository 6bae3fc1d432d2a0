// A client, the ensemble it talks to, and the clock of both: what most tests of the client begin with.
import type { ZooKeeperOptions } from '../../protocol/client/options.ts'
import { ZooKeeper } from '../../protocol/client/zookeeper.ts'
import type { Lookup } from '../../protocol/net/server-list.ts'
import type { LookupSrv } from '../../protocol/net/srv.ts'
import type { Test } from '../tap.ts'
import { FakeClock } from './fake-clock.ts'
import { ScriptedEnsemble } from './scripted-server.ts'

export interface World {
  readonly clock: FakeClock
  readonly ensemble: ScriptedEnsemble
  readonly zk: ZooKeeper
  /** Everything that the client reported as a warning. */
  readonly warnings: unknown[]
  /** The states that the client went through, oldest first. */
  readonly states: string[]
}

export interface WorldOptions extends Omit<ZooKeeperOptions, 'ports'> {
  servers?: string
  /** Addresses of a name; without an entry, a name has the one address 10.0.0.1. */
  addresses?: Record<string, readonly string[]>
  /** In place of `addresses`. */
  lookup?: Lookup
  lookupSrv?: LookupSrv
  /** Default: just below 1, which leaves a list as it is and makes every pause its longest. */
  random?: () => number
}

/** A client that has not begun to connect. After the test it is closed, and nothing may be left of it. */
export function newWorld(t: Test, options: WorldOptions = {}): World {
  const {
    servers = 'zk:2181',
    addresses = {},
    lookup,
    lookupSrv,
    random = () => 1 - 2 ** -40,
    ...own
  } = options
  const clock = new FakeClock()
  const ensemble = new ScriptedEnsemble()
  const byTable: Lookup = async host => addresses[host] ?? ['10.0.0.1']
  const ports = {
    clock,
    connect: ensemble.connect,
    lookup: lookup ?? byTable,
    random,
    ...(lookupSrv && { lookupSrv }),
  }
  const zk = new ZooKeeper(servers, { sessionTimeout: 9000, ...own, ports })
  const world: World = { clock, ensemble, zk, warnings: [], states: [] }
  zk.on('warning', warning => world.warnings.push(warning))
  zk.on('state', ({ state }) => world.states.push(state))
  t.teardown(async () => {
    const closing = zk.close()
    await clock.advance(1000)
    await closing
    if (clock.scheduled > 0) throw new Error(`${clock.scheduled} tasks are left on the clock`)
    if (ensemble.connections.some(({ closed }) => !closed)) throw new Error('a connection is left open')
  })
  return world
}

/** A client with a session. */
export async function connectedWorld(t: Test, options: WorldOptions = {}): Promise<World> {
  const world = newWorld(t, options)
  const connecting = world.zk.connect()
  await world.clock.settle()
  await connecting
  return world
}

/** Breaks the link and waits until the client has opened another one. */
export async function reconnect({ clock, ensemble }: World): Promise<void> {
  ensemble.link.close()
  const before = ensemble.connections.length
  for (let waited = 0; ensemble.connections.length === before; waited += 10) {
    if (waited > 2000) throw new Error('the client does not come back')
    await clock.advance(10)
  }
}
