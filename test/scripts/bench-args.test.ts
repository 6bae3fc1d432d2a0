// The command line of the bench, and the lines in which it speaks with the processes of the clients.
import { parseCommand } from '../../scripts/bench/args.ts'
import type { Task } from '../../scripts/bench/programs/task.ts'
import { createdPaths, formatTask, numbered, parseTask } from '../../scripts/bench/programs/task.ts'
import { rowIds, rows } from '../../scripts/bench/rows.ts'
import { t } from '../tap.ts'

t.test('bench: without arguments everything runs', async t => {
  const options = { quick: false, only: null, clients: null, rounds: 5, seconds: 1, out: 'there' }
  t.strictSame(parseCommand([], 'there'), { kind: 'bench', options })
})

t.test('bench: arguments choose rows, clients and lengths', async t => {
  const args = ['--quick', '--only', 'get,set', '--clients', 'ours,floor', '--rounds', '3', '--out', 'here']
  const options = {
    quick: true,
    only: ['get', 'set'],
    clients: ['ours', 'floor'],
    rounds: 3,
    seconds: 0.05,
    out: 'here',
  }
  t.strictSame(parseCommand(args, 'there'), { kind: 'bench', options })
  t.strictSame(parseCommand(['--help'], 'there'), { kind: 'help' })
})

t.test('bench: what cannot be meant is refused', async t => {
  t.throws(() => parseCommand(['--only', 'get,nothing'], 'there'), /--only takes get, .* not nothing/)
  for (const text of ['0', '-1', 'many', 'Infinity', '1.5']) {
    t.throws(() => parseCommand([`--rounds=${text}`], 'there'), /--rounds takes/, text)
  }
  t.throws(() => parseCommand(['--seconds=0'], 'there'), /--seconds takes/)
  t.throws(() => parseCommand(['--fast'], 'there'), /--fast/)
})

t.test('bench: every row has a name of its own and can run at least once', async t => {
  t.equal(new Set(rowIds).size, rows.length)
  for (const row of rows) {
    t.ok(row.first >= row.inFlight, row.id)
    t.ok(row.first <= row.most, row.id)
    t.ok(row.targets.length > 0, row.id)
  }
})

t.test('bench: a task survives its line', async t => {
  const task: Task = {
    op: 'create',
    connect: '127.0.0.1:2181',
    path: '/bench/created',
    total: 3,
    inFlight: 500,
    size: 100,
    tag: 'ours-0',
  }
  t.strictSame(parseTask(formatTask(task)), task)
  t.throws(() => parseTask('op=get connect=h:1'), /without path/)
})

t.test('bench: the names of created znodes differ and have one length', async t => {
  const paths = createdPaths({
    op: 'create',
    connect: '',
    path: '/a',
    total: 1000,
    inFlight: 1,
    size: 0,
    tag: 'x',
  })
  t.equal(new Set(paths).size, 1000)
  t.equal(new Set(paths.map(path => path.length)).size, 1)
  t.equal(paths[7], numbered('/a', 'x', 7))
  t.equal(numbered('/a', 'x', 7), '/a/x-00000007')
})
