// The dual record: the Python package and Curator read one and the same node at once.
import { delimiter } from 'node:path'
import { findJavaPeers } from '../../scripts/peers/java.ts'
import { eventually } from '../support/eventually.ts'
import { t } from '../tap.ts'
import { runPeer } from './format-peer.ts'
import type { PairTest } from './python-pair.ts'
import { sideBySide } from './python-pair.ts'
import type { PythonSnapshot } from './python-peer.ts'

const test = await sideBySide()
const java = await findJavaPeers()

const withJava: PairTest =
  typeof java === 'string' ? name => void t.test(name, { skip: java }, async () => {}) : test

withJava('formats: dual: Python and Curator read one node at once', async (t, pair) => {
  if (typeof java === 'string') return
  const { python, ours, servers } = await pair()
  const path = '/services/users'
  const options = { format: 'dual' } as const
  const full = { host: '10.0.0.1', port: 80, weight: 3, data: { note: 'plain', list: [1, 'two'] } }
  const instance = await ours.register(path, full, options)
  await python.call('watch', { path: `${path}/10.0.0.1:80` })
  const peer = { java: java.java, classPath: java.classPath.join(delimiter) }
  const read = async (): Promise<readonly string[]> => {
    const { lines, end } = await runPeer(t, peer, 'DiscoveryPeer', [servers, 'users'])
    await end()
    return lines
  }
  const inJava = await read()
  const inCurator = '10.0.0.1:80 10.0.0.1 80 {note=plain, list=[1, two], weight=3} true'
  t.ok(inJava.includes(`read users ${inCurator}`), inJava.join('\n'))
  const snapshot = await python.call<PythonSnapshot>('get', { path: `${path}/10.0.0.1:80` })
  t.match(snapshot.data, { pid: process.pid, ...full.data, weight: 3, address: '10.0.0.1', port: 80 })
  t.match(snapshot.data?.created, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/, 'as Python writes it')
  t.same((await python.call<PythonSnapshot>('get', { path })).children, ['10.0.0.1:80'])

  await instance.update({ weight: 5, enabled: false })
  await eventually('Python is told', () => python.changes.at(-1)?.snapshot.data?.weight === 5)
  t.equal(python.changes.at(-1)?.snapshot.data?.enabled, false)
  const changed = await read()
  t.ok(
    changed.some(line => line.startsWith('read users 10.0.0.1:80') && line.endsWith('weight=5} false')),
    changed.join('\n'),
  )
})

test('formats: dual: a node that the Python package wrote is found beside ours', async (t, pair) => {
  const { python, ours } = await pair()
  await ours.register('/services/users', { host: '10.0.0.1', port: 80 }, { format: 'dual' })
  using view = ours.discover('/services/users', { format: 'dual' })
  const path = '/services/users/10.0.0.2:81'
  await python.call('set_node', { path, data: { weight: 2, note: 'Python' } })
  await eventually('both', () => view.instances.length === 2)
  t.match(view.instances[1], { host: '10.0.0.2', port: 81, weight: 2, data: { note: 'Python' } })
  await python.call('unset', { path, ephemeral: false })
  await eventually('one', () => view.instances.length === 1)
})
