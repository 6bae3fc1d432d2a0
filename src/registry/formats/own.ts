// The registry's own format: the node is called host:port, and holds a JSON object with pid and created.
import type { Json, NodeObject } from '../codec.ts'
import { decode, encode } from '../codec.ts'
import { envelopeNow } from '../envelope.ts'
import { orNull, readInstance, takeBalance } from './fields.ts'
import type { InstanceFormat, InstanceNode } from './format.ts'
import { completed, plain } from './format.ts'
import type { Instance } from './instance.ts'
import { hostPort, invalid, isObject, isPort, splitHostPort } from './instance.ts'

/**
 * What the Python package reads and writes. `weight`, `zone`, `sslPort` and `enabled` stand beside the data, where
 * they differ from the default; a node without data, or with a text, is an instance too.
 */
export const ownFormat: InstanceFormat = Object.freeze({
  ...plain,
  name: 'ndsr',
  complete: (input, service, now) => completed(input, service, now),
  nodeName: instance => ownName(instance),
  encode: ({ data, weight, zone, sslPort, enabled, registeredAt }) => {
    const { pid, created } = envelopeNow(new Date(registeredAt ?? 0))
    return encode(
      {
        ...dataObject(data),
        ...(weight !== 1 && { weight }),
        ...(zone !== null && { zone }),
        ...(sslPort !== null && { sslPort }),
        ...(!enabled && { enabled }),
      },
      { pid, created },
    )
  },
  decode: read,
} satisfies InstanceFormat)

/** The id is the name of the node, so it says where the instance is. */
export function ownName({ id, host, port }: Instance): string {
  const name = hostPort(host, port)
  if (id !== name) throw invalid(`the id must be ${name} in this format`)
  return name
}

function read({ node, data, service }: InstanceNode): Instance {
  const { pid, created, enabled, sslPort, ...object } = decode(data) ?? {}
  const { weight, zone, rest } = takeBalance(object)
  const { host, port } = splitHostPort(node)
  // What is none of ours is the owner's own business.
  const kept: NodeObject = {
    ...rest,
    ...(enabled !== undefined && typeof enabled !== 'boolean' && { enabled }),
    ...(sslPort !== undefined && !isPort(sslPort) && { sslPort }),
  }
  return readInstance({
    id: node,
    name: service,
    host,
    port,
    sslPort: isPort(sslPort) ? sslPort : null,
    weight: weight ?? 1,
    zone,
    enabled: enabled !== false,
    registeredAt: localTime(created),
    data: orNull(kept),
    ...(typeof pid === 'number' && { attributes: { pid } }),
  })
}

/** Data of this format is an object, as everywhere in the registry. */
export function dataObject(data: Json): NodeObject {
  if (data === null) return {}
  if (isObject(data)) return data
  throw invalid('data must be an object in this format')
}

/** `created` has no zone: it is read as if it were ours. */
export function localTime(created: Json | undefined): number | null {
  if (typeof created !== 'string') return null
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/.exec(created)
  const time = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2]}`)
  return Number.isNaN(time) || time < 0 ? null : time
}
