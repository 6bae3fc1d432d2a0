// A client in a process of its own: started once, asked task after task, ended with its input.
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Client } from './clients.ts'
import type { Answer, Task } from './programs/task.ts'
import { formatTask } from './programs/task.ts'

const START_MS = 30_000
const TASK_MS = 60_000
const END_MS = 3000
const ERROR_TAIL = 400

type Line = { ready: true } | { error: string } | Answer

export class Worker implements AsyncDisposable {
  readonly client: Client
  readonly #process: ChildProcessWithoutNullStreams
  readonly #ended: Promise<void>
  #waiting: { resolve(line: Line): void; reject(error: Error): void } | null = null
  #gone: string | null = null
  #errors = ''

  constructor(client: Client) {
    this.client = client
    this.#process = spawn(client.command, client.args, { env: { ...process.env, ...client.env } })
    this.#ended = new Promise(resolve => {
      this.#process.on('error', error => this.#over(error.message, resolve))
      this.#process.on('close', code => this.#over(`ended with ${code}`, resolve))
    })
    this.#process.stdin.on('error', () => {})
    this.#process.stderr.setEncoding('utf8').on('data', text => {
      this.#errors = (this.#errors + text).slice(-ERROR_TAIL)
    })
    createInterface({ input: this.#process.stdout }).on('line', line => this.#line(line))
  }

  /** Resolves when the process takes tasks; `ask` may be called then. */
  async ready(): Promise<void> {
    await this.#next(START_MS)
  }

  async ask(task: Task): Promise<Answer> {
    this.#process.stdin.write(`${formatTask(task)}\n`)
    const line = await this.#next(TASK_MS)
    if ('perSecond' in line) return line
    throw new Error('error' in line ? line.error : 'no answer')
  }

  /** Ends the process, whatever it does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin.end()
    const deadline = setTimeout(() => this.#process.kill('SIGKILL'), END_MS)
    await this.#ended
    clearTimeout(deadline)
  }

  #next(within: number): Promise<Line> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== null) return reject(new Error(this.#gone))
      const timer = setTimeout(() => {
        this.#process.kill('SIGKILL')
        reject(new Error(this.#reason(`no answer within ${within / 1000} s`)))
      }, within)
      this.#waiting = {
        resolve: line => {
          clearTimeout(timer)
          resolve(line)
        },
        reject: error => {
          clearTimeout(timer)
          reject(error)
        },
      }
    })
  }

  /** Some clients write to the same stream; what is no answer is passed over. */
  #line(text: string): void {
    if (!text.startsWith('{')) return
    try {
      const line = JSON.parse(text) as Line
      this.#waiting?.resolve(line)
      this.#waiting = null
    } catch {
      this.#errors = (this.#errors + text).slice(-ERROR_TAIL)
    }
  }

  #over(how: string, done: () => void): void {
    this.#gone = this.#reason(how)
    this.#waiting?.reject(new Error(this.#gone))
    this.#waiting = null
    done()
  }

  #reason(how: string): string {
    const errors = this.#errors.trim().split('\n').at(-1) ?? ''
    return errors === '' ? how : `${how}: ${errors}`
  }
}
