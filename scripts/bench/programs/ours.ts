// This package as a client of the bench: the built modules, as users run them, on Node, Deno or Bun.
import { Buffer } from 'node:buffer'
import type { ZooKeeper as ZooKeeperClient } from '../../../protocol/index.ts'
import { codec } from './codec.ts'
import { collectedHeap, measure, withPromises } from './load.ts'
import { serve } from './serve.ts'
import type { Answer, Task } from './task.ts'
import { createdPaths, numbered } from './task.ts'

/** Folder of the built protocol, as a file URL. */
const built = process.argv[2] as string
const { ZooKeeper }: typeof import('../../../protocol/index.ts') = await import(`${built}/index.js`)

async function run(task: Task): Promise<Answer> {
  if (task.op === 'encode' || task.op === 'decode') return codec(built, task)
  const zk = new ZooKeeper(task.connect, { sessionTimeout: 30_000 })
  await zk.connect({ timeout: 10_000 })
  if (task.op === 'watch') return watch(zk, task)
  const send = sender(zk, task)
  const answer = await measure(task, latencies => withPromises(task, latencies, send))
  await zk.close()
  return answer
}

function sender(zk: ZooKeeperClient, task: Task): (index: number) => Promise<unknown> {
  const { op, path, size } = task
  const data = Buffer.alloc(size, 'x')
  switch (op) {
    case 'get':
      return () => zk.get(path)
    case 'set':
      return () => zk.set(path, data)
    case 'list':
      return () => zk.getChildren(path)
    case 'create': {
      const paths = createdPaths(task)
      const options = { mode: 'ephemeral' } as const
      return index => zk.create(paths[index] as string, data, options)
    }
    default:
      throw new Error(`${op} sends no requests`)
  }
}

/** The client stays: the watches are looked at, and its connection is cut, from outside. */
async function watch(zk: ZooKeeperClient, task: Task): Promise<Answer> {
  const { path, total } = task
  const options = { watch: () => {} }
  const before = collectedHeap()
  const answer = await measure(task, latencies =>
    withPromises(task, latencies, index => zk.exists(numbered(path, 'node', index), options)),
  )
  return { ...answer, heap: (collectedHeap() - before) / total }
}

await serve(run)
