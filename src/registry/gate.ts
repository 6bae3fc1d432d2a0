// Lets a bounded number of tasks through at a time, in the order of asking.
import { Fifo } from '../../protocol/support/fifo.ts'

export interface GateLimits {
  readonly tasks: number
  readonly bytes: number
}

/** What goes through a gate; it tells its outcome to whoever wants it by itself, and never rejects. */
export type GateTask = () => Promise<void>

interface Entrant {
  readonly bytes: number
  readonly task: GateTask
}

/** Who waits costs one entry of a list: ten thousand may wait at once. */
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
  run(bytes: number, task: GateTask): void {
    this.#waiting.push({ bytes, task })
    this.#admit()
  }

  /** Runs the task once nobody waits for `run`. */
  runLater(bytes: number, task: GateTask): void {
    this.#patient.push({ bytes, task })
    this.#admit()
  }

  #admit(): void {
    for (const line of [this.#waiting, this.#patient]) {
      for (let next = line.peek(); next !== undefined; next = line.peek()) {
        if (!this.#fits(next.bytes)) return
        line.shift()
        this.#enter(next)
      }
    }
  }

  #enter({ bytes, task }: Entrant): void {
    this.#tasks++
    this.#bytes += bytes
    void task().then(() => {
      this.#tasks--
      this.#bytes -= bytes
      this.#admit()
    })
  }

  #fits(bytes: number): boolean {
    if (this.#tasks === 0) return true
    return this.#tasks < this.#limits.tasks && this.#bytes + bytes <= this.#limits.bytes
  }
}
