// Finds the imports of one TypeScript source: static, re-exporting, side-effect and dynamic.
import { maskSource } from './source-text.ts'

export interface FoundImport {
  readonly specifier: string
  /** True for `{ type X }` inside the braces, which leaves an import of the module in the output. */
  readonly inlineType: boolean
}

// Run on masked code, where a string literal is `"index"`.
const STATEMENTS: readonly RegExp[] = [
  /(?<![\w$.])import\s*((?:type\s)?[\w$*{},\s]+?)\s*from\s*"(\d+)"/g,
  /(?<![\w$.])export\s*((?:type\s)?\s*(?:\*(?:\s*as\s+[\w$"]+)?|\{[^}]*\}))\s*from\s*"(\d+)"/g,
  /(?<![\w$.])import\s*()"(\d+)"/g,
  /(?<![\w$.])(?:import|require)\s*\(()\s*"(\d+)"/g,
]
const INLINE_TYPE = /[{,]\s*type\s+(?!as\b)[\w$]/

export function findImports(source: string): FoundImport[] {
  const { code, strings } = maskSource(source)
  return STATEMENTS.flatMap(pattern =>
    [...code.matchAll(pattern)].map(match => ({
      specifier: strings[Number(match[2])]!,
      inlineType: INLINE_TYPE.test(match[1]!),
    })),
  )
}
