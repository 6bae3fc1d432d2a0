// Finagle's ServerSets: sequential member_ nodes with the endpoints of an instance and its status.
import { Buffer } from 'node:buffer'
import type { NodeObject } from '../codec.ts'
import { stringify } from '../codec.ts'
import { objectIn, orNull, portIn, readInstance, takeBalance, textIn, texts } from './fields.ts'
import type { InstanceFormat, InstanceNode } from './format.ts'
import { completed, plain } from './format.ts'
import type { Instance } from './instance.ts'
import { hostPort, invalid, isObject, unreadable } from './instance.ts'

const PREFIX = 'member_'
const MEMBER = /^member_-?\d+$/

/**
 * `serviceEndpoint` is host and port. Attributes: `status` (ALIVE; STOPPING where not enabled), `shard` (an integer),
 * `additionalEndpoints` (name to host and port). `data` is the metadata, texts only, with weight and zone in it. Only
 * members that are ALIVE are enabled. Two members with one endpoint and shard are one instance: the newer one counts.
 */
export const serverSetFormat: InstanceFormat = Object.freeze({
  ...plain,
  name: 'serverset',
  naming: 'sequential',
  isInstance: node => MEMBER.test(node),
  complete: (input, service, now) => {
    const instance = completed(input, service, now)
    const { host, port, attributes } = instance
    return input.id === undefined
      ? Object.freeze({ ...instance, id: idOf(host, port, attributes) })
      : instance
  },
  nodeName: () => PREFIX,
  encode: instance => Buffer.from(stringify(recordOf(instance))),
  decode: read,
} satisfies InstanceFormat)

function idOf(host: string, port: number | null, { shard }: NodeObject): string {
  return typeof shard === 'number' ? `${hostPort(host, port)}/${shard}` : hostPort(host, port)
}

/** The order of the fields is the one of Finagle's own encoder. */
function recordOf(instance: Instance): NodeObject {
  const { host, port, attributes, enabled } = instance
  if (port === null) throw invalid('a member of a ServerSet needs a port')
  const { status = 'ALIVE', shard, additionalEndpoints = {} } = attributes
  if (shard !== undefined && !Number.isInteger(shard)) throw invalid('shard must be an integer')
  const metadata = metadataOf(instance)
  return {
    serviceEndpoint: { host, port },
    additionalEndpoints,
    status: enabled || status !== 'ALIVE' ? status : 'STOPPING',
    ...(shard !== undefined && { shard }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  }
}

function metadataOf({ data, weight, zone }: Instance): NodeObject {
  return {
    ...texts(data, invalid),
    ...(weight !== 1 && { weight: String(weight) }),
    ...(zone !== null && { zone }),
  }
}

function read({ data, service }: InstanceNode): Instance {
  const object = objectIn(data)
  const { serviceEndpoint, additionalEndpoints = null, shard, metadata } = object
  if (!isObject(serviceEndpoint)) throw unreadable('serviceEndpoint is missing')
  const host = textIn(serviceEndpoint, 'host')
  const port = portIn(serviceEndpoint, 'port')
  const status = textIn(object, 'status').toUpperCase()
  const { weight, zone, rest } = takeBalance(isObject(metadata) ? metadata : {})
  const attributes: NodeObject = {
    ...(status !== 'ALIVE' && { status }),
    ...(typeof shard === 'number' && { shard }),
    ...(isObject(additionalEndpoints) &&
      Object.keys(additionalEndpoints).length > 0 && { additionalEndpoints }),
  }
  return readInstance({
    id: idOf(host, port, attributes),
    name: service,
    host,
    port,
    sslPort: null,
    weight: weight ?? 1,
    zone,
    enabled: status === 'ALIVE',
    registeredAt: null,
    data: orNull(rest),
    attributes,
  })
}
