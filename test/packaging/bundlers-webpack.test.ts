// The built package in webpack, minified; in a file of its own because that takes the longest of all.
import { join } from 'node:path'
import { promisify } from 'node:util'
import webpack from 'webpack'
import { t } from '../tap.ts'
import { buildApp, EXPECTED, runAlone } from './built-app.ts'

const app = await buildApp(t)

t.test('H34: webpack bundles it', async t => {
  const compiler = webpack({
    mode: 'production',
    target: 'node20',
    entry: app.entry,
    output: { path: app.folder, filename: 'webpack.cjs' },
    // debug looks for supports-color, which need not be there.
    ignoreWarnings: [/supports-color/],
  })
  const stats = await promisify(compiler.run.bind(compiler))()
  await promisify(compiler.close.bind(compiler))()
  const { errors, warnings } = stats!.toJson({ all: false, errors: true, warnings: true })
  t.same(errors, [])
  t.same(warnings ?? [], [])
  t.equal(await runAlone(t, join(app.folder, 'webpack.cjs'), '.cjs'), EXPECTED)
})
