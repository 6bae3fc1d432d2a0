// What the tests of ndsr share: streams that keep what they are given, and the real program in a process.
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { RunOptions } from '../../src/cli/run.ts'
import { run } from '../../src/cli/run.ts'
import { scriptArgs } from '../support/child.ts'
import type { Test } from '../tap.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export class Kept {
  text = ''

  write(text: string): void {
    this.text += text
  }
}

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs ndsr in this process. */
export async function runHere(
  argv: readonly string[],
  options: Pick<Partial<RunOptions>, 'env' | 'signal'> = {},
): Promise<Outcome> {
  const stdout = new Kept()
  const stderr = new Kept()
  const code = await run(argv, { stdout, stderr, env: {}, ...options })
  return { code, stdout: stdout.text, stderr: stderr.text }
}

export interface Program {
  readonly child: ChildProcessWithoutNullStreams
  readonly stderr: () => string
  /** Not by `child.kill`: on Deno that reports the signal as the end, whatever the program makes of it. */
  readonly signal: (name: NodeJS.Signals) => void
  readonly ended: Promise<Outcome>
}

/** Starts the program from the sources; the test ends it if it does not end by itself. */
export function startProgram(t: Test, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  const child = spawn(process.execPath, scriptArgs('src/cli/main.ts', argv), {
    cwd: root,
    env: { PATH: process.env.PATH, ...env },
  })
  t.teardown(() => child.kill('SIGKILL'))
  child.stdin.end()
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  const ended = new Promise<Outcome>(resolve => {
    child.once('close', code => resolve({ code, stdout, stderr }))
  })
  const signal = (name: NodeJS.Signals): void => void process.kill(child.pid!, name)
  return { child, stderr: () => stderr, signal, ended }
}
