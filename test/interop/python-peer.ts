// Drives the Python registry peer: one child process, commands and answers as lines of JSON.
import type { ChildProcessByStdio } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { PythonPeers } from '../../scripts/peers/python.ts'

export interface PythonPeerOptions {
  readonly username?: string
  readonly password?: string
  /** Seconds, as all times of the Python side. */
  readonly timeout?: number
  readonly readonly?: boolean
  readonly lazy?: boolean
  readonly cachefile?: string
  readonly rate_limit_calls?: number
  readonly rate_limit_time?: number
  /** Permissions, scheme and id of each entry. */
  readonly acl?: readonly (readonly [perms: number, scheme: string, id: string])[]
}

/** What `get` and `watch` answer, and what a change event carries. */
export interface PythonSnapshot {
  readonly path: string
  readonly data: Readonly<Record<string, unknown>> | null
  readonly children: readonly string[]
  readonly stat: Readonly<Record<string, number>> | null
}

export interface PythonChange {
  readonly event: 'change'
  readonly path: string
  readonly snapshot: PythonSnapshot
}

/** An error that Python raised; `name` is its class. */
export class PythonError extends Error {
  constructor(type: string, message: string) {
    super(message)
    this.name = type
  }
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

const SCRIPT = fileURLToPath(new URL('python/registry_peer.py', import.meta.url))
const CLOSE_MS = 20_000

export class PythonPeer implements AsyncDisposable {
  /** What the watches reported so far. */
  readonly changes: PythonChange[] = []
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #waiting = new Map<number, Waiting>()
  readonly #exited: Promise<void>
  #stderr = ''
  #lastId = 0
  #over = false

  /** Starts the process and resolves when it is connected. */
  static async start(
    peers: PythonPeers,
    connectString: string,
    options: PythonPeerOptions = {},
  ): Promise<PythonPeer> {
    const peer = new PythonPeer(peers.python, JSON.stringify({ servers: connectString, ...options }))
    try {
      await peer.#answerTo(0)
      return peer
    } catch (error) {
      await peer.close()
      throw error
    }
  }

  private constructor(python: string, options: string) {
    // -B: the source tree stays free of byte code.
    this.#child = spawn(python, ['-B', '-u', SCRIPT, options], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#exited = new Promise(resolve => {
      this.#child.on('close', code => {
        this.#end(`the Python peer ended (${code}): ${this.#stderr.trim()}`)
        resolve()
      })
    })
    this.#child.on('error', error => this.#end(`the Python peer did not start: ${error.message}`))
    this.#child.stdin.on('error', () => {})
    this.#child.stderr.setEncoding('utf8').on('data', text => {
      this.#stderr = (this.#stderr + text).slice(-4000)
    })
    createInterface({ input: this.#child.stdout }).on('line', line => this.#receive(line))
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** What Python wrote to its standard error, the last 4000 characters of it. */
  get stderr(): string {
    return this.#stderr
  }

  /** Runs a command of registry_peer.py with its arguments by name. */
  call<T = unknown>(cmd: string, args: Readonly<Record<string, unknown>> = {}): Promise<T> {
    const id = ++this.#lastId
    const answer = this.#answerTo(id)
    if (!this.#over) this.#child.stdin.write(`${JSON.stringify({ id, cmd, args })}\n`)
    return answer as Promise<T>
  }

  /** Ends it in good order: its session is closed, and what still waits is rejected. */
  async close(): Promise<void> {
    this.#child.stdin.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_MS)
    await this.#exited
    clearTimeout(timer)
  }

  /** Ends it as a crash does: its session lives on until it times out. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #answerTo(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#over) reject(new Error('the Python peer has ended'))
      else this.#waiting.set(id, { resolve, reject })
    })
  }

  #receive(line: string): void {
    const message = JSON.parse(line)
    if (message.event !== undefined) {
      this.changes.push(message)
      return
    }
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.error) waiting?.reject(new PythonError(message.error.type, message.error.message))
    else waiting?.resolve(message.ok)
  }

  #end(reason: string): void {
    this.#over = true
    for (const waiting of this.#waiting.values()) waiting.reject(new Error(reason))
    this.#waiting.clear()
  }
}
