// Secrets on the command line, in the environment and in files: what ndsr prints contains none of them.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { parseSeed } from '../../src/cli/dev/seed.ts'
import { t } from '../tap.ts'
import type { Outcome } from './support.ts'
import { runHere, startProgram } from './support.ts'

const secret = 'geheim'
const env = { NDSR_PASSWORD: secret }

const refused: readonly (readonly string[])[] = [
  ['--pasword=geheim'],
  ['--passwordgeheim'],
  ['--PASSWORD=geheim'],
  ['-Pgeheim'],
  ['-dPgeheim'],
  ['--pass=a\ngeheim'],
  ["--pass=a'geheim'"],
  ['--no-password=geheim'],
  ['--data=geheim'],
  ['-p', 'my', 'geheim'],
  ['-p', 'my', 'geheim', '/a'],
  ['/a', '-u', 'joe', '--password=my', 'geheim'],
  ['get', '-p', 'my', 'geheim'],
  ['get', '/a', '-p', 'my', '--', '-geheim'],
  ['-s', 'joe:geheim@localhost'],
  ['-s', 'zk://joe:geheim@localhost:1/app'],
  ['dev', '--password=geheim'],
  ['dev', '--password', 'geheim'],
  ['dev', '--passwordgeheim'],
  ['dev', '-pgeheim'],
  ['dev', '-qpgeheim'],
  ['DEV', '-u', 'joe:geheim'],
  ['dev', '--seed=x', "--pw=a\n'geheim'"],
  ['dev', 'geheim'],
]

function shows(
  t: { notMatch(text: string, secret: string, message: string): unknown },
  outcome: Outcome,
  message: string,
): void {
  t.notMatch(outcome.stdout + outcome.stderr, secret, message)
}

for (const argv of refused) {
  t.test(`H33: secrets: ndsr ${inspect(argv)} is refused without them`, async t => {
    const outcome = await runHere(argv, { env })
    t.equal(outcome.code, 2)
    t.match(outcome.stderr, /^ndsr: /)
    shows(t, outcome, 'neither stream')
  })
}

t.test('H33: secrets: a usage error still names the flag', async t => {
  t.match((await runHere(['--pasword=geheim'])).stderr, /^ndsr: unknown option '--pasword'\n/)
  t.match((await runHere(['dev', '-pgeheim'])).stderr, /^ndsr: unknown option '-p'\nUsage: ndsr dev/)
  t.match((await runHere(['dev', '--passwordgeheim'])).stderr, /^ndsr: unknown option '--password'\n/)
  t.match((await runHere(['-p', 'my', 'list'])).stderr, /^ndsr: a word is neither a command nor a path\n/)
})

t.test('H33: secrets: help does not show the environment', async t => {
  for (const argv of [['--help'], ['dev', '--help'], ['-p', secret, '--help'], ['--version']]) {
    const outcome = await runHere(argv, { env })
    t.equal(outcome.code, 0)
    shows(t, outcome, argv.join(' '))
  }
})

t.test('H33: secrets: attempts that fail are logged without them', async t => {
  // The first attempt fails at once, as soon as there is time for it.
  const argv = ['-s', '127.0.0.1:1', '-u', 'joe', '--timeout=5', '--loglevel=0']
  const outcomes = [runHere([...argv, '-p', secret]), startProgram(t, argv, { ...env, DEBUG: '*' }).ended]
  for (const outcome of await Promise.all(outcomes)) {
    t.equal(outcome.code, 5)
    t.match(outcome.stderr, /attempt to connect failed/)
    shows(t, outcome, 'debug output')
  }
})

const seeds: readonly string[] = [
  '/a: { data: { password: geheim, x: [ } }',
  '/a:\n  data: { password: geheim }\n data: 1',
  '/a: { data: { password: *geheim } }',
  '/a: { data: { password: !geheim x } }',
  '/a: { data: { password: "\\geheim" } }',
  '/a: { data: [geheim] }',
  '/a: { children: geheim }',
  '/a: geheim',
]

t.test('H33: secrets: a bad seed is told by its place, not by its content', async t => {
  const file = join(t.testdir(), 'seed.yaml')
  for (const text of seeds) {
    await writeFile(file, text)
    const outcome = await runHere(['dev', '--port=0', '--seed', file])
    t.equal(outcome.code, 1, text)
    t.match(outcome.stderr, /^ndsr: .*seed\.yaml: .*\n$/, text)
    shows(t, outcome, text)
    try {
      parseSeed(text)
      t.fail(text)
    } catch (error) {
      t.notMatch(inspect(error, { depth: 9, showHidden: true }), secret, text)
    }
  }
})
