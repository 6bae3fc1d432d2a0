// A changed server list: who moves, whereto, and that a crowd of clients ends up spread evenly.
import type { Endpoint } from '../../../protocol/net/connect-string.ts'
import { parseConnectString } from '../../../protocol/net/connect-string.ts'
import { rebalance } from '../../../protocol/net/rebalance.ts'
import { randomOf } from '../../support/random.ts'
import { t } from '../../tap.ts'

const list = (text: string): readonly Endpoint[] => parseConnectString(text).servers
const hosts = (servers: readonly Endpoint[]): string => servers.map(({ host }) => host).join('')
const never = (): number => {
  throw new Error('nothing is left to chance here')
}

interface Row {
  readonly what: string
  readonly before: string
  readonly after: string
  readonly at: string | null
  readonly random?: number
  readonly move: boolean
  readonly first: string
}

const rows: readonly Row[] = [
  {
    what: 'without a connection, any will do',
    before: 'a,b',
    after: 'b,c',
    at: null,
    move: false,
    first: 'bc',
  },
  { what: 'the same list moves nobody', before: 'a,b', after: 'b,a', at: 'a', move: false, first: 'ba' },
  {
    what: 'a shorter list with its server',
    before: 'a,b,c',
    after: 'a,b',
    at: 'a',
    move: false,
    first: 'ab',
  },
  { what: 'one replaced, but not its own', before: 'a,b', after: 'a,c', at: 'a', move: false, first: 'ac' },
  {
    what: 'grown, and chosen to go',
    before: 'a,b',
    after: 'a,b,c',
    at: 'a',
    random: 0.33,
    move: true,
    first: 'c',
  },
  {
    what: 'grown, and chosen to stay',
    before: 'a,b',
    after: 'a,b,c',
    at: 'a',
    random: 0.34,
    move: false,
    first: 'abc',
  },
  { what: 'gone, and nothing new', before: 'a,b,c', after: 'b,c', at: 'a', move: true, first: 'bc' },
  { what: 'gone, all others too', before: 'a,b', after: 'c,d', at: 'a', random: 0, move: true, first: 'cd' },
  { what: 'gone, as many new ones', before: 'a,b', after: 'b,c', at: 'a', random: 0, move: true, first: 'c' },
  // Of four servers one stays and one is new: 1 * (4 - 2) / (2 * (4 - 1)) go to the old one.
  {
    what: 'fewer, to an old one',
    before: 'a,b,c,d',
    after: 'a,x',
    at: 'b',
    random: 0.33,
    move: true,
    first: 'a',
  },
  {
    what: 'fewer, to a new one',
    before: 'a,b,c,d',
    after: 'a,x',
    at: 'b',
    random: 0.34,
    move: true,
    first: 'x',
  },
]

t.test('rebalance: who moves, and whereto', async t => {
  for (const { what, before, after, at, random, move, first } of rows) {
    const current = at === null ? null : (list(at)[0] as Endpoint)
    const chance = random === undefined ? never : () => random
    const plan = rebalance(list(before), list(after), current, chance)
    t.strictSame([plan.move, hosts(plan.first)], [move, first], what)
  }
})

t.test('rebalance: a server is its name and its port', async t => {
  const plan = rebalance(list('a:1,b:1'), list('a:2,b:1'), list('a:1')[0] as Endpoint, () => 0)
  t.strictSame(plan, { move: true, first: list('a:2') })
})

/** Where a crowd that was spread evenly over `before` is after the change. */
function crowd(before: string, after: string): Record<string, number> {
  const random = randomOf(7)
  const [old, now] = [list(before), list(after)]
  const load: Record<string, number> = {}
  for (let client = 0; client < 12_000; client++) {
    const at = old[client % old.length] as Endpoint
    const { move, first } = rebalance(old, now, at, random)
    const to = move ? (first[Math.floor(random() * first.length)] as Endpoint) : at
    load[to.host] = (load[to.host] ?? 0) + 1
  }
  return load
}

t.test('rebalance: a crowd is spread evenly again, whatever the change', async t => {
  for (const [before, after] of [
    ['a,b,c', 'a,b,c,d'],
    ['a,b,c', 'a,b,c,d,e,f'],
    ['a,b,c,d', 'a,b,c'],
    ['a,b,c', 'd,e,f'],
    ['a,b,c', 'a,b,d'],
    ['a,b,c,d', 'a,b,x'],
    ['a,b,c,d', 'a,x'],
  ] as const) {
    const load = crowd(before, after)
    const even = 12_000 / list(after).length
    const worst = Math.max(...list(after).map(({ host }) => Math.abs((load[host] ?? 0) - even) / even))
    t.ok(worst < 0.06, `${before} to ${after}: ${JSON.stringify(load)}`)
    t.equal(Object.keys(load).length, list(after).length, 'nobody stays at a server that is gone')
  }
})
