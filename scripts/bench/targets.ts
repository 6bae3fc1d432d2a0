// The servers that clients are measured against: one that answers from memory, and a real one.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { ZooKeeper } from '../../protocol/index.ts'
import type { Server } from '../zookeeper/server.ts'
import { startServer } from '../zookeeper/server.ts'
import { program } from './places.ts'
import { numbered } from './programs/task.ts'
import type { TargetName } from './rows.ts'
import { CHILDREN, LARGE, paths } from './rows.ts'

export interface Target extends AsyncDisposable {
  readonly name: TargetName
  /** host:port. */
  readonly connect: string
  /** How many watches the server holds, of all clients together. */
  watches(): Promise<number>
}

const SMALL = 100
const BATCH = 1000

/** A process of its own for each row, so that no row finds the server warmed up by another. */
export async function startCanned(dataSize: number): Promise<Target> {
  const args = [program('canned-server'), String(dataSize), String(CHILDREN)]
  const server = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const closed = new Promise(resolve => server.once('close', resolve))
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]()
  const number = async (): Promise<number> => {
    const { value, done } = await lines.next()
    if (done) throw new Error('the canned server ended')
    return Number(value)
  }
  return {
    name: 'canned',
    connect: `127.0.0.1:${await number()}`,
    watches: () => {
      server.stdin.write('watches\n')
      return number()
    },
    [Symbol.asyncDispose]: async () => {
      server.stdin.end()
      await closed
    },
  }
}

/** With the JVM's own defaults: the flags that tests start with would make it slower than what people run. */
export async function startReal(): Promise<{ target: Target; version: string }> {
  const server: Server = await startServer({ flags: [], heap: '1g' })
  try {
    await seed(server.connectString)
  } catch (error) {
    await server.stop()
    throw error
  }
  const target: Target = {
    name: 'real',
    connect: server.connectString,
    watches: async () => Number(/^Total watches:(\d+)/m.exec(await server.command('wchs', 10_000))?.[1] ?? 0),
    [Symbol.asyncDispose]: () => server.stop(),
  }
  return { target, version: server.version }
}

/** What the rows read and write. */
async function seed(connect: string): Promise<void> {
  await using zk = new ZooKeeper(connect)
  await zk.connect({ timeout: 10_000 })
  const { parent, node, large, children, created, watched } = paths
  for (const path of [parent, children, created, watched]) await zk.create(path)
  await zk.create(node, Buffer.alloc(SMALL, 'x'))
  await zk.create(large, Buffer.alloc(LARGE, 'x'))
  for (let first = 0; first < CHILDREN; first += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, i) => zk.create(numbered(children, 'node', first + i)))
    await Promise.all(batch)
  }
}
