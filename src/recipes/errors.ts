// The errors of the recipes.

export type RecipeErrorCode =
  /** The lock or lease is not held any more. */
  | 'LOST'
  /** The pool was made for another number of leases. */
  | 'LEASES_MISMATCH'
  /** The sequence numbers of the parent are used up: it has to be recreated while nobody uses it. */
  | 'SEQUENCE_EXHAUSTED'

export class RecipeError extends Error {
  override readonly name: string = 'RecipeError'
  readonly code: RecipeErrorCode
  readonly path: string

  constructor(code: RecipeErrorCode, path: string, message: string, cause?: unknown) {
    super(`${path}: ${message}`, cause === undefined ? undefined : { cause })
    this.code = code
    this.path = path
  }
}
