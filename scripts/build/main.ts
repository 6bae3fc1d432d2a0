// `npm run build [-- FOLDER/dist]`: makes the package's dist: declarations by the compiler, JavaScript by the bundler.
import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { promisify } from 'node:util'
import { entryPoints, root } from './entries.ts'
import { writeJavaScript } from './javascript.ts'

const folder = resolve(process.argv[2] ?? `${root}dist`)

async function writeDeclarations(): Promise<void> {
  const tsc = `${root}node_modules/typescript/bin/tsc`
  const args = [tsc, '-p', `${root}tsconfig.build.json`, '--outDir', folder]
  await promisify(execFile)(process.execPath, args)
}

// What stands there goes: a folder of any other name may hold what nobody can make again.
if (basename(folder) !== 'dist') throw new Error(`${folder} is not named dist`)

// Or a deleted source would leave its declarations behind.
await rm(folder, { recursive: true, force: true })
await Promise.all([writeDeclarations(), writeJavaScript(await entryPoints(), folder)])
