// Data and its schema: what was read is checked once, what is to be written before anything is sent.
import type { NodeData, NodeObject } from './codec.ts'
import { userDataOf } from './codec.ts'
import { ServiceRegistryError } from './errors.ts'
import type { Checked, ReadOptions } from './read-options.ts'
import type { ChildData, ChildSnapshot, Sight } from './snapshot.ts'
import type { StandardSchema, ValidationIssue, ValidationResult } from './standard-schema.ts'
import type { Shape } from './subscription.ts'

type Later<T> = T | Promise<T>

interface Outcome extends Checked {
  readonly data: unknown
}

type CheckedChild = ChildSnapshot<unknown> & Checked
type CheckedChildren = Readonly<Record<string, CheckedChild>>

export class Validation {
  readonly #warn: (error: unknown) => void
  /** By schema, and by the frozen object that was checked: equal content is checked, and warned of, once. */
  readonly #outcomes = new WeakMap<StandardSchema, WeakMap<object, Later<unknown>>>()

  constructor(warn: (error: unknown) => void) {
    this.#warn = warn
  }

  /** What makes the caller's snapshot of the one inside. */
  shape({ schema, childSchema }: ReadOptions): Shape {
    if (schema === undefined && childSchema === undefined) return sight => sight
    return sight => {
      const node = schema && this.#node(schema, sight)
      const children = childSchema && this.#children(childSchema, sight)
      if (!(node instanceof Promise) && !(children instanceof Promise)) return shaped(sight, node, children)
      return Promise.all([node, children]).then(([both, all]) => shaped(sight, both, all))
    }
  }

  #node(schema: StandardSchema, { path, data }: Sight): Later<Outcome> {
    if (data === null) return { data: null, raw: null, invalid: null }
    return this.#once(schema, data, () => this.#outcome(schema, path, data))
  }

  #children(schema: StandardSchema, { path, childData = {} }: Sight): Later<CheckedChildren> {
    const above = path === '/' ? '' : path
    const all = Object.entries(childData as ChildData).map(
      ([name, child]) =>
        [name, this.#once(schema, child, () => this.#child(schema, `${above}/${name}`, child))] as const,
    )
    if (!all.some(([, outcome]) => outcome instanceof Promise))
      return recordOf(all as [string, CheckedChild][])
    return Promise.all(all.map(async ([name, outcome]) => [name, await outcome] as const)).then(recordOf)
  }

  #child(schema: StandardSchema, path: string, { data, stat }: ChildSnapshot): Later<CheckedChild> {
    if (data === null) return Object.freeze({ data: null, stat, raw: null, invalid: null })
    return then(this.#outcome(schema, path, data), outcome => Object.freeze({ ...outcome, stat }))
  }

  #outcome(schema: StandardSchema, path: string, raw: NodeObject): Later<Outcome> {
    return then(validate(schema, userData(raw)), result => {
      if (result.issues === undefined) return { data: freezePlain(result.value), raw, invalid: null }
      this.#warn(misfit(path, result.issues))
      return { data: null, raw, invalid: Object.freeze([...result.issues]) }
    })
  }

  #once<T>(schema: StandardSchema, key: object, make: () => Later<T>): Later<T> {
    const known = this.#outcomes.get(schema) ?? new WeakMap<object, Later<unknown>>()
    this.#outcomes.set(schema, known)
    if (known.has(key)) return known.get(key) as Later<T>
    const made = make()
    known.set(key, made)
    if (made instanceof Promise) {
      // Whoever asked is told of the failure, and the next one asks again.
      made.then(
        value => known.set(key, value),
        () => known.delete(key),
      )
    }
    return made
  }
}

/**
 * Checks data that is to be written; nothing at all has nothing to be checked. What the schema makes of it is for
 * readers, so the data itself is what is written. Rejects with INVALID_DATA and the issues.
 */
export function checkWrite(schema: StandardSchema, path: string, data: NodeData): Later<void> {
  if (data === undefined || data === null) return
  return then(validate(schema, data), result => {
    if (result.issues !== undefined) throw misfit(path, result.issues)
  })
}

/** A validator that throws or rejects has refused the data. */
function validate(schema: StandardSchema, value: unknown): Later<ValidationResult<unknown>> {
  const refused = (error: unknown): ValidationResult<unknown> => ({
    issues: [{ message: error instanceof Error ? error.message : String(error) }],
  })
  try {
    const result = schema['~standard'].validate(value)
    return result instanceof Promise ? result.catch(refused) : result
  } catch (error) {
    return refused(error)
  }
}

/** What the writer gave: without the envelope, and as a string if it was one. */
function userData(present: NodeObject): unknown {
  return userDataOf(present) ?? {}
}

function misfit(path: string, issues: readonly ValidationIssue[]): ServiceRegistryError {
  const all = issues.map(({ message, path: at = [] }) => {
    const keys = at.map(step => String(typeof step === 'object' ? step.key : step))
    return keys.length === 0 ? message : `${keys.join('.')}: ${message}`
  })
  return new ServiceRegistryError('INVALID_DATA', `${path} does not fit its schema: ${all.join('; ')}`, {
    path,
    issues,
  })
}

function shaped(sight: Sight, node: Outcome | undefined, children: CheckedChildren | undefined): unknown {
  return Object.freeze({ ...sight, ...node, ...(children && { childData: children }) })
}

function recordOf(entries: readonly (readonly [string, CheckedChild])[]): CheckedChildren {
  const record: Record<string, CheckedChild> = Object.create(null)
  for (const [name, child] of entries) record[name] = child
  return Object.freeze(record)
}

function then<T, U>(value: Later<T>, next: (value: T) => U): Later<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** What a schema made is shared too; objects of classes are left as they are. */
function freezePlain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  const prototype = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return value
  for (const item of Object.values(Object.freeze(value))) freezePlain(item)
  return value
}
