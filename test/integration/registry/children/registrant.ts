// A process with one registration: prints the id of its session when it stands, and keeps it until it is killed.
import { ServiceRegistry } from '../../../../src/registry/service-registry.ts'

const [servers = '', path = '', sessionFile = ''] = process.argv.slice(2)
const registry = await ServiceRegistry.connect({
  servers,
  sessionTimeout: 10_000,
  sessionFile: sessionFile === '' ? null : sessionFile,
})
await registry.setNode(path, { pid: process.pid }, { timeout: 30_000 })
process.stdout.write(`${registry.client.sessionId}\n`)
process.stdin.on('end', () => registry.stop()).resume()
