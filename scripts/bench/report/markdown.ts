// The results as Markdown: an overview, a table for each row and server, with ratios, and the figures to reach.
import type { Goal } from '../goals.ts'
import type { BenchResults, MissingClient, Result } from '../results.ts'
import { find } from '../results.ts'
import type { Row, TargetName } from '../rows.ts'
import { rows } from '../rows.ts'
import { median, medianOf, ratioOf } from '../statistics.ts'
import { bytes, count, microseconds, ratio } from './numbers.ts'
import { overview } from './overview.ts'
import { table } from './table.ts'

type Column = readonly [title: string, cell: (result: Result, all: readonly Result[]) => string]

const SERVERS: Readonly<Record<TargetName, string>> = {
  canned: ', canned server',
  real: ', real server',
  none: '',
}

const beside = (all: readonly Result[], { row, target }: Result, client: string): Result['rounds'] =>
  find(all, row, target, client)?.rounds ?? []

const rate: Column = ['a second', ({ rounds }) => count(medianOf(rounds, 'perSecond'))]
const lead: Column = [
  'ours is',
  (result, all) => ratio(ratioOf(beside(all, result, 'ours'), result.rounds, 'perSecond')),
]
const cpu: Column = ['CPU', ({ rounds }) => microseconds(medianOf(rounds, 'cpu'))]
const cpuOfFloor: Column = [
  'CPU of the floor',
  (result, all) => ratio(ratioOf(result.rounds, beside(all, result, 'floor'), 'cpu')),
]
const p50: Column = ['p50', ({ rounds }) => microseconds(medianOf(rounds, 'p50'))]
const p50OfFloor: Column = [
  'p50 of the floor',
  (result, all) => ratio(ratioOf(result.rounds, beside(all, result, 'floor'), 'p50')),
]
const p99: Column = ['p99', ({ rounds }) => microseconds(medianOf(rounds, 'p99'))]
const heap: Column = ['heap per watch', ({ rounds }) => bytes(medianOf(rounds, 'heap'))]
const rearm: Column = [
  're-armed after',
  ({ rearm }) => (rearm.length === 0 ? '' : `${count(median(rearm))} ms`),
]

function columnsOf({ op, inFlight }: Row): readonly Column[] {
  if (op === 'watch') return [rate, cpu, heap, rearm]
  if (op === 'encode' || op === 'decode') return [rate, lead, cpu]
  if (inFlight === 1) return [p50, p50OfFloor, p99, cpu, cpuOfFloor]
  return [rate, lead, cpu, cpuOfFloor]
}

export function markdown(results: BenchResults, goals: readonly Goal[]): string {
  const { clients, missing } = results
  const names = new Map(clients.map(({ id, name }) => [id, name]))
  const sections = rows.flatMap(row =>
    row.targets.map(target => {
      const present = results.results.filter(result => result.row === row.id && result.target === target)
      return present.length === 0 ? '' : section(row, target, present, names, missing)
    }),
  )
  return [preface(results), overview(results), ...sections, goalTable(goals)]
    .filter(text => text !== '')
    .join('\n')
}

function preface({ machine, clients, missing, rounds, seconds, quick }: BenchResults): string {
  const [before, after] = machine.load
  const lines = [
    '# The bench',
    '',
    `${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}` +
      `${machine.server === null ? '' : `, ${machine.server}`}; load ${before.toFixed(1)} before, ${after.toFixed(1)} after.`,
    `Medians of ${rounds} rounds of ${seconds} s, all clients in turns; ratios of neighbouring rounds. ` +
      'CPU is user and system time of the client, all threads, per request.',
    ...(quick ? ['A quick run: to see that it works, not for figures.'] : []),
    '',
    ...clients.map(({ name, version }) => `- ${name}: ${version}`),
    ...missing.map(({ name, reason }) => `- ${name}: not measured, ${reason}`),
  ]
  return `${lines.join('\n')}\n`
}

function section(
  row: Row,
  target: TargetName,
  present: readonly Result[],
  names: ReadonlyMap<string, string>,
  missing: readonly MissingClient[],
): string {
  const columns = columnsOf(row)
  const body = present.map(result => {
    const cells = columns.map(([, cell]) => cell(result, present))
    const name = names.get(result.client) ?? result.client
    return [result.error === null ? name : `${name} (${result.error})`, ...cells]
  })
  // Why is told once, at the top.
  const absent = missing.map(({ name }) => [`${name} (not there)`, ...columns.map(() => '')])
  const head = ['client', ...columns.map(([title]) => title)]
  return `## ${row.title}${SERVERS[target]}\n\n${table(head, [...body, ...absent])}`
}

function goalTable(goals: readonly Goal[]): string {
  const body = goals.map(({ title, wanted, measured, unit, reached }) => {
    const found = measured === null ? 'not measured' : `${measured.toPrecision(3)} ${unit}`
    return [title, wanted, found, reached === null ? '' : reached ? 'yes' : 'no']
  })
  return `## Figures to reach\n\n${table(['figure', 'wanted', 'measured', 'reached'], body)}`
}
