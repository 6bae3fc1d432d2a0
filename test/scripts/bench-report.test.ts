// What the bench shows: the tables, the chart, and the numbers in them.
import { judge } from '../../scripts/bench/goals.ts'
import type { Answer } from '../../scripts/bench/programs/task.ts'
import { markdown } from '../../scripts/bench/report/markdown.ts'
import { bytes, count, microseconds, ratio } from '../../scripts/bench/report/numbers.ts'
import { panelsOf } from '../../scripts/bench/report/panels.ts'
import { chart } from '../../scripts/bench/report/svg.ts'
import type { BenchResults, Result } from '../../scripts/bench/results.ts'
import { t } from '../tap.ts'

function answer(perSecond: number, cpu: number): Answer {
  return { perSecond, cpu, p50: null, p99: null, heap: null }
}

function get(client: string, rounds: readonly Answer[], error: string | null = null): Result {
  return { row: 'get', target: 'canned', client, rounds, rearm: [], error }
}

const results: BenchResults = {
  quick: false,
  rounds: 1,
  seconds: 1,
  machine: {
    cpu: 'a processor',
    cores: 2,
    memory: 1,
    system: 'Linux 6',
    node: 'v20.0.0',
    server: 'ZooKeeper 3.9.5',
    load: [0.5, 1],
  },
  clients: [
    { id: 'floor', name: 'the floor', version: '1' },
    { id: 'ours', name: 'ours', version: '2' },
    { id: 'java', name: 'Java client', version: '3' },
  ],
  missing: [{ id: 'zookeeper', name: 'native addon', reason: 'no compiler' }],
  results: [
    get('floor', [answer(6_000_000, 0.15)]),
    get('ours', [answer(2_000_000, 0.45)]),
    get('java', [], 'no | answer\nat all'),
  ],
}

t.test('bench: numbers are written for people, and nothing where there is none', async t => {
  t.equal(count(1_234_567.8), '1,234,568')
  t.equal(microseconds(0.456), '0.46 us')
  t.equal(microseconds(1234), '1,234 us')
  t.equal(ratio(1.256), '1.26x')
  t.equal(ratio(23.4), '23x')
  t.equal(bytes(170.2), '170 bytes')
  for (const write of [count, microseconds, ratio, bytes]) t.equal(write(null), '')
})

t.test('bench: a table has a line for each client, with ratios to ours and to the floor', async t => {
  const lines = markdown(results, judge(results.results)).split('\n')
  t.ok(lines.includes('## get, 500 in flight, canned server'))
  t.ok(lines.includes('| client | a second | ours is | CPU | CPU of the floor |'))
  t.ok(lines.includes('| the floor | 6,000,000 | 0.33x | 0.15 us | 1.00x |'))
  t.ok(lines.includes('| ours | 2,000,000 | 1.00x | 0.45 us | 3.00x |'))
  t.notOk(
    lines.some(line => line.startsWith('## set')),
    'a row that was not measured has no table',
  )
})

t.test(
  'bench: who failed or is not there has a line too, and a reason that keeps the table whole',
  async t => {
    const lines = markdown(results, []).split('\n')
    t.ok(lines.includes('| Java client (no \\| answer at all) |  |  |  |  |'))
    t.ok(lines.includes('| native addon (not there) |  |  |  |  |'))
    t.ok(lines.includes('- native addon: not measured, no compiler'))
  },
)

t.test('bench: the overview says how many times better ours is, of rates and of costs', async t => {
  const [rate, cost] = [
    { row: 'get', target: 'canned' },
    { row: 'get', target: 'real' },
  ] as const
  const rest = { rearm: [], error: null }
  const measured = [
    { ...rate, ...rest, client: 'ours', rounds: [answer(2_000_000, 0.5)] },
    { ...rate, ...rest, client: 'java', rounds: [answer(100_000, 10)] },
    { ...cost, ...rest, client: 'ours', rounds: [answer(20_000, 20)] },
    { ...cost, ...rest, client: 'java', rounds: [answer(20_000, 50)] },
  ]
  const lines = markdown({ ...results, results: measured }, []).split('\n')
  t.ok(lines.includes('| client | gets a second, canned server | CPU per get, real server |'))
  t.ok(lines.includes('| ours | 2,000,000 | 20 us |'))
  t.ok(lines.includes('| Java client | 100,000 (20x) | 50 us (2.50x) |'))
  t.ok(lines.includes('| the floor |  |  |'), 'nothing was measured of it')
  t.notOk(markdown({ ...results, results: [] }, []).includes('Overview'))
})

t.test('bench: only what was measured becomes a panel of the chart', async t => {
  const panels = panelsOf(results)
  t.equal(panels.length, 1)
  t.strictSame(panels[0]?.bars, [
    { label: 'the floor', value: 6_000_000, text: '6,000,000', ours: false },
    { label: 'ours', value: 2_000_000, text: '2,000,000', ours: true },
  ])
})

t.test('bench: the chart is whole XML, its bars in proportion and inside', async t => {
  const bars = [
    { label: '<a> & "b"', value: 100, text: 'most', ours: false },
    { label: 'c', value: 50, text: 'half', ours: true },
    { label: 'd', value: 0, text: 'none', ours: false },
  ]
  const svg = chart('a & b', [{ title: 'one', bars }])
  t.match(svg, /^<svg [^>]*width="860"[^>]*>\n/)
  t.match(svg, /<\/svg>\n$/)
  t.ok(svg.includes('<title>a &#38; b</title>'), 'for those who cannot see it')
  t.notMatch(svg, /&(?!#\d+;)|<a>/, 'text is escaped')
  t.ok(svg.includes('&#60;a&#62; &#38; &#34;b&#34;'))
  const widths = [...svg.matchAll(/class="bar(?: ours)?" x="(\d+)" y="\d+" width="([\d.]+)"/g)]
  const [most, half, none] = widths.map(match => Number(match[2])) as [number, number, number]
  t.equal(half, most / 2)
  t.ok(none > 0 && none <= 1, 'a bar of nothing can still be seen')
  t.ok(Number(widths[0]?.[1]) + most < 860)
  t.equal([...svg.matchAll(/<text/g)].length, 2 + bars.length * 2)
})

t.test('bench: a chart of nothing is still a chart', async t => {
  t.match(chart('nothing', []), /^<svg [\s\S]*<\/svg>\n$/)
  t.match(chart('nothing', [{ title: 'empty', bars: [] }]), /empty/)
})
