// One JVM, tied to this process: however this process ends, the JVM does not outlive it.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Socket } from 'node:net'
import { beforeExit } from './before-exit.ts'

// The shell becomes the JVM, so the JVM has the process id that `spawn` gave. Beside it a second shell reads a pipe
// whose other end only this process has. The pipe ends when this process is gone, even by SIGKILL: then the JVM is
// killed, frozen or not, and its folder is removed. `gone` says that the JVM has ended by itself, so that its id, which
// may belong to another process by then, is left alone; `done` says that the folder is not the shell's business.
const TIE = `
folder=$1
shift
(
  word=
  read -r word <&3 || { kill -9 $$; sleep 1; rm -rf -- "$folder"; exit; }
  [ "$word" = gone ] && { read -r word <&3 || rm -rf -- "$folder"; }
) >/dev/null 2>&1 &
exec "$@" 3<&-
`

export interface JvmCommand {
  readonly java: string
  readonly args: readonly string[]
  // Removed when this process dies.
  readonly folder: string
  // Takes what the JVM prints.
  readonly logFile: string
}

export class JvmProcess {
  readonly pid: number
  // Settles when the JVM has ended, with words that say how.
  readonly ended: Promise<string>
  readonly #tie: Socket
  #running = true

  private constructor(child: ChildProcess, pid: number) {
    this.pid = pid
    this.#tie = child.stdio[3] as unknown as Socket
    // The watching shell may end first; nothing is lost by a word that it did not hear.
    this.#tie.on('error', () => {})
    // A server that is down does not keep this process going.
    this.#tie.unref()
    const forget = beforeExit(() => this.signal('SIGKILL'))
    this.ended = new Promise(resolve => {
      child.once('exit', (code, signal) => {
        this.#running = false
        forget()
        this.#tie.write('gone\n')
        resolve(signal === null ? `exit code ${code}` : `signal ${signal}`)
      })
    })
  }

  static async start({ java, args, folder, logFile }: JvmCommand): Promise<JvmProcess> {
    const log = openSync(logFile, 'a')
    try {
      // Its own process group: a Ctrl-C at the terminal is for this process, which then ends the server in order.
      const child = spawn('/bin/sh', ['-c', TIE, 'zookeeper', folder, java, ...args], {
        cwd: folder,
        detached: true,
        stdio: ['ignore', log, log, 'pipe'],
      })
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve)
        child.once('error', reject)
      })
      return new JvmProcess(child, child.pid!)
    } finally {
      closeSync(log)
    }
  }

  get running(): boolean {
    return this.#running
  }

  // False when there was nothing to signal. Never reaches a process that took over the id of an ended JVM.
  signal(name: NodeJS.Signals): boolean {
    if (!this.#running) return false
    try {
      // Not by the child: on Deno its `kill` does nothing from the second time on.
      return process.kill(this.pid, name)
    } catch {
      return false
    }
  }

  // After this the folder is the caller's alone. The JVM must have ended.
  release(): void {
    this.#tie.end('done\n')
  }
}
