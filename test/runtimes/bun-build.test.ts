// Bun's own bundler: one file comes out that runs by itself.
import { execFile } from 'node:child_process'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { buildApp, EXPECTED } from '../packaging/built-app.ts'
import { t } from '../tap.ts'

const skip = 'bun' in process.versions ? false : 'not applicable: not on Bun'

t.test('H34: bun build bundles it', { skip }, async t => {
  const { folder, entry } = await buildApp(t, 'node')
  const outfile = join(folder, 'bundle.js')
  const run = promisify(execFile)
  await run(process.execPath, ['build', entry, '--target=bun', `--outfile=${outfile}`])
  const alone = join(t.testdir(), 'bundle.js')
  await cp(outfile, alone)
  const { stdout } = await run(process.execPath, [alone], { timeout: 100_000 })
  t.equal(stdout, EXPECTED)
})
