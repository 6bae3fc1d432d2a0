// Curator's x-discovery format: base/name/id, with the JSON of ServiceInstance as Jackson writes it.
import { Buffer } from 'node:buffer'
import type { Json, NodeObject } from '../codec.ts'
import { stringify } from '../codec.ts'
import { objectIn, orNull, portIn, readInstance, takeBalance, textIn, timeIn } from './fields.ts'
import type { InstanceFormat, InstanceNode } from './format.ts'
import { completed, plain } from './format.ts'
import type { Instance } from './instance.ts'
import { invalid, isObject } from './instance.ts'

/**
 * What Curator's ServiceDiscovery reads and writes with JsonInstanceSerializer. The payload is `data`; weight and
 * zone, which Curator does not know, are kept in it.
 */
export const curatorFormat: InstanceFormat = Object.freeze({
  ...plain,
  name: 'curator',
  complete: (input, service, now) => completed(input, service, now),
  nodeName: instance => curatorName(instance),
  encode: instance => Buffer.from(stringify(serviceInstance(instance, payloadOf(instance)))),
  decode: node => {
    const { payload, ...fields } = readServiceInstance(node)
    if (!isObject(payload)) return readInstance({ ...fields, weight: 1, zone: null, data: payload })
    const { weight, zone, rest } = takeBalance(payload)
    return readInstance({ ...fields, weight: weight ?? 1, zone, data: orNull(rest) })
  },
} satisfies InstanceFormat)

/** Curator finds an instance by its id, so the node has to be called like it. */
export function curatorName({ id }: Instance): string {
  if (id.includes('/') || id === '.' || id === '..') throw invalid('the id must do as the name of a node')
  return id
}

/**
 * The fields in Jackson's order. `enabled` is written only where it is false: Curator itself leaves it out by default,
 * and versions that do not know it refuse what they do not know.
 */
export function serviceInstance(instance: Instance, payload: Json): NodeObject {
  const { name, id, host, port, sslPort, registeredAt, enabled, attributes } = instance
  return {
    name,
    id,
    address: host,
    port,
    sslPort,
    payload,
    registrationTimeUTC: registeredAt ?? 0,
    serviceType: attributes.serviceType ?? 'DYNAMIC',
    uriSpec: attributes.uriSpec ?? null,
    ...(!enabled && { enabled }),
  }
}

export type ServiceInstanceFields = Omit<Instance, 'weight' | 'zone' | 'data'> & { readonly payload: Json }

/** Throws INVALID_INSTANCE. Unknown properties are left out, as Curator does. */
export function readServiceInstance({ data }: InstanceNode): ServiceInstanceFields {
  const object = objectIn(data)
  const { payload = null, serviceType = null, uriSpec = null, enabled } = object
  return {
    id: textIn(object, 'id'),
    name: textIn(object, 'name'),
    host: textIn(object, 'address'),
    port: portIn(object, 'port'),
    sslPort: portIn(object, 'sslPort'),
    enabled: enabled !== false,
    registeredAt: timeIn(object.registrationTimeUTC),
    payload,
    attributes: {
      ...(typeof serviceType === 'string' && serviceType !== 'DYNAMIC' && { serviceType }),
      ...(isObject(uriSpec) && { uriSpec }),
    },
  }
}

function payloadOf({ data, weight, zone }: Instance): Json {
  if (weight === 1 && zone === null) return data
  if (data !== null && !isObject(data))
    throw invalid('weight and zone need data that is an object or nothing')
  return { ...data, ...(weight !== 1 && { weight }), ...(zone !== null && { zone }) }
}
