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

/** Where the tests of a set of rules are, and what its numbers look like. */
export interface Where {
  /** With all folders below them. */
  readonly folders: readonly string[]
  /** The source of a regular expression for one number. */
  readonly number: string
}

export async function findProofs(root: string, where: Where): Promise<Proof[]> {
  const proofs: Proof[] = []
  for (const folder of where.folders) {
    for (const name of (await readdir(join(root, folder), { recursive: true })).sort()) {
      const file = `${folder}/${name.replaceAll('\\', '/')}`
      if (name.endsWith('.test.ts')) {
        proofs.push(...proofsIn(file, await readFile(join(root, file), 'utf8'), where.number))
      }
    }
  }
  return proofs
}

/** A test may also name numbers of other sets, such as demands: "N30, H19: ...". */
export function proofsIn(file: string, source: string, number: string): Proof[] {
  const any = '(?:[A-Z]\\d+|\\d+(?:\\.\\d+)+)'
  const title = new RegExp(`(['"\`])(${any}(?:, ${any})*): ((?:(?!\\1)[^\\n])+)\\1`, 'g')
  const wanted = new RegExp(`^${number}$`)
  return [...source.matchAll(title)]
    .map(([, , all, name]) => ({
      rules: all!.split(', ').filter(each => wanted.test(each)),
      name: name!,
      file,
    }))
    .filter(({ rules }) => rules.length > 0)
}
