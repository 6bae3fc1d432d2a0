// What the tests of YAML share: values and the lines that PyYAML 6.0.3 prints for them with default_flow_style=False.
import type { Json } from '../../../src/registry/codec.ts'

export interface Case {
  readonly name: string
  readonly value: Json
  readonly lines: readonly string[]
}
