// What the demo shows: services, callbacks, configuration, a lock, a cut connection, an expired session.
import type { Snapshot } from '../../src/index.ts'
import { ServiceRegistry } from '../../src/index.ts'
import { expireSession, FaultProxy } from '../../src/testing/index.ts'
import { observe, show, step } from './stage.ts'

const SSH = '/production/ssh'
const WEB = '/production/web'
const CONFIG = '/config/my_app'
const LOCK = '/locks/nightly'

export async function play(servers: string, path: string): Promise<void> {
  // The services' host reaches ZooKeeper through a proxy, so that its link can be cut.
  await using proxy = await FaultProxy.start({ target: firstServer(servers) })
  await using host = await ServiceRegistry.connect({ servers: `${proxy.connectString}${path}` })
  await using reader = await ServiceRegistry.connect({ servers: `${servers}${path}` })

  await register(host)
  const seen = await read(reader)
  await leave(host, seen)
  await configure(host, reader)
  await handOver(host, reader)
  await cutLink(host, reader, proxy, seen)
  await expire(host, reader, servers, seen)
}

async function register(host: ServiceRegistry): Promise<void> {
  step('Three ssh servers and a web server register')
  for (const name of ['server1:22', 'server2:22', 'server3:22']) {
    await host.setNode(`${SSH}/${name}`, { type: 'openssh' })
    show(`registered ${SSH}/${name}`)
  }
  await host.setNode(`${WEB}/server1:80`, { type: 'apache', weight: 5 })
  show(`registered ${WEB}/server1:80 with data`)
}

/** What the callback told last. */
interface Seen {
  newest: Snapshot
  calls: number
}

async function read(reader: ServiceRegistry): Promise<Seen> {
  step(`Another process reads ${SSH} and asks to be called back`)
  const seen: Seen = { newest: await reader.get(SSH), calls: 0 }
  await reader.addCallback(SSH, snapshot => {
    seen.newest = snapshot
    seen.calls++
    show(`callback: ${snapshot.children.join(' ') || '(none)'}`)
  })
  await observe('three servers', () => seen.newest.children.length === 3)
  const web = await reader.get(`${WEB}/server1:80`)
  show(`data of server1:80: ${JSON.stringify(web.data)}`)
  await observe('the data that was registered', () => web.data?.type === 'apache' && web.data.weight === 5)
  return seen
}

async function leave(host: ServiceRegistry, seen: Seen): Promise<void> {
  step('server2 leaves')
  const calls = seen.calls
  await host.unset(`${SSH}/server2:22`)
  await observe(
    'a callback without server2',
    () => seen.calls > calls && seen.newest.children.join() === 'server1:22,server3:22',
  )
}

async function configure(host: ServiceRegistry, reader: ServiceRegistry): Promise<void> {
  step('Configuration is set, read, and changed')
  await host.setData(CONFIG, { state: 'enabled' })
  const { data } = await reader.get(CONFIG)
  show(`${CONFIG}: ${JSON.stringify(data)}`)
  await observe('the configuration', () => data?.state === 'enabled')
  await host.setData(CONFIG, { state: 'disabled' })
  await observe('the change', async () => (await reader.get(CONFIG)).data?.state === 'disabled')
}

async function handOver(host: ServiceRegistry, reader: ServiceRegistry): Promise<void> {
  step(`Two processes contend for the lock ${LOCK}`)
  const first = host.getLock(LOCK, { name: 'host' })
  await observe('the first holds it', () => first.acquire())
  show(`fencing token ${first.fencingToken}`)
  await observe('the second does not get it', async () => !(await reader.acquireLock(LOCK, { wait: 0 })))
  const waiting = reader.acquireLock(LOCK, { name: 'reader', wait: 10_000 })
  show('the second waits; the first releases')
  await first.release()
  await observe('the second holds it now', () => waiting)
  await reader.releaseLock(LOCK)
}

async function cutLink(
  host: ServiceRegistry,
  reader: ServiceRegistry,
  proxy: FaultProxy,
  seen: Seen,
): Promise<void> {
  step('The connection of the services is cut')
  const { sessionId } = host.client
  let downs = 0
  host.on('state', up => {
    if (!up) downs++
  })
  proxy.cut()
  await observe('the link went down', () => downs === 1)
  await observe('it is back', () => host.getState())
  await observe('it is the same session', () => host.client.sessionId === sessionId)
  await observe('everything is still there', () => seen.newest.children.length === 2)
  const web = await reader.client.exists(`${WEB}/server1:80`)
  await observe('the web server too', () => web?.ephemeralOwner === sessionId)
}

async function expire(
  host: ServiceRegistry,
  reader: ServiceRegistry,
  servers: string,
  seen: Seen,
): Promise<void> {
  step('The session of the services is expired')
  const { session, generation } = host.client
  if (session === null) throw new Error('there is no session')
  await expireSession(servers, session)
  await observe('a new session', () => host.client.generation > generation)
  const owner = (): bigint => host.client.sessionId
  await observe('the registrations are back, owned by the new session', async () => {
    const nodes = [`${SSH}/server1:22`, `${SSH}/server3:22`, `${WEB}/server1:80`]
    const stats = await Promise.all(nodes.map(node => reader.client.exists(node)))
    return stats.every(stat => stat?.ephemeralOwner === owner())
  })
  await observe('the reader sees them', () => seen.newest.children.join() === 'server1:22,server3:22')
}

/** The proxy leads to one server: the first of the list. */
function firstServer(servers: string): string {
  return servers.split(',')[0] as string
}
