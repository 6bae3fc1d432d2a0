// The command line of `npm run test:chaos`.
import { parseCommand } from '../../scripts/chaos/args.ts'
import { t } from '../tap.ts'

t.test('chaos: without arguments, both targets and a seed by chance', async t => {
  t.same(parseCommand([], 17), {
    kind: 'run',
    targets: ['embedded', 'ensemble'],
    seconds: 60,
    seed: 17,
    clients: 4,
    processes: 1,
    keep: undefined,
  })
})

t.test('chaos: what is asked for', async t => {
  const args = [
    '--target',
    'ensemble',
    '--seconds',
    '300',
    '--seed',
    '5',
    '--clients',
    '2',
    '--processes',
    '0',
  ]
  t.match(parseCommand([...args, '--keep', 'h.json'], 17), {
    targets: ['ensemble'],
    seconds: 300,
    seed: 5,
    clients: 2,
    processes: 0,
    keep: 'h.json',
  })
  t.same(parseCommand(['--help'], 17), { kind: 'help' })
})

t.test('chaos: what cannot be', async t => {
  t.throws(() => parseCommand(['--target', 'moon'], 17), /embedded or ensemble, not moon/)
  t.throws(() => parseCommand(['--seconds', '0'], 17), /--seconds takes a whole number from 1/)
  t.throws(() => parseCommand(['--seed', '1.5'], 17), /--seed/)
  t.throws(() => parseCommand(['--tarmac'], 17))
})
