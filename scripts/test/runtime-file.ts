// Runs one test file on another runtime than the one at hand.
import { spawn } from 'node:child_process'
import type { Runtime } from '../peers/runtimes.ts'
import type { Summary } from './summary.ts'
import { failuresIn, summarise } from './summary.ts'

export interface FileResult extends Summary {
  /** What to show of a file that failed; null: nothing did. */
  readonly complaint: string | null
}

export interface FileOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** After so many milliseconds the file has failed. */
  readonly patience: number
}

interface Ended {
  readonly how: string
  readonly output: string
  readonly errors: string
}

/** Without the plan at its end a file did not get to its end, whatever its exit code says. */
export async function runFile(runtime: Runtime, file: string, options: FileOptions): Promise<FileResult> {
  const { how, output, errors } = await execute(runtime, file, options)
  const summary = summarise(output)
  if (how === 'exit code 0' && summary.failed === 0 && /^1\.\.\d+$/m.test(output)) {
    return { ...summary, complaint: null }
  }
  const failures = failuresIn(output)
  const what = failures.length > 0 ? failures.join('\n') : output
  const complaint = `${runtime.name}: FAILED ${file} (${how})\n${what}\n${errors}\n`
  return { ...summary, failed: Math.max(summary.failed, 1), complaint }
}

async function execute(runtime: Runtime, file: string, options: FileOptions): Promise<Ended> {
  const child = spawn(runtime.command, [...runtime.args, 'test/portable/main.ts', file], {
    cwd: options.cwd,
    env: { ...options.env, ...runtime.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.patience,
    killSignal: 'SIGKILL',
  })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    errors += text
  })
  const how = await new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      resolve(code === null ? `${signal}; at most ${options.patience / 1000} s` : `exit code ${code}`)
    })
  })
  return { how, output, errors }
}
