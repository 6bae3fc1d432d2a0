// Makes a Python environment with nd_service_registry, or with kazoo alone, for the interop tests.
import { createHash } from 'node:crypto'
import { link, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { cacheRoot } from '../zookeeper/find/cache-folder.ts'
import { inTurn } from '../zookeeper/find/in-turn.ts'
import type { Env } from '../zookeeper/find/tools.ts'
import { isExecutable, runTool } from '../zookeeper/find/tools.ts'

export type PythonFlavour = 'nd_service_registry' | 'kazoo'

export interface PythonPeers {
  /** The interpreter of the environment. */
  readonly python: string
  /** The most that could be installed: the registry, which brings kazoo, or kazoo alone. */
  readonly flavour: PythonFlavour
  /** What is there: `python`, `kazoo`, and with the registry `nd_service_registry`. */
  readonly versions: Readonly<Record<string, string>>
}

interface Recipe {
  readonly flavour: PythonFlavour
  readonly requirements: readonly string[]
  readonly modules: readonly string[]
}

// The registry holds kazoo back to 2.6.1 and does not run on every newer Python; kazoo by itself does.
const RECIPES: readonly Recipe[] = [
  {
    flavour: 'nd_service_registry',
    requirements: ['nd_service_registry==1.1.0', 'kazoo==2.6.1'],
    modules: ['nd_service_registry', 'kazoo.client', 'kazoo.recipe.lock'],
  },
  { flavour: 'kazoo', requirements: ['kazoo'], modules: ['kazoo.client', 'kazoo.recipe.lock'] },
]

const MARKER = 'peers.json'
const PROBE_MS = 60_000
const INSTALL_MS = 240_000
const PROBE = 'import ensurepip, venv; print(json.dumps([sys.executable, sys.version]))'

/** The environment, made on first use and kept in the cache, or the reason why there is none. */
export async function findPython(env: Env = process.env): Promise<PythonPeers | string> {
  try {
    const folder = await environmentFolder(env)
    const found = await readMarker(folder, env)
    if (found !== null) return found
    const made = async (): Promise<PythonPeers> =>
      (await readMarker(folder, env)) ?? (await build(folder, env))
    return await inTurn(`${folder}.lock`, made)
  } catch (error) {
    return `no Python peers: ${error instanceof Error ? error.message : String(error)}`
  }
}

// One folder per interpreter and set of requirements, so that a change of either starts afresh.
async function environmentFolder(env: Env): Promise<string> {
  const probe = await runBase(['-c', script(PROBE)], env, PROBE_MS)
  const key = createHash('sha256').update(probe).update(JSON.stringify(RECIPES)).digest('hex').slice(0, 16)
  return join(cacheRoot(env), 'python', key)
}

function runBase(args: readonly string[], env: Env, timeout: number): Promise<string> {
  return runPython(env.NDSR_PYTHON || 'python3', args, env, timeout)
}

async function runPython(
  python: string,
  args: readonly string[],
  env: Env,
  timeout: number,
): Promise<string> {
  if (!python.includes('/')) return await runTool(python, args, { env, timeout })
  // The tool runner would look for a missing file's name on the PATH.
  if (!(await isExecutable(python))) throw new Error(`${python} is not there`)
  return await runTool(basename(python), args, { env, timeout, folders: [dirname(python)] })
}

// Python code whose failure is one line, where a traceback would hide the error behind its own first line.
function script(...lines: readonly string[]): string {
  const body = lines.map(line => `  ${line}`).join('\n')
  return `import json, sys\ntry:\n${body}\nexcept Exception as e: sys.exit('%s: %s' % (type(e).__name__, e))`
}

// An environment cannot be moved, so each build has a folder of its own, and a marker names the finished one.
async function build(folder: string, env: Env): Promise<PythonPeers> {
  await mkdir(folder, { recursive: true })
  const draft = await mkdtemp(join(folder, 'venv-'))
  let kept = false
  try {
    await runBase(['-m', 'venv', draft], env, INSTALL_MS)
    const peers = await install(join(draft, 'bin', 'python'), env)
    kept = await writeMarker(folder, peers)
    return kept ? peers : ((await readMarker(folder, env)) ?? peers)
  } finally {
    if (!kept) await rm(draft, { recursive: true, force: true })
  }
}

async function install(python: string, env: Env): Promise<PythonPeers> {
  const failures: string[] = []
  for (const { flavour, requirements, modules } of RECIPES) {
    try {
      const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check']
      await runPython(python, [...pip, ...requirements], env, INSTALL_MS)
      return { python, flavour, versions: await versionsOf(python, flavour, modules, env) }
    } catch (error) {
      failures.push(`${requirements.join(' ')}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new Error(failures.join('; '))
}

// Importing is the proof: a package can install and still not load on a Python that came after it.
async function versionsOf(
  python: string,
  flavour: PythonFlavour,
  modules: readonly string[],
  env: Env,
): Promise<Record<string, string>> {
  const packages = [...new Set([flavour, 'kazoo'])]
  const code = script(
    `import ${modules.join(', ')}`,
    'from importlib.metadata import version',
    `found = {name: version(name) for name in ${JSON.stringify(packages)}}`,
    'print(json.dumps(dict(found, python=sys.version.split()[0])))',
  )
  return JSON.parse(await runPython(python, ['-c', code], env, PROBE_MS))
}

// The file appears whole or not at all, and of two builds at once the first one counts.
async function writeMarker(folder: string, peers: PythonPeers): Promise<boolean> {
  const draft = `${peers.python}.${MARKER}`
  await writeFile(draft, JSON.stringify(peers))
  try {
    await link(draft, join(folder, MARKER))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft)
  }
}

// A marker whose environment no longer runs is taken away, so that the next build can write its own.
async function readMarker(folder: string, env: Env): Promise<PythonPeers | null> {
  const marker = join(folder, MARKER)
  const text = await readFile(marker, 'utf8').catch(() => null)
  if (text === null) return null
  try {
    const peers = JSON.parse(text) as PythonPeers
    await runPython(peers.python, ['-c', `import ${peers.flavour}`], env, PROBE_MS)
    return peers
  } catch {
    await rm(marker, { force: true })
    return null
  }
}
