// A small program that uses the built package, in a folder of its own, as a user's program would.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from '../tap.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const builder = join(root, 'scripts/build/main.ts')

const PROGRAM = `
import { ServiceRegistry } from 'nd-service-registry'
import { EmbeddedZooKeeper } from 'nd-service-registry/embedded'
import { ZooKeeper } from 'nd-service-registry/protocol'

async function main() {
  const server = await EmbeddedZooKeeper.start()
  const registry = await ServiceRegistry.connect({ servers: server.connectString })
  await registry.setNode('/services/one:1', { kind: 'bundled' })
  const zk = new ZooKeeper(server.connectString)
  const { children } = await zk.getChildren('/services')
  console.log(children.join())
  await registry.stop()
  await zk.close()
  await server.close()
}
main()
`

export interface App {
  /** The folder; the package is in its node_modules, and its dependencies in those of the project. */
  readonly folder: string
  readonly entry: string
}

/** What the program prints when all is well. */
export const EXPECTED = 'one:1\n'

/** `node` is the program that builds the package. */
export async function buildApp(t: Test, node: string = process.execPath): Promise<App> {
  await mkdir(join(root, '.cache'), { recursive: true })
  const folder = await mkdtemp(join(root, '.cache/app-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const home = join(folder, 'node_modules/nd-service-registry')
  await mkdir(home, { recursive: true })
  await buildInto(join(home, 'dist'), node)
  await cp(join(root, 'package.json'), join(home, 'package.json'))
  // A package of its own, or the name would mean the project around it.
  await writeFile(join(folder, 'package.json'), '{ "name": "app", "private": true }')
  const entry = join(folder, 'app.mjs')
  await writeFile(entry, PROGRAM)
  return { folder, entry }
}

/** Builds the package into a folder. */
export async function buildInto(dist: string, node: string = process.execPath): Promise<void> {
  await runPlain(node, ['--import=tsx', builder, dist], root)
}

/** Runs a program without the loaders that tap adds to each process that Node starts; resolves with what it printed. */
export async function runPlain(command: string, args: readonly string[], cwd: string): Promise<string> {
  const plain = ['-u', 'NODE_OPTIONS', command, ...args]
  const { stdout } = await promisify(execFile)('env', plain, { cwd })
  return stdout
}

/** Runs a bundle where no package can be found, and looks at its debug lines; resolves with what it printed. */
export async function runAlone(t: Test, file: string, extension: string): Promise<string> {
  const alone = join(t.testdir(), `bundle${extension}`)
  await cp(file, alone)
  const asked = { DEBUG: 'nd-service-registry:*', DEBUG_COLORS: 'no', DEBUG_HIDE_DATE: 'yes' }
  const options = { timeout: 100_000, env: { ...process.env, ...asked } }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [alone], options)
  t.match(stderr, /^20\S+ nd-service-registry:session session/m, 'the first lines do not wait for debug')
  t.match(stderr, /^nd-service-registry:client closed/m, 'debug, which hides the date, is in it')
  return stdout
}
