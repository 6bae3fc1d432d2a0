// What a format has to say: how the node of an instance is called, and what its bytes mean.
import type { Instance, InstanceDefaults, InstanceInput } from './instance.ts'
import { instanceOf } from './instance.ts'

/** A node as it stands in the tree. */
export interface InstanceNode {
  readonly node: string
  readonly data: Uint8Array | null
  /** Last part of the path that the caller discovers: the name of the service. */
  readonly service: string
}

/** All functions are pure. */
export interface InstanceFormat {
  readonly name: string
  /** `sequential`: the server adds a number to the name of the node. */
  readonly naming: 'given' | 'sequential'
  /** The znode that holds the instances of a service. */
  folder(path: string): string
  /** False for children that are no instances, and no mistakes either. */
  isInstance(node: string): boolean
  /** Checks and completes what a caller says. Throws INVALID_DATA. */
  complete(input: InstanceInput, service: string, now: number): Instance
  /** The name of the node, without the number that the server adds. Throws INVALID_DATA. */
  nodeName(instance: Instance): string
  /** Throws INVALID_DATA for what the format cannot say. */
  encode(instance: Instance): Uint8Array
  /** Throws INVALID_INSTANCE. */
  decode(node: InstanceNode): Instance
}

/** The parts that most formats share. */
export const plain: Pick<InstanceFormat, 'naming' | 'folder' | 'isInstance'> = {
  naming: 'given',
  folder: path => path,
  isInstance: () => true,
}

/** `complete` of a format. */
export function completed(
  input: InstanceInput,
  service: string,
  now: number,
  defaults: Partial<InstanceDefaults> = {},
): Instance {
  return instanceOf(input, { name: service, weight: 1, registeredAt: now, ...defaults })
}
