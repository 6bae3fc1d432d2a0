// How to start a script, or a program given as text, in a process of its own on the runtime at hand.
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** False on Deno and Bun, which have neither Node's flags nor its warnings. */
export const onNode: boolean = !('bun' in process.versions || 'deno' in process.versions)

/** Why a test that replaces the process id does not run here; false: it runs. */
export const fixedPid: string | false =
  'deno' in process.versions ? 'not applicable: Deno keeps process.pid' : false

/** Arguments for `process.execPath`; `flags` are Node's. A script of the project is started as this process was: compiled or not. */
export function scriptArgs(
  file: string,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): string[] {
  const compiled = process.env.NDSR_COMPILED
  if (!onNode || compiled === undefined) return sourceArgs(file, args, flags)
  const script = join(compiled, relative(root, file).replace(/\.ts$/, '.js'))
  return [...flags, '--enable-source-maps', script, ...args]
}

/** The same, from the sources. */
export function sourceArgs(
  file: string,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): string[] {
  if (onNode) return [...flags, '--import=tsx', file, ...args]
  return 'deno' in process.versions
    ? ['run', '--allow-all', '--quiet', file, ...args]
    : ['run', file, ...args]
}

/** The same for a module as text, which may import sources. */
export function programArgs(text: string): string[] {
  if (onNode) return ['--import=tsx', '--input-type=module', '-e', text]
  return 'deno' in process.versions ? ['eval', '--quiet', text] : ['-e', text]
}
