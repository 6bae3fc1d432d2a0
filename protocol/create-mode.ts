// Create modes: the words that users write, and the flags, opcode and needs of each.

export type CreateMode =
  | 'persistent'
  | 'ephemeral'
  | 'persistentSequential'
  | 'ephemeralSequential'
  | 'container'
  | 'persistentWithTtl'
  | 'persistentSequentialWithTtl'

export interface CreateModeFacts {
  /** CreateMode.toFlag in Java. */
  readonly flags: number
  readonly sequential: boolean
  readonly ephemeral: boolean
  /** The opcode decides whether a znode is a container or has a TTL; the flags do not. */
  readonly kind: 'plain' | 'container' | 'ttl'
}

export const createModes: Readonly<Record<CreateMode, CreateModeFacts>> = {
  persistent: { flags: 0, sequential: false, ephemeral: false, kind: 'plain' },
  ephemeral: { flags: 1, sequential: false, ephemeral: true, kind: 'plain' },
  persistentSequential: { flags: 2, sequential: true, ephemeral: false, kind: 'plain' },
  ephemeralSequential: { flags: 3, sequential: true, ephemeral: true, kind: 'plain' },
  container: { flags: 4, sequential: false, ephemeral: false, kind: 'container' },
  persistentWithTtl: { flags: 5, sequential: false, ephemeral: false, kind: 'ttl' },
  persistentSequentialWithTtl: { flags: 6, sequential: true, ephemeral: false, kind: 'ttl' },
}

/** The longest time to live of a TTL znode, in milliseconds (EphemeralType.TTL). */
export const MAX_TTL = 0xff_ffff_ffff
