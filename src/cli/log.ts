// Log lines on stderr, with the level numbers of Python's logging.

/** What run() writes to: process.stdout, process.stderr, or something that a test looks at. */
export interface Output {
  write(text: string): unknown
}

export const levels = { debug: 10, info: 20, warning: 30 } as const

export class Log {
  readonly #output: Output
  readonly #threshold: number

  constructor(output: Output, threshold: number) {
    this.#output = output
    this.#threshold = threshold
  }

  debug(text: string): void {
    this.#line('debug', text)
  }

  info(text: string): void {
    this.#line('info', text)
  }

  warning(text: string): void {
    this.#line('warning', text)
  }

  #line(level: keyof typeof levels, text: string): void {
    if (levels[level] >= this.#threshold) this.#output.write(`ndsr: ${level}: ${text}\n`)
  }
}
