// The package zookeeper, an addon around the C client, as a client of the bench.
import { Buffer } from 'node:buffer'
import { createRequire } from 'node:module'
import { measure, withCallbacks } from './load.ts'
import { serve } from './serve.ts'
import type { Answer, Task } from './task.ts'
import { createdPaths, numbered } from './task.ts'

/** Called with 0 and the result, or with the number of an error. */
type Done = (code?: unknown) => void

interface Client {
  init(options: { connect: string; timeout: number; debug_level: number }): void
  close(): void
  once(event: 'connect', listener: () => void): void
  a_get(path: string, watch: boolean, done: Done): void
  a_set(path: string, data: Buffer, version: number, done: Done): void
  a_create(path: string, data: Buffer, flags: number, done: Done): void
  a_get_children2(path: string, watch: boolean, done: Done): void
  aw_exists(path: string, watcher: () => void, done: Done): void
}

const EPHEMERAL = 1
/** The C client's name for: there is no such znode. */
const NO_NODE = -101
const ERRORS_ONLY = 1

const ZooKeeper = createRequire(process.argv[2] as string)('zookeeper') as new () => Client

async function run(task: Task): Promise<Answer> {
  const client = new ZooKeeper()
  await new Promise<void>(resolve => {
    client.once('connect', resolve)
    client.init({ connect: task.connect, timeout: 30_000, debug_level: ERRORS_ONLY })
  })
  const send = sender(client, task)
  const answer = await measure(task, latencies => withCallbacks(task, latencies, send)).catch(error => {
    throw new Error(`${error.message}, an error code of the C client`)
  })
  if (task.op !== 'watch') client.close()
  return answer
}

function sender(client: Client, task: Task): (index: number, done: Done) => void {
  const { op, path, size } = task
  const data = Buffer.alloc(size, 'x')
  switch (op) {
    case 'get':
      return (_, done) => client.a_get(path, false, done)
    case 'set':
      return (_, done) => client.a_set(path, data, -1, done)
    case 'list':
      return (_, done) => client.a_get_children2(path, false, done)
    case 'create': {
      const paths = createdPaths(task)
      return (index, done) => client.a_create(paths[index] as string, data, EPHEMERAL, done)
    }
    case 'watch': {
      const watcher = (): void => {}
      return (index, done) =>
        client.aw_exists(numbered(path, 'node', index), watcher, code => done(code === NO_NODE ? 0 : code))
    }
    default:
      throw new Error(`no ${op} here`)
  }
}

await serve(run)
