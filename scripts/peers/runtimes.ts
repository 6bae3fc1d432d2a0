// Finds Deno and Bun: the packages that carry them are installed into the cache on first use.
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cacheRoot, download } from '../zookeeper/find/cache-folder.ts'
import { inTurn } from '../zookeeper/find/in-turn.ts'
import type { Env } from '../zookeeper/find/tools.ts'
import { runTool } from '../zookeeper/find/tools.ts'

export type RuntimeName = 'deno' | 'bun'

export interface Runtime {
  readonly name: RuntimeName
  readonly version: string
  /** The binary itself rather than the script that starts it: that would be a second process. */
  readonly command: string
  /** What comes before the script. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const VERSIONS: Readonly<Record<RuntimeName, string>> = { deno: '2.9.6', bun: '1.4.5' }
const INSTALL_MS = 300_000

const START: Readonly<Record<RuntimeName, Pick<Runtime, 'args' | 'env'>>> = {
  deno: { args: ['run', '--allow-all', '--quiet'], env: { DENO_NO_UPDATE_CHECK: '1' } },
  bun: { args: ['run'], env: {} },
}

/** Where the packages put their binaries: in the package itself, or in that of the platform. */
const PLACES: Readonly<Record<RuntimeName, (modules: string) => Promise<string[]>>> = {
  deno: async modules => [
    join(modules, 'deno/deno'),
    ...(await foldersIn(join(modules, '@deno'))).map(folder => join(folder, 'deno')),
  ],
  bun: async modules => [
    ...(await foldersIn(join(modules, '@oven'))).map(folder => join(folder, 'bin/bun')),
    join(modules, 'bun/bin/bun.exe'),
  ],
}

/** Rejects with one line that says why there is none. */
export async function findRuntime(name: RuntimeName, env: Env = process.env): Promise<Runtime> {
  const version = VERSIONS[name]
  const modules = join(await installed(name, version, env), 'node_modules')
  const command = (await PLACES[name](modules)).find(file => existsSync(file))
  if (command === undefined) throw new Error(`the package ${name}@${version} has no binary for this platform`)
  return { name, version, command, ...START[name] }
}

/** A folder with the package, whole or not there at all. */
async function installed(name: RuntimeName, version: string, env: Env): Promise<string> {
  const folder = join(cacheRoot(env), 'runtimes', `${name}-${version}`)
  if (existsSync(folder)) return folder
  await inTurn(`${folder}.lock`, async () => {
    if (existsSync(folder)) return
    process.stderr.write(`installing ${name} ${version} (once) ...\n`)
    await download(folder, {
      fill: draft => install(`${name}@${version}`, draft, env),
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
