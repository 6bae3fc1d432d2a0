// The embedded server against a real one: every difference that was ever found, and random programs.
import { readdir, readFile } from 'node:fs/promises'
import { printDifference, printProgram } from '../../scripts/differential/print.ts'
import { parseProgram } from '../../scripts/differential/program.ts'
import { Rivals } from '../../scripts/differential/rivals.ts'
import { search } from '../../scripts/differential/search.ts'
import { startPair } from '../../scripts/differential/servers.ts'
import { t } from '../tap.ts'

/** The long run takes its seed by chance; here the same programs, shorter ones, are played each time. */
const SEED = 4
const PROGRAMS = 200
const EXAMPLES = new URL('examples/', import.meta.url)

// Servers of its own: zxids are compared, so nobody else may write.
const pair = await startPair()
t.teardown(() => pair[Symbol.asyncDispose]())
const rivals = new Rivals(pair.embedded, pair.real)
t.teardown(() => rivals.leave())

for (const name of await readdir(EXAMPLES)) {
  t.test(`differential: example ${name}`, async t => {
    const program = parseProgram(await readFile(new URL(name, EXAMPLES), 'utf8'))
    const difference = await rivals.differ(program)
    t.equal(difference, null, difference === null ? 'no difference' : printDifference(difference))
  })
}

t.test('differential: random programs', { timeout: 220_000 }, async t => {
  const found = await search(program => rivals.differ(program), {
    seed: SEED,
    programs: PROGRAMS,
    longest: 12,
  })
  t.comment(`seed ${SEED}, ${PROGRAMS} programs, ZooKeeper ${pair.version}`)
  if (found.type === 'agreement') return t.equal(found.programs, PROGRAMS)
  return t.fail(`${printProgram(found.program)}\n${printDifference(found.difference)}`)
})
