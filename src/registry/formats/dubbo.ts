// Dubbo's format: the node of a provider has no data that counts, all is in its name, an encoded URL.
import { Buffer } from 'node:buffer'
import type { NodeObject } from '../codec.ts'
import { orNull, readInstance, takeBalance, texts } from './fields.ts'
import type { InstanceFormat, InstanceNode } from './format.ts'
import { completed, plain } from './format.ts'
import type { Instance } from './instance.ts'
import { hostPort, invalid, splitHostPort, unreadable } from './instance.ts'

/** Dubbo's own weight where a URL says none. */
const WEIGHT = 100
const LONGEST = 64 * 1024

/**
 * The path to discover is `/dubbo/<interface>`; the nodes are below its `providers`. Attributes: `protocol` (dubbo) and
 * `path` (the interface). `data` holds the other parameters, texts only, such as `version` and `group`.
 */
export const dubboFormat: InstanceFormat = Object.freeze({
  ...plain,
  name: 'dubbo',
  folder: path => `${path === '/' ? '' : path}/providers`,
  complete: (input, service, now) => {
    const instance = completed(input, service, now, { weight: WEIGHT })
    return input.id === undefined ? Object.freeze({ ...instance, id: idOf(instance) }) : instance
  },
  nodeName: instance => urlEncode(urlOf(instance)),
  encode: () => Buffer.alloc(0),
  decode: read,
} satisfies InstanceFormat)

/** What Dubbo tells providers apart by. */
function idOf({ host, port, data, attributes, name }: Omit<Instance, 'id'>): string {
  const { group = '', version = '' } = (data ?? {}) as Record<string, string>
  const { protocol = 'dubbo', path = name } = attributes
  const base = `${protocol}://${hostPort(host, port)}/${path}`
  return group === '' && version === '' ? base : `${base}:${group}:${version}`
}

function urlOf(instance: Instance): string {
  const { host, port, name, weight, zone, enabled, registeredAt, attributes } = instance
  const { protocol = 'dubbo', path = name } = attributes
  const parameters: Record<string, string> = {
    interface: name,
    ...texts(instance.data, invalid),
    ...(weight !== WEIGHT && { weight: String(weight) }),
    ...(zone !== null && { zone }),
    ...(!enabled && { enabled: 'false' }),
    ...(registeredAt !== null && { timestamp: String(registeredAt) }),
  }
  if (!Number.isInteger(weight)) throw invalid('weight must be an integer for Dubbo')
  const query = Object.keys(parameters)
    .sort()
    .map(key => `${wordOf(key, /[&=?#]/)}=${wordOf(parameters[key]!, /[&?#]/)}`)
  const address = `${wordOf(String(protocol), /[^\w+.-]/)}://${hostPort(host, port)}`
  return `${address}/${wordOf(String(path), /[?&#]/)}?${query.join('&')}`
}

/** Dubbo splits a URL before it decodes it, so that these characters cannot be inside a part. */
function wordOf(text: string, forbidden: RegExp): string {
  if (text !== '' && text === text.trim() && !/\p{Surrogate}/u.test(text) && !forbidden.test(text))
    return text
  throw invalid(`${JSON.stringify(text)} cannot stand in a URL of Dubbo`)
}

function read({ node, service }: InstanceNode): Instance {
  if (node.length > LONGEST) throw unreadable(`a name of ${node.length} characters`)
  const match = /^([\w+.-]+):\/\/(?:[^@/?]*@)?([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(urlDecode(node))
  if (match === null) throw unreadable('the name of the node is no URL')
  const [, protocol, authority, path, query = ''] = match
  const { interface: name, enabled, disabled, timestamp, ...rest } = parametersOf(query)
  const { host, port } = splitHostPort(authority!)
  const { weight, zone, rest: others } = takeBalance(rest)
  const attributes: NodeObject = {
    ...(protocol !== 'dubbo' && { protocol: protocol! }),
    ...(path !== undefined && path !== '' && path !== (name ?? service) && { path }),
  }
  const fields = {
    name: name || service,
    host,
    port,
    sslPort: null,
    weight: weight ?? WEIGHT,
    zone,
    enabled: disabled === undefined ? enabled !== 'false' : disabled !== 'true',
    registeredAt: /^\d{1,15}$/.test(timestamp ?? '') ? Number(timestamp) : null,
    data: orNull(others),
    attributes,
  }
  return readInstance({ ...fields, id: idOf(fields) })
}

function parametersOf(query: string): Record<string, string> {
  const pairs = query.split('&').filter(part => part !== '')
  return Object.fromEntries(
    pairs.map(part => {
      const at = part.indexOf('=')
      return at < 0 ? [part, part] : [part.slice(0, at), part.slice(at + 1)]
    }),
  )
}

/** As Java's URLEncoder. */
function urlEncode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()~]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

function urlDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', '%20'))
  } catch (cause) {
    throw unreadable('the name of the node is not encoded as a URL', cause)
  }
}
