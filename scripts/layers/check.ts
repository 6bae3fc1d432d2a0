// Checks the imports of a set of files against the floors: the pure part of check-layers.
import { posix } from 'node:path'
import { findCycles } from './cycles.ts'
import { whyNotFile, whyNotPackage } from './floors.ts'
import type { FoundImport } from './imports.ts'
import { findImports } from './imports.ts'

/** Paths from the root of the project, with `/`, and the source of each file. */
export type SourceFiles = ReadonlyMap<string, string>

/** Every offence as `file -> import: why`; an empty list means that the layers hold. */
export function checkLayers(files: SourceFiles): string[] {
  const offences: string[] = []
  const graph = new Map<string, string[]>()
  for (const [file, source] of files) {
    const targets: string[] = []
    for (const found of findImports(source)) {
      const target = resolveImport(file, found.specifier)
      if (target !== null) targets.push(target)
      for (const why of whyNot(file, found, target)) {
        offences.push(`${file} -> ${target ?? found.specifier}: ${why}`)
      }
    }
    graph.set(file, targets)
  }
  for (const cycle of findCycles(graph)) {
    const loop = [...cycle, cycle[0]!].join(' -> ')
    offences.push(`${cycle[0]} -> ${cycle[1] ?? cycle[0]}: import cycle: ${loop}`)
  }
  return [...new Set(offences)].sort()
}

function resolveImport(file: string, specifier: string): string | null {
  return /^\.\.?(?:\/|$)/.test(specifier) ? posix.join(posix.dirname(file), specifier) : null
}

function whyNot(file: string, found: FoundImport, target: string | null): string[] {
  const reasons = found.inlineType ? ['write `import type { X }` instead of an inline `type`'] : []
  if (target !== null && !/\.(?:ts|json)$/.test(target)) reasons.push('a relative import ends in .ts')
  const why = target === null ? whyNotPackage(file, found.specifier) : outsideWhyNot(file, target)
  if (why !== null) reasons.push(why)
  return reasons
}

// A data file beside the folders, such as package.json, is on no floor and harms none.
function outsideWhyNot(file: string, target: string): string | null {
  return target.endsWith('.json') ? null : whyNotFile(file, target)
}
