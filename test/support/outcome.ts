// A promise as it stands now: what tests with a clock of their own look at instead of awaiting.
import { ZooKeeperError } from '../../protocol/errors.ts'

export interface Outcome<T> {
  state: 'pending' | 'resolved' | 'rejected'
  value: T | undefined
  error: unknown
}

/** Follows a promise; also keeps its rejection from counting as unhandled. */
export function outcomeOf<T>(promise: Promise<T>): Outcome<T> {
  const outcome: Outcome<T> = { state: 'pending', value: undefined, error: undefined }
  promise.then(
    value => {
      outcome.state = 'resolved'
      outcome.value = value
    },
    error => {
      outcome.state = 'rejected'
      outcome.error = error
    },
  )
  return outcome
}

/** The error's code, or what else became of the promise; for comparison with an expected code. */
export function codeOf(outcome: Outcome<unknown>): string {
  if (outcome.state !== 'rejected') return outcome.state
  return ZooKeeperError.is(outcome.error) ? outcome.error.code : String(outcome.error)
}

/** The rejection as an error of this package. */
export function failureOf(outcome: Outcome<unknown>): ZooKeeperError {
  if (ZooKeeperError.is(outcome.error)) return outcome.error
  throw new Error(`no ZooKeeperError: ${outcome.state} ${String(outcome.error)}`)
}

/** Follows several promises. */
export function outcomesOf<T extends readonly Promise<unknown>[]>(
  ...promises: T
): { [K in keyof T]: Outcome<Awaited<T[K]>> } {
  return promises.map(promise => outcomeOf(promise)) as { [K in keyof T]: Outcome<Awaited<T[K]>> }
}
