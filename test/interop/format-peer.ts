// Runs a Java program beside a test: reads its lines until it is ready, and ends it with its input.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { FormatPeer } from '../../scripts/peers/java.ts'
import type { Test } from '../tap.ts'

const SMALL = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
const MOST_ERRORS = 4000

export interface RunningPeer {
  /** Up to `ready`, or to the end. */
  readonly lines: readonly string[]
  /** Ends its input, and resolves when it is gone. */
  end(): Promise<void>
}

export async function runPeer(
  t: Test,
  { java, classPath }: FormatPeer,
  program: string,
  args: readonly string[],
): Promise<RunningPeer> {
  const source = fileURLToPath(new URL(`java/${program}.java`, import.meta.url))
  const child = spawn(java, [...SMALL, '-cp', classPath, source, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const ended = new Promise<void>(resolve => child.on('exit', () => resolve()))
  t.teardown(() => child.kill('SIGKILL'))
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    errors = (errors + text).slice(-MOST_ERRORS)
  })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (line === 'ready') break
  }
  if (lines.length === 0) {
    await ended
    throw new Error(`${program} said nothing: ${errors.trim()}`)
  }
  return {
    lines,
    async end() {
      child.stdin.end()
      await ended
    },
  }
}
