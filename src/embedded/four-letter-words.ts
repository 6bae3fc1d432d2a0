// Four-letter words: the text commands that a server answers in place of a handshake.
import type { Buffer } from 'node:buffer'
import { arch, hostname, platform, release } from 'node:os'
import type { Connection } from './connection.ts'
import { digestOf } from './tree-digest.ts'
import type { World } from './world.ts'

/** What the words tell about. */
export interface ServerView {
  readonly world: World
  readonly connections: ReadonlySet<Connection>
  readonly port: number
  readonly secure: boolean
  /** What a server logs. This one only remembers it. */
  readonly traceMask: { value: bigint }
  /** Frames that came from, and went to, all connections since the start or the last reset. */
  traffic(): { readonly received: number; readonly sent: number }
  resetTraffic(): void
}

/** The release whose behaviour this server shows. Clients read the number. */
const VERSION = '3.9.5-nd-service-registry, built on 2025-01-01 00:00 UTC'
export const DEFAULT_TRACE_MASK = 306n
const WORD_BYTES = 4
const MASK_BYTES = 8

const hex = (value: bigint): string => `0x${BigInt.asUintN(64, value).toString(16)}`

type Answer = (view: ServerView, asker: Connection, opening: Buffer) => string

const words: Readonly<Record<string, Answer>> = {
  ruok: () => 'imok',
  isro: ({ world }) => (world.mode === 'readOnly' ? 'ro' : 'rw'),
  srvr: view => summary(view, ''),
  stat: (view, asker) => summary(view, `Clients:\n${clientLines(view, asker, false)}\n`),
  cons: (view, asker) => `${clientLines(view, asker, true)}\n`,
  conf,
  envi,
  mntr,
  dump,
  wchs,
  wchc: ({ world }) => listing(byOwner(world), path => path),
  wchp: ({ world }) =>
    listing(
      [...world.watches.data.paths].map(([path, watchers]) => [path, [...watchers.keys()].map(sessionOf)]),
      session => session,
    ),
  crst: ({ connections }) => {
    for (const { stats } of connections) stats.reset()
    return 'Connection stats reset.\n'
  },
  srst: view => {
    view.resetTraffic()
    return 'Server stats reset.\n'
  },
  dirs: () => 'datadir_size: 0\nlogdir_size: 0\n',
  gtmk: ({ traceMask }) => String(traceMask.value),
  stmk: ({ traceMask }, _asker, opening) => {
    traceMask.value = opening.readBigInt64BE(WORD_BYTES)
    return String(traceMask.value)
  },
  // ZooKeeper keeps the digests of earlier transactions, too.
  hash: ({ world: { tree, zxid } }) => `${zxid.toString(16)}: ${digestOf(tree)}\n`,
}

/**
 * `opening`: the first bytes of the connection, with the four letters. undefined for letters that are no word, and for
 * a mask that did not come with its word: the connection is then closed without one.
 */
export function answerWord(opening: Buffer, view: ServerView, asker: Connection): string | undefined {
  const word = opening.toString('latin1', 0, WORD_BYTES)
  if (!Object.hasOwn(words, word)) return undefined
  if (word === 'stmk' && opening.length < WORD_BYTES + MASK_BYTES) return undefined
  const { fourLetterWords } = view.world.settings
  const listed = fourLetterWords === 'all' || fourLetterWords.has(word)
  if (!listed) return `${word} is not executed because it is not in the whitelist.\n`
  return words[word]!(view, asker, opening)
}

function summary(view: ServerView, clients: string): string {
  const { world, connections } = view
  const { received, sent } = view.traffic()
  const readOnly = world.mode === 'readOnly'
  return [
    `Zookeeper version: ${VERSION}`,
    ...(readOnly ? ['READ-ONLY mode; serving only read-only clients'] : []),
    `${clients}Latency min/avg/max: 0/0.0/0`,
    `Received: ${received}`,
    `Sent: ${sent}`,
    `Connections: ${connections.size}`,
    'Outstanding: 0',
    `Zxid: ${hex(world.zxid)}`,
    `Mode: ${readOnly ? 'read-only' : 'standalone'}`,
    `Node count: ${world.tree.size}\n`,
  ].join('\n')
}

function clientLines({ connections }: ServerView, asker: Connection, long: boolean): string {
  return [...connections].map(connection => clientLine(connection, connection === asker, long)).join('')
}

function clientLine(
  { address, port, stats, client, queued }: Connection,
  asks: boolean,
  long: boolean,
): string {
  const facts = [`queued=${queued}`, `recved=${stats.received}`, `sent=${stats.sent}`]
  const { session } = client
  if (long && session !== null) {
    facts.push(
      `sid=${hex(session.id)}`,
      `lop=${stats.lastOperation}`,
      `est=${stats.established}`,
      `to=${session.timeout}`,
      `lcxid=0x${(stats.lastXid >>> 0).toString(16)}`,
      `lzxid=${hex(stats.lastZxid)}`,
      'lresp=0,llat=0,minlat=0,avglat=0,maxlat=0',
    )
  }
  return ` /${address}:${port}[${asks ? 0 : 1}](${facts.join(',')})\n`
}

function conf({ world, port, secure }: ServerView): string {
  const { settings } = world
  return pairs('=', {
    clientPort: secure ? -1 : port,
    secureClientPort: secure ? port : -1,
    dataDir: '',
    dataDirSize: 0,
    dataLogDir: '',
    dataLogSize: 0,
    tickTime: settings.tickTime,
    maxClientCnxns: settings.maxClientCnxns,
    minSessionTimeout: settings.minSessionTimeout,
    maxSessionTimeout: settings.maxSessionTimeout,
    clientPortListenBacklog: -1,
    serverId: 0,
  })
}

function envi(): string {
  const facts = {
    'zookeeper.version': VERSION,
    'host.name': hostname(),
    'node.version': process.version,
    'os.name': platform(),
    'os.arch': arch(),
    'os.version': release(),
  }
  return `Environment:\n${pairs('=', facts)}`
}

function mntr(view: ServerView): string {
  const { world, connections } = view
  const { received, sent } = view.traffic()
  const { tree, watches, sessions } = world
  let ephemerals = 0
  for (const paths of tree.ephemerals.values()) ephemerals += paths.size
  return pairs('\t', {
    zk_version: VERSION,
    zk_server_state: world.mode === 'readOnly' ? 'read-only' : 'standalone',
    zk_avg_latency: '0.0',
    zk_max_latency: 0,
    zk_min_latency: 0,
    zk_packets_received: received,
    zk_packets_sent: sent,
    zk_num_alive_connections: connections.size,
    zk_outstanding_requests: 0,
    zk_znode_count: tree.size,
    zk_watch_count: watches.data.size + watches.child.size,
    zk_ephemerals_count: ephemerals,
    zk_approximate_data_size: tree.approximateSize,
    zk_global_sessions: sessions.size,
    zk_local_sessions: 0,
  })
}

function dump({ world, connections }: ServerView): string {
  const byTime = new Map<number, bigint[]>()
  for (const { expires, id } of world.sessions) byTime.set(expires, [...(byTime.get(expires) ?? []), id])
  const now = world.settings.clock.now()
  const lines = [`SessionTracker dump:`, `Session Sets (${byTime.size})/(${world.sessions.size}):`]
  for (const [expires, ids] of byTime) {
    lines.push(`${ids.length} expire at ${new Date(world.time + expires - now).toISOString()}:`)
    for (const id of ids) lines.push(`\t${hex(id)}`)
  }
  const { ephemerals } = world.tree
  lines.push('ephemeral nodes dump:', `Sessions with Ephemerals (${ephemerals.size}):`)
  for (const [id, paths] of ephemerals) {
    lines.push(`${hex(id)}:`)
    for (const path of paths) lines.push(`\t${path}`)
  }
  lines.push('Connections dump:', `Connections Sets (1)/(${connections.size}):`)
  for (const { address, port, client } of connections) {
    lines.push(`\tip: /${address}:${port} sessionId: ${sessionOf(client)}`)
  }
  return `${lines.join('\n')}\n`
}

/** Summary, by session and by path: all three look at the data watches alone, as in ZooKeeper. */
function wchs({ world }: ServerView): string {
  const { data } = world.watches
  return `${data.watchers.size} connections watching ${data.paths.size} paths\nTotal watches:${data.size}\n`
}

function byOwner(world: World): [string, string[]][] {
  return [...world.watches.data.watchers].map(([client, paths]) => [sessionOf(client), [...paths]])
}

function listing(groups: [string, string[]][], show: (item: string) => string): string {
  return groups.map(([head, items]) => `${head}\n${items.map(item => `\t${show(item)}\n`).join('')}`).join('')
}

function sessionOf({ session }: Connection['client']): string {
  return hex(session?.id ?? 0n)
}

function pairs(between: string, facts: Readonly<Record<string, string | number>>): string {
  return Object.entries(facts)
    .map(([key, value]) => `${key}${between}${value}\n`)
    .join('')
}
