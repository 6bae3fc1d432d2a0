// Which test files say something about a runtime, folder by folder, and why the others do not.
import { readdir } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'

/** Folders that stay on Node. Every other folder runs, also one that is added later. */
export const NODE_ONLY: Readonly<Record<string, string>> = {
  'test/interop': 'other clients: what they get is bytes, which the other suites compare on each runtime',
  'test/packaging': 'rollup, webpack and esbuild are programs of Node',
  'test/scripts': 'the tools of the project run on Node',
}

/** All test files except those of folders in `without`, sorted, each as a path from `root`. */
export async function testFiles(
  root: string,
  without: Readonly<Record<string, string>> = NODE_ONLY,
): Promise<string[]> {
  const names = await readdir(join(root, 'test'), { recursive: true })
  return names
    .filter(name => name.endsWith('.test.ts'))
    .map(name => join('test', name))
    .filter(file => !Object.hasOwn(without, suiteOf(file)))
    .sort()
}

/** The test files that are named or below a named folder; all of them if nothing is named. Rejects for one that is neither. */
export async function filesAt(root: string, targets: readonly string[]): Promise<string[]> {
  const all = await testFiles(root, {})
  const found = targets.map(target => {
    const path = relative(root, resolve(target))
    const files = all.filter(file => file === path || file.startsWith(`${path}/`))
    if (files.length === 0) throw new RangeError(`${target} is no test file, and a folder without any`)
    return files
  })
  return targets.length === 0 ? all : [...new Set(found.flat())]
}

/** The folder that a file is counted in: one level below test/, two below test/integration/. */
export function suiteOf(file: string): string {
  const folders = file.split('/').slice(0, -1)
  return folders.slice(0, folders[1] === 'integration' ? 3 : 2).join('/')
}
