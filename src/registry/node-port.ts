// What the nodes that a registry writes need of it.
import type { Acl, ZooKeeperView } from '../../protocol/index.ts'

export interface NodePort {
  readonly zk: ZooKeeperView
  /** ACL of a node and of its parent when they are created. */
  readonly acl: readonly Acl[] | undefined
  /** Runs a call as the registry's rate limit has it. */
  readonly limited: <T>(call: () => Promise<T>, signal?: AbortSignal) => Promise<T>
}
