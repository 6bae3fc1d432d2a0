// One record that both the Python package and Curator read: the union of the registry's own format and Curator's.
import type { NodeObject } from '../codec.ts'
import { encode } from '../codec.ts'
import { envelopeNow } from '../envelope.ts'
import { curatorFormat, serviceInstance } from './curator.ts'
import { orNull } from './fields.ts'
import type { InstanceFormat } from './format.ts'
import { completed, plain } from './format.ts'
import type { Instance } from './instance.ts'
import { dataObject, ownFormat, ownName } from './own.ts'

/** What is Curator's; data of the same name is found in the payload only. */
const CURATORS: ReadonlySet<string> = new Set([
  'name',
  'id',
  'address',
  'port',
  'sslPort',
  'payload',
  'registrationTimeUTC',
  'serviceType',
  'uriSpec',
  'enabled',
])

/**
 * The node is called host:port, which is the id as well. The object holds pid and created, the data, and the fields of
 * a ServiceInstance with the data as payload; each side ignores what is not its own. A node that only one side wrote
 * is read as what it is.
 */
export const dualFormat: InstanceFormat = Object.freeze({
  ...plain,
  name: 'dual',
  complete: (input, service, now) => completed(input, service, now),
  nodeName: instance => ownName(instance),
  encode: instance => {
    const payload = payloadOf(instance)
    const beside = Object.entries(payload).filter(([key]) => !CURATORS.has(key))
    const { pid, created } = envelopeNow(new Date(instance.registeredAt ?? 0))
    const record = serviceInstance(instance, orNull(payload))
    return encode({ ...Object.fromEntries(beside), ...record }, { pid, created })
  },
  decode: node => {
    try {
      return curatorFormat.decode(node)
    } catch {
      return ownFormat.decode(node)
    }
  },
} satisfies InstanceFormat)

function payloadOf({ data, weight, zone }: Instance): NodeObject {
  return { ...dataObject(data), ...(weight !== 1 && { weight }), ...(zone !== null && { zone }) }
}
