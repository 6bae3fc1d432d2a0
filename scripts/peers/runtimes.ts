// Finds Deno, Bun and releases of Node: the packages that carry them are installed into the cache on first use.
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cacheRoot, download } from '../zookeeper/find/cache-folder.ts'
import { inTurn } from '../zookeeper/find/in-turn.ts'
import type { Env } from '../zookeeper/find/tools.ts'
import { runTool } from '../zookeeper/find/tools.ts'

const NODES = ['node-20', 'node-22', 'node-24', 'node-26'] as const

export type RuntimeName = 'deno' | 'bun' | (typeof NODES)[number]

/** Releases of Node, the oldest that is supported first. */
export const NODE_NAMES: readonly RuntimeName[] = NODES

export interface Runtime {
  readonly name: RuntimeName
  readonly version: string
  /** The binary itself rather than the script that starts it: that would be a second process. */
  readonly command: string
  /** What comes before the script. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

interface Source extends Pick<Runtime, 'version' | 'args' | 'env'> {
  /** In the registry of npm. */
  readonly package: string
  /** Where it puts its binary: in itself, or in the package of the platform. */
  readonly places: (modules: string) => Promise<string[]>
}

const INSTALL_MS = 300_000
const NODE_PACKAGE = `node-${process.platform}-${process.arch}`

const SOURCES: Readonly<Record<RuntimeName, Source>> = {
  deno: {
    package: 'deno',
    version: '2.9.6',
    args: ['run', '--allow-all', '--quiet'],
    env: { DENO_NO_UPDATE_CHECK: '1' },
    places: async modules => [
      join(modules, 'deno/deno'),
      ...(await foldersIn(join(modules, '@deno'))).map(folder => join(folder, 'deno')),
    ],
  },
  bun: {
    package: 'bun',
    version: '1.4.5',
    args: ['run'],
    env: {},
    places: async modules => [
      ...(await foldersIn(join(modules, '@oven'))).map(folder => join(folder, 'bin/bun')),
      join(modules, 'bun/bin/bun.exe'),
    ],
  },
  'node-20': nodeOf('20.19.0'),
  'node-22': nodeOf('22.23.3'),
  'node-24': nodeOf('24.9.0'),
  'node-26': nodeOf('26.9.0'),
}

function nodeOf(version: string): Source {
  return {
    package: NODE_PACKAGE,
    version,
    args: ['--import=tsx'],
    env: { NDSR_PORTABLE: '1' },
    places: async modules => [join(modules, NODE_PACKAGE, 'bin/node')],
  }
}

/** Rejects with one line that says why there is none. */
export async function findRuntime(name: RuntimeName, env: Env = process.env): Promise<Runtime> {
  const { places, package: source, ...how } = SOURCES[name]
  const modules = join(await installed(`${source}@${how.version}`, env), 'node_modules')
  const command = (await places(modules)).find(file => existsSync(file))
  if (command === undefined)
    throw new Error(`the package ${source}@${how.version} has no binary for this platform`)
  return { name, command, ...how }
}

/** A folder with the package, whole or not there at all. */
async function installed(spec: string, env: Env): Promise<string> {
  const folder = join(cacheRoot(env), 'runtimes', spec.replace('@', '-'))
  if (existsSync(folder)) return folder
  await inTurn(`${folder}.lock`, async () => {
    if (existsSync(folder)) return
    process.stderr.write(`installing ${spec} (once) ...\n`)
    await download(folder, {
      fill: draft => install(spec, draft, env),
      isComplete: async () => existsSync(folder),
    })
  })
  return folder
}

async function install(spec: string, folder: string, env: Env): Promise<void> {
  const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
  await runTool('npm', ['install', '--prefix', folder, ...flags, spec], {
    env,
    cwd: folder,
    timeout: INSTALL_MS,
    folders: [dirname(process.execPath)],
  })
}

async function foldersIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.map(name => join(folder, name))
}
