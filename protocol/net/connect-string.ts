// Connect strings: host:port,host:port/chroot or dns-srv://name/chroot, as Java's ConnectStringParser reads them.
import { InvalidArgumentError, InvalidConnectStringError, ZooKeeperError } from '../errors.ts'
import { validatePath } from '../paths.ts'

export const DEFAULT_PORT = 2181

export interface Endpoint {
  /** A name or an IP address, without brackets. */
  readonly host: string
  readonly port: number
}

export interface ConnectString {
  /** Empty where `srv` is their source. */
  readonly servers: readonly Endpoint[]
  /** The name whose SRV records tell the servers, asked for at each attempt to connect; null: the servers are listed. */
  readonly srv: string | null
  /** '' for none, otherwise a valid path. */
  readonly chroot: string
}

const SRV_SCHEME = 'dns-srv://'

/** Throws an InvalidConnectStringError that says which part is wrong. */
export function parseConnectString(text: string): ConnectString {
  if (typeof text !== 'string') throw new InvalidArgumentError('connectString', 'a string', text)
  try {
    return parse(text)
  } catch (error) {
    const at = text.lastIndexOf('@')
    if (at === -1) throw error
    // As in user:password@host: neither the text nor a cause that quotes it may be shown.
    const reason = 'what stands before the @ is not shown, credentials are no part of it'
    throw new InvalidConnectStringError(`***${text.slice(at)}`, reason)
  }
}

function parse(text: string): ConnectString {
  if (text.startsWith(SRV_SCHEME)) return parseSrv(text)
  const slash = text.indexOf('/')
  const list = slash === -1 ? text : text.slice(0, slash)
  const chroot = slash === -1 ? '' : parseChroot(text, text.slice(slash))
  const servers = list
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
    .map(item => parseServer(text, item))
  if (servers.length === 0) throw new InvalidConnectStringError(text, 'it names no server')
  return { servers, srv: null, chroot }
}

/** As in Java 3.10 (ZOOKEEPER-4956), the name is looked up as it stands: `dns-srv://_zookeeper._tcp.example.com/app`. */
function parseSrv(text: string): ConnectString {
  const rest = text.slice(SRV_SCHEME.length)
  const slash = rest.indexOf('/')
  const srv = (slash === -1 ? rest : rest.slice(0, slash)).trim()
  if (srv === '') throw new InvalidConnectStringError(text, 'the name is missing')
  if (!/^[A-Za-z0-9._-]+$/.test(srv)) {
    throw new InvalidConnectStringError(text, `${srv}: no name of SRV records (they tell the ports)`)
  }
  return { servers: [], srv, chroot: slash === -1 ? '' : parseChroot(text, rest.slice(slash)) }
}

export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function parseChroot(text: string, path: string): string {
  if (path === '/') return ''
  try {
    validatePath(path)
  } catch (cause) {
    if (!ZooKeeperError.is(cause)) throw cause
    const hint = path.includes(',') ? ' (the chroot comes once, after the last server)' : ''
    throw new InvalidConnectStringError(text, `the chroot is no path: ${cause.message}${hint}`, cause)
  }
  if (/,[^/]*:\d+(\/|$)/.test(path)) {
    throw new InvalidConnectStringError(text, 'the chroot comes once, after the last server')
  }
  return path
}

function parseServer(text: string, item: string): Endpoint {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(item)
  if (bracketed !== null) return endpoint(text, item, bracketed[1] ?? '', bracketed[2])
  const colon = item.indexOf(':')
  if (colon === -1) return endpoint(text, item, item, undefined)
  if (item.indexOf(':', colon + 1) !== -1) {
    throw new InvalidConnectStringError(text, `${item}: an IPv6 address stands in brackets`)
  }
  return endpoint(text, item, item.slice(0, colon), item.slice(colon + 1))
}

function endpoint(text: string, item: string, host: string, port: string | undefined): Endpoint {
  if (!/^[A-Za-z0-9._:%-]+$/.test(host)) {
    throw new InvalidConnectStringError(
      text,
      `${item}: ${host === '' ? 'the host is missing' : 'no host name'}`,
    )
  }
  if (port === undefined || port === '') return { host, port: DEFAULT_PORT }
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0
  if (number < 1 || number > 65_535) {
    throw new InvalidConnectStringError(text, `${item}: a port is a number from 1 to 65535`)
  }
  return { host, port: number }
}
