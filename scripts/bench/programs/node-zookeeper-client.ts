// The package node-zookeeper-client, in JavaScript with callbacks, as a client of the bench.
import { Buffer } from 'node:buffer'
import { createRequire } from 'node:module'
import { collectedHeap, measure, withCallbacks } from './load.ts'
import { serve } from './serve.ts'
import type { Answer, Task } from './task.ts'
import { createdPaths, numbered } from './task.ts'

type Done = (error?: unknown) => void

interface Client {
  connect(): void
  close(): void
  once(event: 'connected' | 'disconnected', listener: () => void): void
  getData(path: string, done: Done): void
  setData(path: string, data: Buffer, done: Done): void
  create(path: string, data: Buffer, mode: number, done: Done): void
  getChildren(path: string, done: Done): void
  exists(path: string, watcher: () => void, done: Done): void
}

interface Package {
  readonly CreateMode: { readonly EPHEMERAL: number }
  createClient(connect: string, options: { sessionTimeout: number; spinDelay: number }): Client
}

const { createClient, CreateMode } = createRequire(process.argv[2] as string)(
  'node-zookeeper-client',
) as Package

async function run(task: Task): Promise<Answer> {
  // The default delay would only add a random second between connections.
  const client = createClient(task.connect, { sessionTimeout: 30_000, spinDelay: 50 })
  await new Promise<void>(resolve => {
    client.once('connected', resolve)
    client.connect()
  })
  if (task.op === 'watch') return watch(client, task)
  const send = sender(client, task)
  const answer = await measure(task, latencies => withCallbacks(task, latencies, send))
  client.close()
  return answer
}

function sender(client: Client, task: Task): (index: number, done: Done) => void {
  const { op, path, size } = task
  const data = Buffer.alloc(size, 'x')
  switch (op) {
    case 'get':
      return (_, done) => client.getData(path, done)
    case 'set':
      return (_, done) => client.setData(path, data, done)
    case 'list':
      return (_, done) => client.getChildren(path, done)
    case 'create': {
      const paths = createdPaths(task)
      return (index, done) => client.create(paths[index] as string, data, CreateMode.EPHEMERAL, done)
    }
    default:
      throw new Error(`no ${op} here`)
  }
}

async function watch(client: Client, task: Task): Promise<Answer> {
  const { path, total } = task
  const watcher = (): void => {}
  const before = collectedHeap()
  const answer = await measure(task, latencies =>
    withCallbacks(task, latencies, (index, done) =>
      client.exists(numbered(path, 'node', index), watcher, done),
    ),
  )
  return { ...answer, heap: (collectedHeap() - before) / total }
}

await serve(run)
