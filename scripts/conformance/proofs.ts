// Finds the tests that prove rules: their names begin with the numbers, as in "8.3.1, 8.3.5: sequential names".
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Proof {
  readonly rules: readonly string[]
  /** Without the numbers. */
  readonly name: string
  /** From the root of the project. */
  readonly file: string
}

const FOLDERS = ['test/conformance', 'test/embedded'] as const
const NAME = /(['"`])(8\.\d+\.\d+(?:, 8\.\d+\.\d+)*): ((?:(?!\1)[^\n])+)\1/g

export async function findProofs(root: string): Promise<Proof[]> {
  const proofs: Proof[] = []
  for (const folder of FOLDERS) {
    for (const name of (await readdir(join(root, folder))).sort()) {
      const file = `${folder}/${name}`
      if (name.endsWith('.test.ts')) proofs.push(...proofsIn(file, await readFile(join(root, file), 'utf8')))
    }
  }
  return proofs
}

export function proofsIn(file: string, source: string): Proof[] {
  return [...source.matchAll(NAME)].map(([, , rules, name]) => ({
    rules: rules!.split(', '),
    name: name!,
    file,
  }))
}
