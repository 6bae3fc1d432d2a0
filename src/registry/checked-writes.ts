// Writes that a schema checks first: in the order of the calls, also when a validator takes its time.
import type { NodeData } from './codec.ts'
import { checkSchema } from './read-options.ts'
import type { StandardSchema } from './standard-schema.ts'
import { checkWrite } from './validation.ts'

export interface SchemaOption {
  /** Checks the data before anything is sent; what is written is the data as it was given. */
  schema?: StandardSchema | undefined
}

export class CheckedWrites {
  /** By path, what has to begin before the next write may. */
  readonly #before = new Map<string, Promise<void>>()

  /** Errors: INVALID_DATA with the issues; those of `write`. */
  async run<T>(path: string, data: NodeData, { schema }: SchemaOption, write: () => Promise<T>): Promise<T> {
    checkSchema('schema', schema)
    const verdict = schema === undefined ? undefined : checkWrite(schema, path, data)
    const before = this.#before.get(path)
    if (verdict === undefined && before === undefined) return write()
    let outcome!: Promise<T>
    const begun = Promise.allSettled([before, verdict]).then(([, checked]) => {
      if (this.#before.get(path) === begun) this.#before.delete(path)
      outcome = checked.status === 'fulfilled' ? write() : Promise.reject(checked.reason)
    })
    this.#before.set(path, begun)
    await begun
    return outcome
  }
}
