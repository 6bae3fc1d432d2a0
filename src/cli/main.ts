#!/usr/bin/env node
// The ndsr process: its streams, its signals and its exit code.
import { exitCodes } from './exit-codes.ts'
import { run } from './run.ts'

const interrupt = new AbortController()
let terminated = false

const onInterrupt = (): void => interrupt.abort()
const onTerminate = (): void => {
  terminated = true
  interrupt.abort()
}
// Once: the second one ends the process whatever it is doing.
process.once('SIGINT', onInterrupt)
process.once('SIGTERM', onTerminate)

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader went away, as head does: it has what it wants.
  if (error.code === 'EPIPE') return
  process.stderr.write(`ndsr: cannot write: ${error.message}\n`)
  process.exitCode = exitCodes.error
})
process.stderr.on('error', () => {})

run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  signal: interrupt.signal,
}).then(code => {
  process.off('SIGINT', onInterrupt)
  process.off('SIGTERM', onTerminate)
  // Not process.exit(): what is still on its way into a pipe must get there.
  process.exitCode ??= code === exitCodes.interrupted && terminated ? exitCodes.terminated : code
})
