// Runs one test file on the runtime at hand: main.ts FILE. Exit code 1 if anything failed.
import { pathToFileURL } from 'node:url'
import { report, t } from './root.ts'

const [file] = process.argv.slice(2)
if (file === undefined) throw new RangeError('which file?')

// What nobody catches fails the run, as it ends a process under tap.
process.on('uncaughtException', error => report.fail('uncaught exception', error))
process.on('unhandledRejection', error => report.fail('unhandled rejection', error))

// Nobody reads on, as behind head: to say so would be the next error, without end.
process.stdout.on('error', () => process.exit(1))

try {
  await import(pathToFileURL(file).href)
} catch (error) {
  report.fail('the file could not be loaded', error)
}
await t.finish()
report.end()
// Deno goes on waiting for timers that Node does not count, such as that of AbortSignal.timeout.
process.stdout.write('', () => process.exit(report.failed > 0 ? 1 : 0))
