// The counts of a run by suite: a line when the last file of a suite has ended, and the sum at the end.
import { suiteOf } from './suites.ts'
import type { Summary } from './summary.ts'

export class Tally {
  readonly #suites = new Map<string, Count>()
  readonly #sum = new Count()

  constructor(files: readonly string[]) {
    for (const file of files) {
      const suite = suiteOf(file)
      const count = this.#suites.get(suite) ?? new Count()
      count.files++
      this.#suites.set(suite, count)
      this.#sum.files++
    }
  }

  get passed(): number {
    return this.#sum.passed
  }

  get failed(): number {
    return this.#sum.failed
  }

  /** The name and reason of what was skipped. */
  get skips(): readonly string[] {
    return this.#sum.skips
  }

  get notApplicable(): readonly string[] {
    return this.#sum.notApplicable
  }

  /** Returns the line of the suite if the file was its last one. */
  add(file: string, result: Summary): string | null {
    const suite = suiteOf(file)
    const count = this.#suites.get(suite)
    if (count === undefined) throw new RangeError(`${file} is not of this run`)
    const named = (test: string): string => `${file}: ${test}`
    const skips = result.skips.map(named)
    const notApplicable = result.notApplicable.map(named)
    for (const one of [count, this.#sum]) one.add({ ...result, skips, notApplicable })
    return count.ended === count.files ? `${suite}: ${count}` : null
  }

  toString(): string {
    return String(this.#sum)
  }
}

class Count implements Summary {
  files = 0
  ended = 0
  passed = 0
  failed = 0
  readonly skips: string[] = []
  readonly notApplicable: string[] = []

  add({ passed, failed, skips, notApplicable }: Summary): void {
    this.ended++
    this.passed += passed
    this.failed += failed
    this.skips.push(...skips)
    this.notApplicable.push(...notApplicable)
  }

  toString(): string {
    const parts = [
      `${this.files} ${this.files === 1 ? 'file' : 'files'}`,
      `${this.passed} passed`,
      `${this.failed} failed`,
      `${this.skips.length} skipped`,
      `${this.notApplicable.length} not applicable`,
    ]
    return parts.join(', ')
  }
}
