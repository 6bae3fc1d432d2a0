// Where things are: the built package, the compiled programs, the bench's own packages.
import { fileURLToPath } from 'node:url'

const here = new URL('.', import.meta.url)

/** Folder of the bench, with its own package file. */
export const bench: string = fileURLToPath(here)
/** That package file: packages are required from there. */
export const peersPackage: string = fileURLToPath(new URL('package.json', here))
export const cache: string = fileURLToPath(new URL('../../.cache/bench', here))
/** The built protocol: compiled as the package is, and apart from it, so that a build meanwhile changes nothing. */
export const built: string = new URL('../../.cache/bench/build/protocol', here).href
export const ownPackage: string = fileURLToPath(new URL('../../package.json', here))

/** A program of the folder `programs`, compiled, so that no loader's work is measured. */
export function program(name: string): string {
  return `${cache}/build/scripts/bench/programs/${name}.js`
}

/** A file of the folder `peers`: clients in other languages. */
export function peer(name: string): string {
  return fileURLToPath(new URL(`peers/${name}`, here))
}
