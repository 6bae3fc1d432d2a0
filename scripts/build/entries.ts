// The modules that users reach: what package.json exports and what it runs.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
  readonly bin: Readonly<Record<string, string>>
}

/** Without their extension, from the root of the project: `src/index`. */
export async function entryPoints(): Promise<string[]> {
  const { exports, bin } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as Manifest
  const targets = Object.values(exports).map(target => (typeof target === 'string' ? target : target.default))
  return [...targets, ...Object.values(bin)].flatMap(file => /^\.\/dist\/(.*)\.js$/.exec(file)?.[1] ?? [])
}
