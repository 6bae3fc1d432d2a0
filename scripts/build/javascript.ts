// The JavaScript of the package: a module for each entry point, and what they share in few modules besides.
import { basename, relative } from 'node:path'
import { transform } from 'esbuild'
import type { Plugin } from 'rollup'
import { rollup } from 'rollup'
import { root } from './entries.ts'

/** Takes the types away, and `await using`, which Node 20 does not know. */
const typescript: Plugin = {
  name: 'typescript',
  async transform(code, file) {
    const options = { loader: 'ts', target: 'es2022', sourcemap: true, sourcefile: file } as const
    const { code: javascript, map } = await transform(code, options)
    return { code: javascript, map }
  },
}

/** The folders that others import from. */
const SHARED = /^(?:protocol|src\/(?:recipes|cache|registry|embedded))(?=\/)/

/** One file for each of them, rather than one for each set of entry points that reaches the same modules. */
function chunkOf(file: string): string | null {
  const folder = SHARED.exec(relative(root, file).replaceAll('\\', '/'))?.[0]
  return folder === undefined ? null : basename(folder)
}

/**
 * Two hundred files are long to find and to read when a process starts; half a dozen are not. What several entry points reach
 * is in one file only, so that an error of one is an instance of the class of another.
 */
export async function writeJavaScript(entries: readonly string[], folder: string): Promise<void> {
  const bundle = await rollup({
    input: Object.fromEntries(entries.map(entry => [entry, `${root}${entry}.ts`])),
    external: specifier => !/^[./]/.test(specifier),
    // A module of another package that is imported for nothing is not imported.
    treeshake: { moduleSideEffects: 'no-external' },
    plugins: [typescript],
    onLog: (_, { message }) => {
      throw new Error(message)
    },
  })
  await bundle.write({
    dir: folder,
    format: 'es',
    chunkFileNames: 'chunks/[name].js',
    manualChunks: chunkOf,
    // What a module needs is loaded with the module.
    hoistTransitiveImports: false,
    minifyInternalExports: false,
    sourcemap: true,
  })
  await bundle.close()
}
