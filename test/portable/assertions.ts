// The assertions of tap that the suites use. What equals what is decided by tap's own library.
import { match, same, strict } from 'tcompare'
import type { Report } from './report.ts'

type Thrower = () => unknown
type Rejecter = Promise<unknown> | (() => Promise<unknown>)

export class Assertions {
  readonly #name: string
  readonly #report: Report

  constructor(name: string, report: Report) {
    this.#name = name
    this.#report = report
  }

  equal(found: unknown, wanted: unknown, message = 'equal'): boolean {
    return this.#check(Object.is(found, wanted), message, { found, wanted })
  }

  not(found: unknown, unwanted: unknown, message = 'not equal'): boolean {
    return this.#check(!Object.is(found, unwanted), message, { found })
  }

  same(found: unknown, wanted: unknown, message = 'equivalent'): boolean {
    return this.#compared(same(found, wanted), message)
  }

  notSame(found: unknown, unwanted: unknown, message = 'not equivalent'): boolean {
    return this.#check(!same(found, unwanted).match, message, { found })
  }

  strictSame(found: unknown, wanted: unknown, message = 'equivalent strictly'): boolean {
    return this.#compared(strict(found, wanted), message)
  }

  match(found: unknown, pattern: unknown, message = 'matches'): boolean {
    return this.#compared(match(found, pattern), message)
  }

  notMatch(found: unknown, pattern: unknown, message = 'does not match'): boolean {
    return this.#check(!match(found, pattern).match, message, { found, pattern })
  }

  ok(value: unknown, message = 'truthy'): boolean {
    return this.#check(Boolean(value), message, { value })
  }

  notOk(value: unknown, message = 'falsy'): boolean {
    return this.#check(!value, message, { value })
  }

  pass(message = 'passes', { skip }: { skip?: string } = {}): boolean {
    if (skip === undefined) return this.#check(true, message)
    this.#report.skip(`${this.#name} > ${message}`, skip)
    return true
  }

  comment(text: string): void {
    this.#report.comment(text)
  }

  fail(message = 'fails'): boolean {
    return this.#check(false, message)
  }

  type(value: unknown, wanted: string | (new (...args: never[]) => unknown), message = 'type'): boolean {
    const right = typeof wanted === 'string' ? typeof value === wanted : value instanceof wanted
    return this.#check(right, message, { value, wanted })
  }

  throws(task: Thrower, pattern?: unknown, message = 'throws'): boolean {
    try {
      task()
    } catch (error) {
      return this.#thrown(error, pattern, message)
    }
    return this.#check(false, message, 'did not throw')
  }

  doesNotThrow(task: Thrower, message = 'does not throw'): boolean {
    try {
      task()
    } catch (error) {
      return this.#check(false, message, error)
    }
    return this.#check(true, message)
  }

  async rejects(task: Rejecter, pattern?: unknown, message = 'rejects'): Promise<boolean> {
    try {
      await (typeof task === 'function' ? task() : task)
    } catch (error) {
      return this.#thrown(error, pattern, message)
    }
    return this.#check(false, message, 'did not reject')
  }

  async resolves(task: Rejecter, message = 'resolves'): Promise<boolean> {
    try {
      await (typeof task === 'function' ? task() : task)
    } catch (error) {
      return this.#check(false, message, error)
    }
    return this.#check(true, message)
  }

  #thrown(error: unknown, pattern: unknown, message: string): boolean {
    if (pattern === undefined || typeof pattern === 'string') return this.#check(true, pattern ?? message)
    // As tap: an expression is about the message alone.
    const about = pattern instanceof RegExp && error instanceof Error ? error.message : error
    return this.#compared(match(about, pattern), message)
  }

  #compared(result: { match: boolean; diff: string }, message: string): boolean {
    return this.#check(result.match, message, result.diff)
  }

  #check(right: boolean, message: string, detail?: unknown): boolean {
    const line = `${this.#name} > ${message}`
    if (right) this.#report.pass(line)
    else this.#report.fail(line, new Error(typeof detail === 'string' ? detail : message, { cause: detail }))
    return right
  }
}
