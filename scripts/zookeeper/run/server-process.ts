// One real ZooKeeper server: a JVM, its folder and its ports, which stay the same from start to stop.
import { rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { PortTakenError } from './attempt.ts'
import { beforeExit } from './before-exit.ts'
import { LOOPBACK } from './config.ts'
import type { Mode } from './four-letter-word.ts'
import { fourLetterWord, modeOf } from './four-letter-word.ts'
import type { Installation } from './installation.ts'
import { jvmArguments } from './jvm.ts'
import { JvmProcess } from './jvm-process.ts'
import type { ServerOptions } from './options.ts'
import { poll } from './poll.ts'
import { giveBack } from './ports.ts'
import type { ServerFolder, ServerPorts } from './server-folder.ts'
import { makeServerFolder, readLog } from './server-folder.ts'

const START_MS = 60_000
const STOP_MS = 5000

export interface WaitOptions {
  readonly signal?: AbortSignal | undefined
}

export interface RestartOptions extends WaitOptions {
  // False: come back as soon as the process runs. A member without a quorum never serves. Default: true.
  readonly wait?: boolean
}

type State = 'running' | 'frozen' | 'down' | 'stopped'

export class ServerProcess {
  readonly host: string = LOOPBACK
  readonly port: number
  // The TLS port, when TLS was asked for.
  readonly securePort: number | null
  readonly connectString: string
  readonly version: string
  readonly #installation: Installation
  readonly #options: ServerOptions
  readonly #files: ServerFolder
  readonly #forget: () => void
  readonly #ports: readonly number[]
  #jvm: JvmProcess | null = null
  #launching: Promise<void> | null = null
  #state: State = 'down'
  #stopping: Promise<void> | null = null
  #lastLog = ''

  private constructor(
    installation: Installation,
    ports: ServerPorts,
    files: ServerFolder,
    options: ServerOptions,
  ) {
    this.#installation = installation
    this.#options = options
    this.#files = files
    this.#ports = portsOf(ports)
    this.port = ports.client
    this.securePort = ports.secure
    this.connectString = `${LOOPBACK}:${ports.client}`
    this.version = installation.release.version
    this.#forget = beforeExit(() => rmSync(files.folder, { recursive: true, force: true, maxRetries: 3 }))
  }

  // The process runs when this resolves; `ready` says when it serves.
  static async launch(
    installation: Installation,
    ports: ServerPorts,
    options: ServerOptions,
  ): Promise<ServerProcess> {
    const files = await makeServerFolder(ports, options)
    const server = new ServerProcess(installation, ports, files, options)
    try {
      await server.#launch()
    } catch (error) {
      await server.stop()
      throw error
    }
    return server
  }

  get pid(): number {
    if (this.#jvm === null) throw new Error('the server was never started')
    return this.#jvm.pid
  }

  get state(): State {
    return this.#state
  }

  // Holds `data`, `zoo.cfg` and `server.log` until the server is stopped.
  get folder(): string {
    return this.#files.folder
  }

  // The newest part of what the server printed, all its runs together. It can still be read after `stop`.
  log(): string {
    return this.#state === 'stopped' ? this.#lastLog : readLog(this.#files.logFile)
  }

  async command(word: string, timeout?: number): Promise<string> {
    return await fourLetterWord(this.port, word, timeout)
  }

  // Null while the server does not serve, for whatever reason.
  async mode(): Promise<Mode | null> {
    if (this.#state !== 'running') return null
    try {
      return modeOf(await this.command('srvr'))
    } catch {
      return null
    }
  }

  // Resolves when the server serves, in any mode.
  async ready({ signal }: WaitOptions = {}): Promise<Mode> {
    const within = this.#options.startTimeout ?? START_MS
    try {
      return await poll(
        () => `ZooKeeper ${this.version} did not serve`,
        async () => await this.#probe(),
        { within, signal },
      )
    } catch (error) {
      if (signal?.aborted === true) throw error
      const log = this.log()
      const message = `${error instanceof Error ? error.message : error}; its log ends:\n${lastLines(log, 20)}`
      throw /BindException|Address already in use/.test(log)
        ? new PortTakenError(message)
        : new Error(message)
    }
  }

  // Resolves when the process that runs now has ended, with words that say how.
  async ended(): Promise<string> {
    return (await this.#jvm?.ended) ?? 'never started'
  }

  // Ends the process without a goodbye. The data stay.
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  // Ends the process in order. The data stay.
  async terminate(): Promise<void> {
    await this.#end('SIGTERM')
  }

  // The process holds its connections and says nothing any more.
  freeze(): void {
    if (this.#state !== 'running') throw new Error(`a server that is ${this.#state} cannot be frozen`)
    this.#jvm?.signal('SIGSTOP')
    this.#state = 'frozen'
  }

  thaw(): void {
    if (this.#state !== 'frozen') throw new Error(`a server that is ${this.#state} cannot be thawed`)
    this.#jvm?.signal('SIGCONT')
    this.#state = 'running'
  }

  // The same port and the same data, and a new process. A server that runs is ended in order first.
  async restart({ wait = true, signal }: RestartOptions = {}): Promise<void> {
    await this.terminate()
    await this.#launch()
    if (wait) await this.ready({ signal })
  }

  // Ends the process and removes the data. For good, and as often as one likes.
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #launch(): Promise<void> {
    if (this.#stopping !== null) throw new Error('the server was stopped for good')
    if (this.#launching !== null || this.#jvm?.running === true) throw new Error('the server runs already')
    this.#launching = this.#spawn()
    try {
      await this.#launching
    } finally {
      this.#launching = null
    }
  }

  async #spawn(): Promise<void> {
    this.#jvm?.release()
    const { java, release } = this.#installation
    const args = jvmArguments({ ...this.#files, classPath: release.classPath }, this.#options)
    const jvm = await JvmProcess.start({
      java,
      args,
      folder: this.#files.folder,
      logFile: this.#files.logFile,
    })
    this.#jvm = jvm
    this.#state = 'running'
    void jvm.ended.then(() => {
      if (this.#jvm === jvm && this.#state !== 'stopped') this.#state = 'down'
    })
  }

  // Another process may answer at a port that this one failed to get; `conf` names the data folder, so it tells.
  async #probe(): Promise<Mode | null> {
    if (this.#state === 'down' || this.#state === 'stopped') {
      throw new Error(`ZooKeeper ${this.version} ended (${await this.ended()})`)
    }
    const mode = await this.mode()
    if (mode === null) return null
    const conf = await this.command('conf').catch(() => '')
    return conf.includes(this.#files.folder) ? mode : null
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const jvm = this.#jvm
    if (jvm === null) return
    // A frozen process does not hear SIGTERM.
    jvm.signal(this.#state === 'frozen' ? 'SIGKILL' : signal)
    const deadline = setTimeout(() => jvm.signal('SIGKILL'), STOP_MS)
    await jvm.ended
    clearTimeout(deadline)
  }

  async #stop(): Promise<void> {
    // A restart that is under way has its process first, or that one would be missed.
    await this.#launching?.catch(() => {})
    await this.terminate()
    this.#lastLog = this.#jvm === null ? '' : readLog(this.#files.logFile)
    this.#state = 'stopped'
    await rm(this.#files.folder, { recursive: true, force: true, maxRetries: 3 })
    this.#jvm?.release()
    this.#forget()
    giveBack(this.#ports)
  }
}

const portsOf = ({ client, secure, membership }: ServerPorts): number[] => {
  const member = membership?.members[membership.id - 1]
  return [client, secure, member?.quorum, member?.election].filter(port => typeof port === 'number')
}

const lastLines = (text: string, count: number): string => text.trimEnd().split('\n').slice(-count).join('\n')
