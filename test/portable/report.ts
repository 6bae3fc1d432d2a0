// What the tests of one file came to, as TAP lines.
import { inspect } from 'node:util'

export class Report {
  readonly #write: (text: string) => void
  #count = 0
  #failed = 0

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  get failed(): number {
    return this.#failed
  }

  pass(line: string): void {
    this.#line('ok', line)
  }

  fail(line: string, error: unknown): void {
    this.#failed++
    this.#line('not ok', line)
    const text = inspect(error, { depth: 4 }).split('\n')
    this.#write(['  ---', ...text.map(part => `  ${part}`), '  ...', ''].join('\n'))
  }

  skip(line: string, reason: string): void {
    this.#line('ok', `${line} # SKIP ${reason}`)
  }

  comment(text: string): void {
    this.#write(`# ${text.replaceAll('\n', '\n# ')}\n`)
  }

  /** The plan; a file without a test has failed. */
  end(): void {
    if (this.#count === 0) this.fail('a file without a test', new Error('no assertion ran'))
    this.#write(`1..${this.#count}\n`)
  }

  #line(verdict: string, text: string): void {
    this.#count++
    // A number sign would begin a directive, and a line feed another line.
    const plain = verdict === 'ok' && text.includes('# SKIP ') ? text : text.replaceAll('#', '\\#')
    this.#write(`${verdict} ${this.#count} - ${plain.replaceAll('\n', ' ')}\n`)
  }
}
