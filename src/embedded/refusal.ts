// How the core says no: the error number that the reply's header carries.
import { serverErrors } from '../../protocol/error-codes.ts'

export type ErrorName = keyof typeof serverErrors

export class Refusal extends Error {
  override readonly name: string = 'Refusal'
  readonly err: number

  constructor(code: ErrorName) {
    super(code)
    this.err = serverErrors[code].number
  }
}

// To refuse is ordinary work: one object for each code, because a stack trace for each request costs more than the rest.
const refusals = new Map<ErrorName, Refusal>()

/** Ends the request at hand with an error. */
export function refuse(code: ErrorName): never {
  let refusal = refusals.get(code)
  if (refusal === undefined) {
    refusal = new Refusal(code)
    refusals.set(code, refusal)
  }
  throw refusal
}
