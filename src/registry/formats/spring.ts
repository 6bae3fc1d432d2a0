// Spring Cloud ZooKeeper's format: Curator's, with a ZookeeperInstance as the payload.
import { Buffer } from 'node:buffer'
import type { Json, NodeObject } from '../codec.ts'
import { stringify } from '../codec.ts'
import { deepFreeze } from '../snapshot.ts'
import { curatorName, readServiceInstance, serviceInstance } from './curator.ts'
import { orNull, readInstance, takeBalance, texts } from './fields.ts'
import type { InstanceFormat, InstanceNode } from './format.ts'
import { completed, plain } from './format.ts'
import type { Instance } from './instance.ts'
import { invalid, isObject } from './instance.ts'

const CLASS = 'org.springframework.cloud.zookeeper.discovery.ZookeeperInstance'
const STATUS = 'instance_status'
const URI_SPEC: NodeObject = {
  parts: [
    { value: 'scheme', variable: true },
    { value: '://', variable: false },
    { value: 'address', variable: true },
    { value: ':', variable: false },
    { value: 'port', variable: true },
  ],
}

/**
 * `data` is the metadata, texts only; weight and zone are kept in it, as Spring's load balancers expect. An instance
 * that is not enabled has the status OUT_OF_SERVICE, and Spring's own instances that are not UP count as not enabled.
 */
export const springFormat: InstanceFormat = Object.freeze({
  ...plain,
  name: 'spring',
  complete: (input, service, now) => {
    const instance = completed(input, service, now)
    return deepFreeze({ ...instance, attributes: { uriSpec: URI_SPEC, ...instance.attributes } })
  },
  nodeName: instance => curatorName(instance),
  encode: instance => {
    const id = instance.attributes.payloadId ?? instance.id
    const payload = { '@class': CLASS, id, name: instance.name, metadata: metadataOf(instance) }
    return Buffer.from(stringify(serviceInstance(instance, payload)))
  },
  decode: read,
} satisfies InstanceFormat)

function metadataOf({ data, weight, zone, enabled }: Instance): NodeObject {
  return {
    ...texts(data, invalid),
    ...(weight !== 1 && { weight: String(weight) }),
    ...(zone !== null && { zone }),
    [STATUS]: enabled ? 'UP' : 'OUT_OF_SERVICE',
  }
}

function read(node: InstanceNode): Instance {
  const { payload, ...fields } = readServiceInstance(node)
  const given: NodeObject = isObject(payload) && isObject(payload.metadata) ? payload.metadata : {}
  const { [STATUS]: status = 'UP', ...metadata } = given
  const { weight, zone, rest } = takeBalance(metadata)
  const payloadId: Json | undefined = isObject(payload) ? payload.id : undefined
  return readInstance({
    ...fields,
    weight: weight ?? 1,
    zone,
    enabled: fields.enabled && typeof status === 'string' && status.toUpperCase() === 'UP',
    data: orNull(rest),
    attributes: {
      ...fields.attributes,
      ...(typeof payloadId === 'string' && payloadId !== fields.id && { payloadId }),
    },
  })
}
