// A process with a view and a cache file: prints a line for each change, until it is killed.
import { ServiceRegistry } from '../../../../src/registry/service-registry.ts'

const [servers = '', path = '', cacheFile = ''] = process.argv.slice(2)
const registry = await ServiceRegistry.connect({ servers, cacheFile, sessionTimeout: 10_000 })
const view = registry.discover(path)
view.on('changed', () => process.stdout.write('changed\n'))
process.stdin.on('end', () => registry.stop()).resume()
