// Takes the types out of the sources, once for all processes of a run: loading each source through a hook takes a process
// longer than most test files run.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plugin } from 'esbuild'
import { build } from 'esbuild'

const FOLDERS: readonly string[] = ['protocol', 'src', 'scripts', 'test']

export interface Compiled extends AsyncDisposable {
  /** Holds the JavaScript of `a/b.ts` in `a/b.js`, and goes when this is disposed of. */
  readonly folder: string
}

/** Compiles all sources below `root` into a folder below `.cache`, from where packages are found as from the sources. */
export async function compile(root: string): Promise<Compiled> {
  const place = join(root, '.cache/tests')
  await removeLeftovers(place)
  const folder = join(place, String(process.pid))
  await Promise.all([writeSources(root, folder), writeTap(folder)])
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

const COMMON = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
} as const
const ADDRESS = 'addressOfTheSource'

/** A module for each source: what is loaded in which order stays as it is, and so do the names. */
async function writeSources(root: string, folder: string): Promise<void> {
  await build({
    ...COMMON,
    absWorkingDir: root,
    entryPoints: await sourcesBelow(root),
    outbase: root,
    outdir: folder,
    plugins: [asBesideTheSource(folder)],
    packages: 'external',
    keepNames: true,
    define: { 'import.meta.url': ADDRESS },
    sourcemap: true,
    sourcesContent: false,
  })
}

/** tap is four hundred modules in sixty packages, which each process would look for. */
async function writeTap(folder: string): Promise<void> {
  const require = `import { createRequire as of } from 'node:module'; const require = of(import.meta.url)`
  await build({
    ...COMMON,
    stdin: { contents: `export { t } from 'tap'`, resolveDir: import.meta.dirname },
    outfile: join(folder, TAP),
    banner: { js: require },
  })
}

/** In a folder of this name, which tap leaves out of the stacks that it shows. */
const TAP = 'node_modules/@tapjs/tap.mjs'

/** What a module looks for beside itself, it finds beside its source. */
const asBesideTheSource = (folder: string): Plugin => ({
  name: 'as-beside-the-source',
  setup: build => {
    const tap = pathToFileURL(join(folder, TAP)).href
    build.onResolve({ filter: /^tap$/ }, () => ({ path: tap, external: true }))
    build.onResolve({ filter: /^\..*\.ts$/ }, ({ kind, path }) =>
      kind === 'entry-point' ? null : { path: path.replace(/ts$/, 'js'), external: true },
    )
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const address = `const ${ADDRESS} = ${JSON.stringify(pathToFileURL(path).href)}; `
      return { loader: 'ts', contents: text.includes('import.meta.url') ? address + text : text }
    })
  },
})

/** The bench has packages of its own below its folder. */
async function sourcesBelow(root: string): Promise<string[]> {
  const lists = FOLDERS.map(async folder => {
    const names = await readdir(join(root, folder), { recursive: true })
    const sources = names.filter(name => name.endsWith('.ts') && !name.split('/').includes('node_modules'))
    return sources.map(name => join(folder, name))
  })
  return (await Promise.all(lists)).flat()
}

/** A run that was killed leaves its folder to the next one. */
async function removeLeftovers(place: string): Promise<void> {
  await mkdir(place, { recursive: true })
  for (const name of await readdir(place)) {
    if (!isRunning(Number(name))) await rm(join(place, name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
