// Curator's x-discovery reads the instances that we register, and we read those that it registers.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { findJavaPeers } from '../../scripts/peers/java.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { ServiceRegistry } from '../../src/registry/service-registry.ts'
import { eventually } from '../support/eventually.ts'
import { t } from '../tap.ts'

const peers = await findJavaPeers()
const SOURCE = fileURLToPath(new URL('java/DiscoveryPeer.java', import.meta.url))

t.test(
  'discovery: Curator and we read each other',
  { skip: typeof peers === 'string' ? peers : false, timeout: 200_000 },
  async t => {
    if (typeof peers === 'string') return
    const server = await EmbeddedZooKeeper.start({ port: 0 })
    t.teardown(() => server.close())
    const registry = await ServiceRegistry.connect({ servers: server.connectString, timeout: 30_000 })
    t.teardown(() => registry[Symbol.asyncDispose]())
    for (const format of ['curator', 'dual'] as const) {
      await registry.register(`/services/${format}`, { host: 'h1', port: 1, data: { k: 'v' } }, { format })
      await registry.register(`/services/${format}`, { host: 'h2', port: 2, enabled: false }, { format })
    }
    const text = { host: 'h3', port: 3, data: 'sch\u00f6n' }
    const plain = await registry.register('/services/text', text, { format: 'curator' })
    using view = registry.discover('/services/java', { format: 'curator' })
    const classPath = peers.classPath.join(':')
    const names = ['curator', 'dual', 'text']
    const child = spawn(peers.java, ['-cp', classPath, SOURCE, server.connectString, ...names], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const ended = new Promise(resolve => child.on('exit', resolve))
    t.teardown(() => child.kill('SIGKILL'))
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line)
      if (line === 'ready') break
    }
    for (const format of ['curator', 'dual']) {
      t.ok(lines.includes(`read ${format} h1:1 h1 1 {k=v} true`), lines.join('\n'))
      t.ok(lines.includes(`read ${format} h2:2 h2 2 null false`))
    }
    const { data } = await registry.client.get(plain.path!)
    t.ok(lines.includes(`bytes text h3:3 ${data?.toString()}`), 'Curator writes the same bytes')
    await eventually('its instance', () => view.instances.length === 1)
    t.match(view.instances, [
      { id: 'j1', name: 'java', host: '10.0.0.9', port: 90, weight: 3, enabled: true },
    ])
    child.stdin.end()
    await ended
    await eventually('it has left', () => view.instances.length === 0)
  },
)
