// A process or thread with the shared registry: registers itself, follows a path, and tells what it sees until told to end.
import { isMainThread, parentPort, threadId } from 'node:worker_threads'
import { getServiceRegistry } from '../../../../src/index.ts'

// A worker thread has the arguments behind its script, as a process has.
const [servers = '', sessionTimeout = '', path = '', followed = ''] = process.argv.slice(2)

function tell(event: string, more: object = {}): void {
  const line = { event, pid: process.pid, threadId, sessionId: String(registry.client.sessionId), ...more }
  if (isMainThread) process.send?.(line)
  else parentPort?.postMessage(line)
}

const registry = await getServiceRegistry({
  servers,
  sessionTimeout: Number(sessionTimeout),
  readOnly: false,
})
await registry.setNode(path, { name: path })
registry.getState(up => tell(up ? 'up' : 'down'))
await registry.get(followed, ({ data }) => tell('seen', { n: data?.n }))
const again = await getServiceRegistry()
tell('ready', { same: again === registry })

async function end(): Promise<void> {
  await registry[Symbol.asyncDispose]()
  if (isMainThread) process.disconnect?.()
}

if (isMainThread) process.once('message', () => void end())
else parentPort?.once('message', () => void end())
