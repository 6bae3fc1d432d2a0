// The options of reads, their check, and the types that follow from them.
import type { NodeObject } from './codec.ts'
import { ServiceRegistryError } from './errors.ts'
import type { CallOptions } from './options.ts'
import { checkCall } from './options.ts'
import type { ChildData, ChildSnapshot, Snapshot } from './snapshot.ts'
import type { OutputOf, StandardSchema, ValidationIssue } from './standard-schema.ts'

export interface ReadOptions extends CallOptions {
  /** Milliseconds to wait for the path to have a child, before it is answered as it is. Default 0: no waiting. */
  wait?: number | undefined
  /** Reads the data of the children too, and keeps it. Default false: their names only. */
  childData?: boolean | undefined
  /** A list that shrinks below this number is not believed at once: the last good one is kept. Default 0, off. */
  minInstances?: number | undefined
  /** Milliseconds for which the last good list is kept; may be Infinity. Default 60,000. */
  holdDown?: number | undefined
  /** Checks the data of the node, without `pid` and `created`; a lone `string_value` is checked as that string. */
  schema?: StandardSchema | undefined
  /** Checks the data of each child in the same way; with `childData` only. */
  childSchema?: StandardSchema | undefined
}

/**
 * The options as they are, without any that there is not: TypeScript looks for those of a type parameter nowhere else.
 * For functions that pass options on to `get`, `addCallback` and `watch`.
 */
export type OnlyKnown<Options, Names extends PropertyKey = keyof ReadOptions> = Options & {
  readonly [Name in Exclude<keyof Options, Names>]?: never
}

/** No options. */
export type EmptyOptions = Record<never, never>

/** What a schema adds: the data as it was, and what was wrong with it. */
export interface Checked {
  /** The data before the schema. */
  readonly raw: NodeObject | null
  /** Why `data` is null although there is some; null if nothing was wrong. */
  readonly invalid: readonly ValidationIssue[] | null
}

type DataOf<S> = S extends StandardSchema ? OutputOf<S> : NodeObject
type CheckedBy<S> = S extends StandardSchema ? Checked : unknown
type Field<Options, Name extends keyof ReadOptions> = Name extends keyof Options ? Options[Name] : undefined
type ChildOf<S> = ChildSnapshot<DataOf<S>> & CheckedBy<S>

/** The snapshot that these options give. */
export type SnapshotFor<Options> = Snapshot<DataOf<Field<Options, 'schema'>>> &
  CheckedBy<Field<Options, 'schema'>> &
  (Field<Options, 'childData'> extends true
    ? { readonly childData: ChildData<ChildOf<Field<Options, 'childSchema'>>> }
    : unknown)

/** The options of a view of a path, complete. */
export interface Aspect {
  readonly childData: boolean
  readonly minInstances: number
  readonly holdDown: number
}

export const PLAIN: Aspect = { childData: false, minInstances: 0, holdDown: 0 }
const DEFAULT_HOLD_DOWN = 60_000

/** Throws INVALID_OPTION. */
export function aspectOf(options: ReadOptions): Aspect {
  if (typeof options !== 'object' || options === null) throw invalid('options must be an object')
  checkCall(options)
  if (options.wait !== undefined && !(typeof options.wait === 'number' && options.wait >= 0)) {
    throw invalid('wait must be a number of milliseconds')
  }
  const { childData = false, minInstances = 0, holdDown = DEFAULT_HOLD_DOWN } = options
  if (typeof childData !== 'boolean') throw invalid('childData must be true or false')
  if (!Number.isInteger(minInstances) || minInstances < 0) {
    throw invalid('minInstances must be a whole number, 0 or more')
  }
  if (!(typeof holdDown === 'number' && holdDown >= 0)) {
    throw invalid('holdDown must be a number of milliseconds')
  }
  checkSchema('schema', options.schema)
  checkSchema('childSchema', options.childSchema)
  if (options.childSchema !== undefined && !childData) throw invalid('childSchema needs childData: true')
  return { childData, minInstances, holdDown: minInstances === 0 ? 0 : holdDown }
}

/** Throws INVALID_OPTION for what is no schema. */
export function checkSchema(name: string, schema: unknown): void {
  if (schema === undefined) return
  const standard = (schema as StandardSchema | null)?.['~standard']
  if (standard?.version === 1 && typeof standard.validate === 'function') return
  throw invalid(`${name} must be a Standard Schema of version 1`)
}

function invalid(message: string): ServiceRegistryError {
  return new ServiceRegistryError('INVALID_OPTION', message)
}
