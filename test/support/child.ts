// How to start a script, or a program given as text, in a process of its own on the runtime at hand.

/** False on Deno and Bun, which have neither Node's flags nor its warnings. */
export const onNode: boolean = !('bun' in process.versions || 'deno' in process.versions)

/** Why a test that replaces the process id does not run here; false: it runs. */
export const fixedPid: string | false =
  'deno' in process.versions ? 'not applicable: Deno keeps process.pid' : false

/** Arguments for `process.execPath`; `flags` are Node's. */
export function scriptArgs(
  file: string,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): string[] {
  if (onNode) return [...flags, '--import=tsx', file, ...args]
  return 'deno' in process.versions
    ? ['run', '--allow-all', '--quiet', file, ...args]
    : ['run', file, ...args]
}

/** The same for a module as text. */
export function programArgs(text: string): string[] {
  if (onNode) return ['--import=tsx', '--input-type=module', '-e', text]
  return 'deno' in process.versions ? ['eval', '--quiet', text] : ['-e', text]
}
