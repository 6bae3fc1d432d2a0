// The output formats by name.
import type { Branch } from './branch.ts'
import { formatDir } from './dir.ts'
import { formatJson } from './json.ts'
import { formatYaml } from './yaml.ts'

export type Format = 'yaml' | 'json' | 'dir'

const writers: Readonly<Record<Format, (branch: Branch) => string>> = {
  yaml: formatYaml,
  json: formatJson,
  dir: formatDir,
}

export const formats: readonly Format[] = ['yaml', 'json', 'dir']

/** Ends in exactly one line break. A missing node is an empty object, and no line of `dir`. */
export function format(name: Format, path: string, branch: Branch | null): string {
  if (branch !== null) return writers[name](branch)
  return name === 'dir' ? '' : writers[name]({ path })
}
