// A test and its subtests, with the words of tap that the suites use, for runtimes on which tap does not run.
import { rm } from 'node:fs/promises'
import { Assertions } from './assertions.ts'
import type { Report } from './report.ts'
import type { Fixture } from './test-folder.ts'
import { makeFolder } from './test-folder.ts'

export interface TestOptions {
  /** Runs beside other buffered tests, as many as the parent's `jobs`. */
  buffered?: boolean
  /** Milliseconds. */
  timeout?: number
  /** Why it does not run; false: it runs. */
  skip?: string | boolean
}

export type TestBody = (t: PortableTest) => unknown

const DEFAULT_TIMEOUT = 120_000

interface Queued {
  readonly alone: boolean
  readonly run: () => Promise<void>
}

export class PortableTest extends Assertions {
  readonly name: string
  /** How many buffered subtests run at once. */
  jobs = 1
  readonly #report: Report
  readonly #teardowns: (() => unknown)[] = []
  readonly #queue: Queued[] = []
  #running = 0
  #exclusive = false
  #idle: (() => void)[] = []

  constructor(name: string, report: Report) {
    super(name, report)
    this.name = name
    this.#report = report
  }

  /** Runs in reverse order, after the test. */
  teardown(task: () => unknown): void {
    this.#teardowns.push(task)
  }

  /** A folder that goes with the test. */
  testdir(content: Fixture = {}): string {
    const folder = makeFolder(content)
    this.teardown(() => rm(folder, { recursive: true, force: true }))
    return folder
  }

  test(name: string, ...rest: [TestBody] | [TestOptions, TestBody]): Promise<void> {
    const options = rest.length === 2 ? rest[0] : {}
    const body = rest.length === 2 ? rest[1] : rest[0]
    const full = this.name === '' ? name : `${this.name} > ${name}`
    if (options.skip) {
      this.#report.skip(full, options.skip === true ? 'no reason given' : options.skip)
      return Promise.resolve()
    }
    const child = new PortableTest(full, this.#report)
    return new Promise(resolve => {
      const run = (): Promise<void> =>
        child.#whole(body, options.timeout ?? DEFAULT_TIMEOUT).finally(() => resolve())
      this.#queue.push({ alone: options.buffered !== true, run })
      this.#pump()
    })
  }

  /** Resolves when nothing runs and nothing waits, and the teardowns are through. */
  async finish(): Promise<void> {
    while (this.#running > 0 || this.#queue.length > 0) {
      await new Promise<void>(resolve => this.#idle.push(resolve))
    }
    for (const task of this.#teardowns.splice(0).reverse()) {
      try {
        await task()
      } catch (error) {
        this.#report.fail(`${this.name}: teardown`, error)
      }
    }
  }

  #pump(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const full = next.alone ? this.#running > 0 : this.#running >= this.jobs
      if (this.#exclusive || full) return
      this.#queue.shift()
      this.#exclusive = next.alone
      this.#running++
      void next.run().then(() => {
        this.#running--
        this.#exclusive = false
        this.#pump()
        if (this.#running === 0 && this.#queue.length === 0) for (const wake of this.#idle.splice(0)) wake()
      })
    }
  }

  async #whole(body: TestBody, timeout: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`timed out after ${timeout} ms`)), timeout)
    })
    try {
      // The body starts in a turn of its own, as it does under tap.
      await Promise.race([Promise.resolve(this).then(body), late])
    } catch (error) {
      this.#report.fail(this.name, error)
    } finally {
      clearTimeout(timer)
      await this.finish()
    }
  }
}
