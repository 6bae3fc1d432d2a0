// One round of reads: everything that was due when it began and what follows from the answers, a few at a time.
import type { RequestOptions, ZooKeeperView } from '../../protocol/index.ts'
import { PacketTooLargeError, ZooKeeperError } from '../../protocol/index.ts'
import { isPassing, isSessionOver } from '../recipes/persistence.ts'
import type { Agenda, Step } from './agenda.ts'
import type { Model } from './model.ts'

export interface RoundInput {
  readonly zk: ZooKeeperView
  readonly model: Model
  /** What is due; emptied. */
  readonly work: Agenda
  /** Takes what could not be read. */
  readonly failed: Agenda
  readonly concurrency: number
  readonly signal: AbortSignal
  warning(error: unknown): void
}

/** `broken`: the connection does not carry any more, or nobody asks any more, so the rest was not tried. */
export type RoundOutcome = 'done' | 'broken'

export class Round {
  readonly #input: RoundInput
  #outcome: RoundOutcome = 'done'

  constructor(input: RoundInput) {
    this.#input = input
  }

  /** Never rejects: what failed is in `failed`, and told where it will not pass by itself. */
  async run(): Promise<RoundOutcome> {
    const { work, failed, signal } = this.#input
    while (work.size > 0 && this.#outcome === 'done') {
      // Nothing is taken any more: without an end here, this would be a loop that no event gets into.
      if (signal.aborted) this.#outcome = 'broken'
      // A list may take away what would be read in vain.
      else if (work.has('list') || work.has('verify')) await this.#phase(['list', 'verify'])
      else await this.#phase(['get'])
    }
    failed.absorb(work)
    return this.#outcome
  }

  async #phase(steps: readonly Step[]): Promise<void> {
    const reader = async (): Promise<void> => {
      for (;;) {
        const next = this.#next(steps)
        if (next === undefined) return
        await this.#step(...next)
      }
    }
    await Promise.all(Array.from({ length: this.#input.concurrency }, reader))
  }

  #next(steps: readonly Step[]): [step: Step, path: string] | undefined {
    const { work, model, signal } = this.#input
    if (this.#outcome !== 'done' || signal.aborted) return undefined
    for (const step of steps) {
      for (let path = work.take(step); path !== undefined; path = work.take(step)) {
        if (model.has(path)) return [step, path]
      }
    }
    return undefined
  }

  async #step(step: Step, path: string): Promise<void> {
    const { failed, warning, signal } = this.#input
    try {
      await this.#read(step, path)
    } catch (error) {
      failed.add(step, path)
      if (signal.aborted || isPassing(error) || isSessionOver(error)) this.#outcome = 'broken'
      else warning(error)
    }
  }

  async #read(step: Step, path: string): Promise<void> {
    const { model, warning } = this.#input
    // What was too large is measured first.
    const due = model.isOversized(path) ? 'verify' : step
    try {
      await this.#ask(due, path)
    } catch (error) {
      if (ZooKeeperError.is(error, 'NO_NODE')) return model.absent(path)
      // Told once, and not for each attempt.
      if (ZooKeeperError.is(error, 'NO_AUTH')) {
        if (model.deny(path)) warning(error)
      } else if (due !== 'verify' && error instanceof PacketTooLargeError) {
        if (model.oversized(path, due, error.limit)) warning(error)
      } else throw error
    }
  }

  async #ask(step: Step, path: string): Promise<void> {
    const { zk, model, work, signal } = this.#input
    const options: RequestOptions = { signal }
    if (step === 'verify') {
      const stat = await zk.exists(path, options)
      if (stat === null) model.absent(path)
      else model.verify(path, stat, work)
    } else if (step === 'get') {
      const { data, stat } = await zk.get(path, options)
      model.read(path, data, stat, work)
    } else {
      const { children, stat } = await zk.getChildren(path, options)
      model.list(path, children, stat, work)
    }
  }
}
