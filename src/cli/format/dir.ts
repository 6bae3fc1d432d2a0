// The paths alone, one on a line, parents before their children.
import type { Branch } from './branch.ts'

export function formatDir(branch: Branch): string {
  return [...pathsOf(branch)].map(path => `${path}\n`).join('')
}

function* pathsOf({ path, children = [] }: Branch): Generator<string, void, void> {
  yield path.replace(/\/{2,}/g, '/')
  for (const child of children) yield* pathsOf(child)
}
