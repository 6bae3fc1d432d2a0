// Installs the packages that the bench compares with, once, into its own folder; a failure is told and not fatal.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runTool } from '../zookeeper/find/tools.ts'
import { bench, peersPackage } from './places.ts'

const INSTALL_MS = 600_000
const MARKER = 'node_modules/.ndsr-bench'

/** null, or why there are no packages. Installed again when the package file has changed. */
export async function installPeers(env: NodeJS.ProcessEnv = process.env): Promise<string | null> {
  const wanted = await readFile(peersPackage, 'utf8')
  const marker = join(bench, MARKER)
  if ((await readFile(marker, 'utf8').catch(() => '')) === wanted) return null
  process.stderr.write('bench: installing the clients to compare with (once; one of them is compiled) ...\n')
  try {
    const args = [
      'install',
      '--prefix',
      bench,
      '--no-audit',
      '--no-fund',
      '--no-package-lock',
      '--loglevel=error',
    ]
    await runTool('npm', args, { env, cwd: bench, timeout: INSTALL_MS })
    await writeFile(marker, wanted)
    return null
  } catch (error) {
    return `npm could not install it: ${error instanceof Error ? error.message : error}`
  }
}
