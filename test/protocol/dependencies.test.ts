// What the client needs at run time besides the runtime itself: one package.
import { readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { fileURLToPath } from 'node:url'
import { findImports } from '../../scripts/layers/imports.ts'
import { t } from '../tap.ts'

/** Every file that a module reaches, and every module that is no file. */
async function reach(start: URL): Promise<{ files: Set<string>; modules: Set<string> }> {
  const found = { files: new Set<string>(), modules: new Set<string>() }
  const visit = async (url: URL): Promise<void> => {
    if (found.files.has(url.href)) return
    found.files.add(url.href)
    for (const { specifier } of findImports(await readFile(fileURLToPath(url), 'utf8'))) {
      if (specifier.startsWith('.')) await visit(new URL(specifier, url))
      else found.modules.add(specifier)
    }
  }
  await visit(start)
  return found
}

t.test('H34: the client reaches no module but those of the runtime, and debug', async t => {
  const root = new URL('../../protocol/', import.meta.url)
  const { files, modules } = await reach(new URL('index.ts', root))
  t.ok(files.size > 60, `${files.size} files`)
  t.strictSame(
    [...files].filter(file => !file.startsWith(root.href)),
    [],
    'it stays below protocol/',
  )
  const foreign = [...modules].filter(name => !name.startsWith('node:'))
  t.strictSame(foreign, ['debug'])
  for (const name of modules) if (name !== 'debug') t.ok(isBuiltin(name), name)
})

t.test('H34: nothing native is installed for it', async t => {
  const { dependencies, scripts } = JSON.parse(
    await readFile(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8'),
  )
  t.ok(dependencies.debug)
  for (const hook of ['preinstall', 'install', 'postinstall']) t.notOk(hook in scripts, hook)
})
