// The clients of another process, which can be stopped: its commands are lines, its answers too.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { scriptArgs } from '../support/child.ts'
import type { History } from './history.ts'
import type { Stoppable } from './nemesis/fault.ts'
import { historyFromText } from './serial.ts'
import type { Crew, CrewOptions } from './workload/crew.ts'

const SCRIPT = fileURLToPath(new URL('children/crew-process.ts', import.meta.url))
/** A process that has closed its clients ends by itself within this time, in milliseconds. */
const EXIT = 5000

export class ChildCrew implements Crew, Stoppable {
  readonly #child: ChildProcess
  readonly #answers: AsyncIterator<string>
  readonly #exit: Promise<number | null>

  constructor(options: CrewOptions) {
    this.#child = spawn(process.execPath, scriptArgs(SCRIPT, [JSON.stringify(options)]), {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#exit = new Promise(resolve => this.#child.once('close', code => resolve(code)))
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]()
  }

  /** Resolves when it plays. */
  async started(): Promise<void> {
    await this.#answer()
  }

  async quiet(patience: number): Promise<void> {
    await this.#ask(`quiet ${patience}`)
  }

  async report(): Promise<History> {
    return historyFromText(await this.#ask('report'))
  }

  /** Rejects unless the process then ends by itself, as one does that nothing holds. */
  async close(): Promise<History> {
    const history = historyFromText(await this.#ask('close'))
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), EXIT)
    const code = await this.#exit
    clearTimeout(timer)
    if (code === 0) return history
    throw new Error(`the process of the clients did not end by itself: ${code ?? 'killed'}`)
  }

  freeze(): void {
    process.kill(this.#child.pid!, 'SIGSTOP')
  }

  thaw(): void {
    process.kill(this.#child.pid!, 'SIGCONT')
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async #ask(command: string): Promise<string> {
    this.#child.stdin!.write(`${command}\n`)
    return this.#answer()
  }

  async #answer(): Promise<string> {
    const { value, done } = await this.#answers.next()
    if (done === true) throw new Error(`the process of the clients has ended: ${await this.#exit}`)
    return value
  }
}
