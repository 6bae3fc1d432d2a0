// A process with one registration: prints its session, id and password, when it stands, and keeps it until it is killed.
import { ServiceRegistry } from '../../../../src/registry/service-registry.ts'

const [servers = '', path = '', sessionFile = '', sessionTimeout = ''] = process.argv.slice(2)
const registry = await ServiceRegistry.connect({
  servers,
  sessionTimeout: Number(sessionTimeout),
  sessionFile: sessionFile === '' ? null : sessionFile,
})
await registry.setNode(path, { pid: process.pid }, { timeout: 60_000 })
const { id, password } = registry.client.session!
process.stdout.write(`${id} ${Buffer.from(password).toString('hex')}\n`)
process.stdin.on('end', () => registry.stop()).resume()
