// The built package as a process sees it: few modules, one class for each name, and nothing loaded that is not needed.
import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { findImports } from '../../scripts/layers/imports.ts'
import { t } from '../tap.ts'
import { buildApp, buildInto, runPlain } from './built-app.ts'

const { folder } = await buildApp(t)
const home = join(folder, 'node_modules/nd-service-registry')
const dist = join(home, 'dist')

/** Runs a program beside the package, and resolves with what it printed as JSON. */
async function printed(program: string): Promise<unknown> {
  return JSON.parse(await runPlain(process.execPath, ['--input-type=module', '-e', program], folder))
}

/** Every file that a module reaches. */
async function reach(file: string, found: Set<string> = new Set()): Promise<Set<string>> {
  if (found.has(file)) return found
  found.add(file)
  for (const { specifier } of findImports(await readFile(file, 'utf8'))) {
    if (specifier.startsWith('.')) await reach(join(dirname(file), specifier), found)
  }
  return found
}

t.test('package: an entry point is half a dozen files, and there are few others', async t => {
  const files = await readdir(dist, { recursive: true })
  const modules = files.filter(file => file.endsWith('.js'))
  const entries = ['src/index.js', 'protocol/index.js', 'src/cli/main.js', 'src/embedded/index.js']
  for (const entry of entries) {
    const { size } = await reach(join(dist, entry))
    t.ok(size > 1 && size <= 7, `${entry}: ${size} files`)
  }
  t.ok(modules.length < 20, `${modules.length} modules`)
  for (const module of modules) t.ok(files.includes(`${module}.map`), `${module} has a source map`)
})

t.test('package: declarations stand beside every entry point', async t => {
  const { exports } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'))
  for (const target of Object.values<Record<string, string>>(exports)) {
    if (typeof target === 'string') continue
    for (const file of Object.values(target))
      t.ok((await readFile(join(home, file), 'utf8')).length > 0, file)
  }
})

t.test('package: the build replaces a folder named dist, and no other', async t => {
  const other = t.testdir()
  await writeFile(join(other, 'kept'), '')
  await t.rejects(buildInto(other), /is not named dist/)
  t.strictSame(await readdir(other), ['kept'])
})

t.test('package: ndsr runs by itself', async t => {
  const file = join(dist, 'src/cli/main.js')
  t.match(await readFile(file, 'utf8'), /^#!\/usr\/bin\/env node\n/)
  const printed = await runPlain(process.execPath, [file, '--version'], folder)
  const { version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'))
  t.equal(printed, `${version}\n`)
})

t.test('package: entry points share their classes, which keep their names', async t => {
  const program = `
    import * as main from 'nd-service-registry'
    import * as protocol from 'nd-service-registry/protocol'
    import * as recipes from 'nd-service-registry/recipes'
    import * as cache from 'nd-service-registry/cache'
    import * as embedded from 'nd-service-registry/embedded'
    import * as testing from 'nd-service-registry/testing'
    const modules = { main, protocol, recipes, cache, embedded, testing }
    const owners = new Map()
    const [twice, renamed, shared] = [[], [], []]
    for (const [module, names] of Object.entries(modules)) for (const [name, value] of Object.entries(names)) {
      if (typeof value !== 'function') continue
      const owner = owners.get(name) ?? value
      if (owner !== value) twice.push(module + ': ' + name)
      else if (owners.has(name)) shared.push(name)
      owners.set(name, value)
      if (/^class /.test(String(value)) && value.name !== name) renamed.push(name + ': ' + value.name)
    }
    const path = (() => { try { protocol.validatePath('x') } catch (error) { return error } })()
    const server = await embedded.EmbeddedZooKeeper.start()
    const registry = await main.ServiceRegistry.connect({ servers: server.connectString })
    const noNode = await registry.client.get('/none').catch(error => error)
    await registry.stop()
    await server.close()
    const instance = path instanceof main.InvalidPathError && noNode instanceof protocol.ZooKeeperError
    console.log(JSON.stringify({ twice, renamed, instance, shared: shared.sort() }))`
  const errors = ['InvalidArgumentError', 'InvalidConnectStringError', 'InvalidPathError', 'MultiError']
  t.match(await printed(program), {
    twice: { length: 0 },
    renamed: { length: 0 },
    instance: true,
    shared: [
      ...errors,
      'PacketTooLargeError',
      'RecipeError',
      'Semaphore',
      'Tenure',
      'UnsupportedError',
      'ZooKeeperError',
    ],
  })
})

t.test('package: without TLS, what TLS needs is not loaded', async t => {
  const connecting = (options: string): string => `
    import { ZooKeeper } from 'nd-service-registry/protocol'
    await import('nd-service-registry')
    const zk = new ZooKeeper('127.0.0.1:1', ${options})
    const failed = await new Promise(resolve => {
      zk.on('attemptFailed', resolve)
      zk.connect().catch(() => {})
    })
    await zk.close()
    const tls = process.moduleLoadList.includes('Internal Binding tls_wrap')
    console.log(JSON.stringify({ reason: failed.reason, tls }))`
  t.same(await printed(connecting('{}')), { reason: 'refused', tls: false })
  t.same(await printed(connecting('{ tls: {} }')), { reason: 'refused', tls: true })
})

t.test('package: debug is loaded with the first line that is written, and not before', async t => {
  const program = `
    import module from 'node:module'
    import { ZooKeeper } from 'nd-service-registry/protocol'
    await import('nd-service-registry')
    const loaded = () => Object.keys(module._cache).some(file => /[\\\\/]debug[\\\\/]/.test(file))
    const before = loaded()
    const zk = new ZooKeeper('127.0.0.1:1')
    zk.connect().catch(() => {})
    while (!loaded()) await new Promise(resolve => setImmediate(resolve))
    await zk.close()
    console.log(JSON.stringify({ before, after: loaded() }))`
  t.same(await printed(program), { before: false, after: true })
})

t.test('package: the debug lines of a process that ends at its first trouble are shown', async t => {
  const program = `
    import { ZooKeeper } from 'nd-service-registry/protocol'
    const zk = new ZooKeeper('127.0.0.1:1')
    zk.on('attemptFailed', () => process.exit())
    zk.connect()`
  const args = ['-u', 'NODE_OPTIONS', 'DEBUG=nd-service-registry:*', process.execPath]
  const { stderr } = await promisify(execFile)('env', [...args, '--input-type=module', '-e', program], {
    cwd: folder,
  })
  t.match(stderr, /nd-service-registry:session attempt failed: .*ECONNREFUSED/)
})

t.test('package: a bundler leaves out what is not used', async t => {
  const contents = `export { RoundRobin } from 'nd-service-registry'`
  const bundling = {
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
    logLevel: 'silent',
  } as const
  const size = async (text: string): Promise<number> => {
    const { outputFiles } = await build({ ...bundling, stdin: { contents: text, resolveDir: folder } })
    return outputFiles[0]!.contents.length
  }
  const [part, whole] = [await size(contents), await size(`export * from 'nd-service-registry'`)]
  t.ok(part < whole / 4, `${part} of ${whole} bytes`)
})
