// Lets a bounded number of tasks through at a time, in the order of asking.
import { Fifo } from '../../protocol/support/fifo.ts'

export interface GateLimits {
  readonly tasks: number
  readonly bytes: number
}

interface Entrant {
  readonly bytes: number
  readonly enter: () => void
}

export class Gate {
  readonly #limits: GateLimits
  readonly #waiting = new Fifo<Entrant>()
  /** Those who let all others go first. */
  readonly #patient = new Fifo<Entrant>()
  #tasks = 0
  #bytes = 0

  constructor(limits: GateLimits) {
    this.#limits = limits
  }

  /** How many are inside. */
  get inside(): number {
    return this.#tasks
  }

  /** Runs the task once there is room for it and its bytes; one that is too large runs alone. */
  run<T>(bytes: number, task: () => Promise<T>): Promise<T> {
    return this.#run(bytes, task, this.#waiting)
  }

  /** Runs the task once nobody waits for `run`. */
  runLater<T>(bytes: number, task: () => Promise<T>): Promise<T> {
    return this.#run(bytes, task, this.#patient)
  }

  async #run<T>(bytes: number, task: () => Promise<T>, line: Fifo<Entrant>): Promise<T> {
    if (this.#waiting.size > 0 || line.size > 0 || !this.#fits(bytes)) {
      await new Promise<void>(enter => {
        line.push({ bytes, enter })
      })
    } else {
      this.#enter(bytes)
    }
    try {
      return await task()
    } finally {
      this.#tasks--
      this.#bytes -= bytes
      this.#admit()
    }
  }

  /** They are counted as they are let in: those who ask meanwhile stay behind them. */
  #admit(): void {
    for (const line of [this.#waiting, this.#patient]) {
      for (let next = line.peek(); next !== undefined; next = line.peek()) {
        if (!this.#fits(next.bytes)) return
        line.shift()
        this.#enter(next.bytes)
        next.enter()
      }
    }
  }

  #enter(bytes: number): void {
    this.#tasks++
    this.#bytes += bytes
  }

  #fits(bytes: number): boolean {
    if (this.#tasks === 0) return true
    return this.#tasks < this.#limits.tasks && this.#bytes + bytes <= this.#limits.bytes
  }
}
