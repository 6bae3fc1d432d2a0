// Commands, scripts and seeds of the documentation are those that there are.
import { readFile } from 'node:fs/promises'
import { parseSeed } from '../../../src/cli/dev/seed.ts'
import { t } from '../../tap.ts'
import type { Scripts } from './commands.ts'
import { commandsOf, faultOf, flagPairs, help } from './commands.ts'
import { pageOf, readPages, root } from './pages.ts'

const pages = await readPages()
const { scripts } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { scripts: Scripts }

t.test('docs: every command exists, with its flags', async t => {
  const faults: string[] = []
  const programs: string[] = []
  for (const page of pages) {
    for (const { line, text } of commandsOf(page)) {
      const fault = await faultOf(text, scripts)
      if (fault !== null) faults.push(`${page.path}:${line} ${text}: ${fault}`)
      programs.push(text.split(' ')[0]!)
    }
  }
  t.same(faults, [])
  t.ok(programs.filter(program => program === 'ndsr').length > 3, 'commands of ndsr were found')
  t.ok(programs.filter(program => program === 'npm').length > 20, 'scripts were found')
})

t.test('docs: what does not exist is found', async t => {
  const page = pageOf(
    'a.md',
    '`npm run gone` and `ndsr get -x`\n\n```sh\nndsr dev --sed a && npm test # all\ncurl\n```\n',
  )
  t.same(commandsOf(page), [
    { line: 4, text: 'ndsr dev --sed a' },
    { line: 4, text: 'npm test' },
    { line: 5, text: 'curl' },
    { line: 1, text: 'npm run gone' },
    { line: 1, text: 'ndsr get -x' },
  ])
  t.match(await faultOf('ndsr dev --sed a', scripts), /unknown option '--sed'/)
  t.match(await faultOf('ndsr get -x', scripts), /unknown option '-x'/)
  t.match(await faultOf('ndsr list /', scripts), /unknown command 'list'/)
  t.match(await faultOf('ndsr get / --outputformat xml', scripts), /xml/)
  t.match(await faultOf('npm run gone', scripts), /no npm script/)
  t.match(await faultOf('npm bench', scripts), /no npm script/)
  t.match(await faultOf('npm run bench -- --quack', scripts), /knows no --quack/)
  t.match(await faultOf('curl', scripts), /nothing here knows/)
  t.equal(await faultOf('CI=true npm run -s bench -- --quick', scripts), null)
})

t.test('docs: the flags of ndsr have the short forms that README.md says', async t => {
  const pairs = pages.flatMap(flagPairs)
  t.ok(pairs.length > 5, `${pairs.length} flags`)
  for (const pair of pairs) t.ok(help().includes(pair), pair)
  t.notOk(help().includes('-s, --serve '))
})

t.test('docs: each seed can be planted', async t => {
  const seeds = pages.flatMap(({ blocks }) => blocks.filter(({ language }) => language === 'yaml'))
  t.ok(seeds.length > 0)
  for (const { text } of seeds) t.ok(parseSeed(text).length > 0)
})
