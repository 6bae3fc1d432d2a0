// Debug lines: where they go, in which order, and that `debug` can be switched on at any time.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import createDebug from 'debug'
import fc from 'fast-check'
import { isNamed } from '../../../protocol/support/debug-variable.ts'
import { logger } from '../../../protocol/support/log.ts'
import { programArgs } from '../../support/child.ts'
import { eventually } from '../../support/eventually.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

const LOG = new URL('../../../protocol/support/log.ts', import.meta.url)
const root = fileURLToPath(new URL('../../..', import.meta.url))

/** What a program writes to stderr; `log` is the logger of its own, `other` another one, `debug` the package. */
async function linesOf(program: string, DEBUG = ''): Promise<string[]> {
  const text = `
    import { logger } from '${LOG.href}'
    const [log, other] = [logger('log'), logger('other')]
    const debug = async () => (await import('debug')).default;
    ${program}`
  const env = { ...process.env, DEBUG, DEBUG_COLORS: 'no', DEBUG_HIDE_DATE: 'yes' }
  const options = { cwd: root, env, timeout: 120_000 }
  const ended = promisify(execFile)(process.execPath, programArgs(text), options)
  const { stderr } = await ended.catch((error: { stderr: string }) => error)
  return [...stderr.matchAll(/nd-service-registry:.*?(?=\s\+\d+ms|$)/gm)].map(([line]) => line)
}

function captured(t: Test): string[] {
  const lines: string[] = []
  const { log } = createDebug
  createDebug.log = (line: string) => lines.push(line)
  createDebug.enable('nd-service-registry:*')
  t.teardown(() => {
    createDebug.disable()
    createDebug.log = log
  })
  return lines
}

t.test('log: lines of the first moment are shown, all and in order', async t => {
  const program = `log('one %s', 1); other('two %d', 2); log('three'); setImmediate(() => other('four'))`
  t.same(await linesOf(program, 'nd-service-registry:*'), [
    'nd-service-registry:log one 1',
    'nd-service-registry:other two 2',
    'nd-service-registry:log three',
    'nd-service-registry:other four',
  ])
  t.same(await linesOf(program, 'nd-service-registry:other'), [
    'nd-service-registry:other two 2',
    'nd-service-registry:other four',
  ])
  t.same(await linesOf(program), [], 'nobody asked for them')
})

t.test('log: of a process that ends or hangs at once, nothing is lost', async t => {
  for (const end of ['process.exit()', `process.kill(process.pid, 'SIGKILL')`, 'throw new Error("end")']) {
    const program = `log('one %s', 1); other('two'); ${end}`
    t.same((await linesOf(program, 'nd-service-registry:*')).slice(0, 2), [
      'nd-service-registry:log one 1',
      'nd-service-registry:other two',
    ])
    t.same(await linesOf(program, '*,-nd-service-registry:other'), ['nd-service-registry:log one 1'], end)
    t.same(await linesOf(program, 'nd-service-registry'), [], end)
  }
})

t.test('log: the variable is read as debug reads it', async t => {
  captured(t)
  const part = fc.constantFrom('a', 'b:', '*', '-', '.', '+', ',', ' ', 'a:b')
  const value = fc.array(part, { maxLength: 6 }).map(parts => parts.join(''))
  const property = fc.property(
    value,
    fc.constantFrom('a', 'b', 'a:b', 'a:b:a', 'a.b'),
    (names, namespace) => {
      createDebug.enable(names)
      const [found, wanted] = [isNamed(names, namespace), createDebug.enabled(namespace)]
      if (found !== wanted) throw new Error(`${JSON.stringify(names)} ${namespace}: ${found}`)
    },
  )
  t.doesNotThrow(() => fc.assert(property, { numRuns: 2000 }))
})

t.test('log: it can be switched on and off while the program runs', async t => {
  const program = `
    log('before')
    await debug()
    await new Promise(resolve => setImmediate(resolve))
    const { enable, disable } = await debug()
    log('still before')
    enable('nd-service-registry:log')
    log('on')
    other('not this one')
    disable()
    log('off')
    enable('*')
    other('all')`
  t.same(await linesOf(program), ['nd-service-registry:log on', 'nd-service-registry:other all'])
})

t.test('log: switched on before the first line, it misses none', async t => {
  const program = `(await debug()).enable('nd-service-registry:*'); log('first'); log('second')`
  t.same(await linesOf(program), ['nd-service-registry:log first', 'nd-service-registry:log second'])
})

t.test('log: a line that cannot be written harms nobody', async t => {
  const lines = captured(t)
  const log = logger('test')
  log('to load it')
  await eventually('loaded', () => lines.length === 1)
  t.match(lines[0], /nd-service-registry:test.*to load it/)
  const program = `
    (await debug()).enable('*')
    const hostile = { [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('hostile') } }
    log('%O', hostile)
    log('behind')
    await debug()
    await new Promise(resolve => setImmediate(resolve))
    log('%O', hostile)
    log('after')`
  for (const names of ['', 'nd-service-registry:log']) {
    t.same(await linesOf(program, names), ['nd-service-registry:log behind', 'nd-service-registry:log after'])
  }
})
