// Fails when an import points up a floor, closes a cycle, or reaches for something its folder may not use.
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { checkLayers } from './layers/check.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS = ['protocol', 'src', 'scripts', 'test']

const files = await readSources()
const offences = checkLayers(files)
for (const offence of offences) console.error(offence)
if (offences.length > 0) {
  console.error(`layers: ${offences.length} offence(s) in ${files.size} files`)
  process.exitCode = 1
} else {
  console.log(`layers: ${files.size} files, no import points up, no cycle`)
}

async function readSources(): Promise<Map<string, string>> {
  const sources = new Map<string, string>()
  for (const folder of FOLDERS) {
    const names = await readdir(`${ROOT}${folder}`, { recursive: true }).catch(() => [])
    for (const name of names.filter(isSource).sort()) {
      const path = `${folder}/${name.replaceAll('\\', '/')}`
      sources.set(path, await readFile(`${ROOT}${path}`, 'utf8'))
    }
  }
  return sources
}

/** The bench has packages of its own below its folder. */
function isSource(name: string): boolean {
  return name.endsWith('.ts') && !name.split(/[\\/]/).includes('node_modules')
}
