// THE table of the bench: what is measured, with how much, and against which servers.
import type { Operation } from './programs/task.ts'

export type TargetName = 'canned' | 'real' | 'none'

export interface Row {
  readonly id: string
  readonly title: string
  readonly op: Operation
  readonly path: string
  readonly inFlight: number
  /** Bytes of data in a znode, read or written. */
  readonly size: number
  readonly targets: readonly TargetName[]
  /** Requests of the first, short round. */
  readonly first: number
  /** Requests of a round at most. */
  readonly most: number
}

/** 1 MiB less the room for the headers: a server takes no larger frame unless it is told to. */
export const LARGE: number = 1024 * 1024 - 1024
export const CHILDREN = 10_000
export const paths = {
  parent: '/bench',
  node: '/bench/node',
  large: '/bench/large',
  children: '/bench/children',
  created: '/bench/created',
  watched: '/bench/watched',
} as const

const BOTH: readonly TargetName[] = ['canned', 'real']
const PIPELINED = { inFlight: 500, size: 100, targets: BOTH, first: 5000 }
const FEW = { inFlight: 4, targets: BOTH, first: 20 }
const ALONE = {
  path: paths.node,
  inFlight: 500,
  size: 100,
  targets: ['none'],
  first: 50_000,
  most: 2e7,
} as const

export const rows: readonly Row[] = [
  { id: 'get', title: 'get, 500 in flight', op: 'get', path: paths.node, ...PIPELINED, most: 3_000_000 },
  { id: 'set', title: 'set, 500 in flight', op: 'set', path: paths.node, ...PIPELINED, most: 3_000_000 },
  // A frame and a path for each are made beforehand, and the real server keeps them until the session ends.
  {
    id: 'create',
    title: 'create, 500 in flight',
    op: 'create',
    path: paths.created,
    ...PIPELINED,
    most: 200_000,
  },
  {
    ...{ id: 'serial', title: 'get, one at a time', op: 'get', path: paths.node },
    ...{ inFlight: 1, size: 100, targets: BOTH, first: 500, most: 100_000 },
  },
  { id: 'watches', title: 'watches', op: 'watch', path: paths.watched, ...PIPELINED, most: 100_000 },
  { id: 'list', title: '10,000 children', op: 'list', path: paths.children, ...FEW, most: 5000, size: 0 },
  { id: 'get-large', title: 'get of 1 MiB', op: 'get', path: paths.large, ...FEW, most: 5000, size: LARGE },
  // All of it goes into the real server's log.
  { id: 'set-large', title: 'set of 1 MiB', op: 'set', path: paths.large, ...FEW, most: 50, size: LARGE },
  { id: 'encode', title: 'codec alone: getData requests', op: 'encode', ...ALONE },
  { id: 'decode', title: 'codec alone: getData replies', op: 'decode', ...ALONE },
]

export const rowIds: readonly string[] = rows.map(row => row.id)
