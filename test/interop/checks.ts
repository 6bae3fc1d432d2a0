// Runs a foreign program that makes checks, and turns the lines that it prints into assertions.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Test } from '../tap.ts'

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  /** The checks that it makes, in order: one that is missing is a failure. */
  readonly checks: readonly string[]
}

const KEPT = 4000

/** Lines are `ok NAME`, `not ok NAME: why`, and `done` at the end. */
export async function runChecks(t: Test, { command, args, checks }: Program): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    errors = (errors + text).slice(-KEPT)
  })
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const names: string[] = []
  let isDone = false
  for await (const line of createInterface({ input: child.stdout })) {
    const [, failed, name, why] = /^(not )?ok (.+?)(?:: (.*))?$/.exec(line) ?? []
    if (line === 'done') isDone = true
    if (name === undefined) continue
    names.push(name)
    t.ok(failed === undefined, `${name}${why === undefined ? '' : `: ${why}`}`)
  }
  const code = await closed
  t.ok(isDone && code === 0, `it ran to its end (${code})${isDone ? '' : `: ${errors}`}`)
  t.same(names, checks, 'every check')
}
