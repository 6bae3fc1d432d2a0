// A worker thread with one registration: tells the id of its session, or why not; stops and starts when told to.
import { parentPort } from 'node:worker_threads'
import { ServiceRegistry } from '../../../../src/registry/service-registry.ts'

const [servers = '', path = '', sessionFile = ''] = process.argv.slice(2)
const tell = (text: string): void => parentPort!.postMessage(text)

try {
  const registry = await ServiceRegistry.connect({ servers, sessionFile, sessionTimeout: 60_000 })
  registry.on('warning', warning => tell((warning as Error).message))
  await registry.setNode(path, { n: 'thread' })
  tell(`${registry.client.sessionId}`)
  parentPort!.on('message', async word => {
    if (word === 'stop') await registry.stop()
    else await registry.start()
    if (word === 'stop') tell('stopped')
  })
} catch (error) {
  tell((error as Error).message)
}
