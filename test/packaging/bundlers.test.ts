// The built package in bundlers: one file comes out that runs by itself.
import { join } from 'node:path'
import rollupCommonjs from '@rollup/plugin-commonjs'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { build } from 'esbuild'
import { rollup } from 'rollup'
import { t } from '../tap.ts'
import { buildApp, EXPECTED, runAlone } from './built-app.ts'

// Its types describe another kind of module than the one that is loaded.
const commonjs = rollupCommonjs as unknown as typeof rollupCommonjs.default

const app = await buildApp(t)

t.test('H34: esbuild bundles it for import and for require, without a warning', async t => {
  for (const [format, extension] of [
    ['esm', '.mjs'],
    ['cjs', '.cjs'],
  ] as const) {
    const outfile = join(app.folder, `esbuild${extension}`)
    // What is written for require, such as debug, asks for a require in an ES module too.
    const js = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)`
    const banner: Record<string, string> = format === 'esm' ? { js } : {}
    const common = {
      bundle: true,
      platform: 'node',
      target: 'node20',
      metafile: true,
      logLevel: 'silent',
    } as const
    const { warnings } = await build({ ...common, entryPoints: [app.entry], outfile, format, banner })
    t.same(warnings, [])
    t.equal(await runAlone(t, outfile, extension), EXPECTED)
  }
})

t.test('H34: the client alone brings no package but debug', async t => {
  const result = await build({
    stdin: { contents: `export * from 'nd-service-registry/protocol'`, resolveDir: app.folder },
    bundle: true,
    platform: 'node',
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  const names = Object.keys(result.metafile.inputs).map(file => /.*node_modules\/([^/]+)\//.exec(file)?.[1])
  const packages = new Set(names.filter(name => name !== undefined))
  // The last three are debug's own.
  const known = ['nd-service-registry', 'debug', 'ms', 'supports-color', 'has-flag']
  t.same(
    [...packages].filter(name => !known.includes(name)),
    [],
  )
  t.ok(packages.has('debug'))
})

t.test('H34: rollup bundles it', async t => {
  const bundle = await rollup({
    input: app.entry,
    plugins: [nodeResolve({ preferBuiltins: true }), commonjs()],
    onLog: (level, { code, message }) => {
      if (level === 'warn' && code !== 'CIRCULAR_DEPENDENCY') t.fail(message)
    },
  })
  const file = join(app.folder, 'rollup.mjs')
  await bundle.write({ file, format: 'es', inlineDynamicImports: true })
  await bundle.close()
  t.equal(await runAlone(t, file, '.mjs'), EXPECTED)
})
