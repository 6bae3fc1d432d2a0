// An ensemble that loses its quorum and gets it back: who reads meanwhile, and who finds the way back by himself.
import type { StateChange, ZooKeeper, ZooKeeperOptions } from '../../../protocol/index.ts'
import { ZooKeeper as Client } from '../../../protocol/index.ts'
import { startEnsemble } from '../../../scripts/zookeeper/ensemble.ts'
import type { Server } from '../../../scripts/zookeeper/server.ts'
import { eventually } from '../../support/eventually.ts'
import { atLeast, serverVersion } from '../../support/versions.ts'
import { client } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { heardUpTo, reading, resyncs } from './stream-support.ts'
import { atOnce, errorOf, historyOf, names } from './support.ts'

// Since 3.7 a read-only server opens local sessions only.
const ensemble = await startEnsemble(3, {
  tickTime: 300,
  readOnlyMode: true,
  config: {
    initLimit: '20',
    syncLimit: '4',
    localSessionsEnabled: 'true',
    localSessionsUpgradingEnabled: 'true',
  },
})
t.teardown(() => ensemble.stop())
const [survivor, ...others] = ensemble.members as [Server, Server, Server]
const patient: ZooKeeperOptions = { sessionTimeout: 6000, ports: { random: atOnce } }

/** Leaves one member, which then serves reads. */
async function loseQuorum(): Promise<void> {
  await Promise.all(others.map(member => member.kill()))
  await eventually('a read-only server', async () => (await survivor.mode()) === 'read-only')
}

async function regainQuorum(): Promise<void> {
  await Promise.all(others.map(member => member.restart({ wait: false })))
  await ensemble.ready()
}

async function reach(zk: ZooKeeper, state: string): Promise<void> {
  await eventually(`${state}, not ${zk.state}`, () => zk.state === state, 60_000)
}

async function begin(t: Test, options: ZooKeeperOptions): Promise<{ zk: ZooKeeper; history: StateChange[] }> {
  const zk = new Client(ensemble.connectString, { ...patient, ...options })
  t.teardown(() => zk.close())
  const history = historyOf(zk)
  void zk.connect().catch(() => {})
  return { zk, history }
}

t.test('without a quorum: reads for those who asked for it; with it, writes for all', async t => {
  const writer = await client(t, survivor.connectString, patient)
  await writer.create('/a', 'before')
  await writer.close()
  const old = await begin(t, { readOnly: true })
  const strict = await begin(t, {})
  for (const { zk } of [old, strict]) await reach(zk, 'connected')
  await loseQuorum()

  const fresh = await begin(t, { readOnly: true, onExpired: 'close' })
  const failures: Error[] = []
  strict.zk.on('attemptFailed', error => failures.push(error))
  const late = await begin(t, {})
  await reach(fresh.zk, 'connectedReadOnly')
  await reach(old.zk, 'connectedReadOnly')
  t.match(fresh.zk.status(), { state: 'connectedReadOnly', server: survivor.connectString })
  t.equal(Buffer.from((await fresh.zk.get('/a')).data ?? []).toString(), 'before')
  t.same((await old.zk.getChildren('/a')).children, [])
  t.equal(await fresh.zk.exists('/none'), null)
  const writes = [
    fresh.zk.create('/b'),
    fresh.zk.set('/a', 'x'),
    fresh.zk.delete('/a'),
    fresh.zk.transaction().create('/c').commit(),
    fresh.zk.sync('/a'),
  ]
  for (const write of writes) {
    t.match(await errorOf(write), { code: 'NOT_READ_ONLY', number: -119, mayHaveApplied: false })
  }
  t.equal(fresh.zk.state, 'connectedReadOnly', 'the connection is kept')
  t.equal(await fresh.zk.command('isro'), 'ro')
  const heard: string[] = []
  await fresh.zk.get('/a', { watch: ({ type }) => heard.push(type) })
  // Before 3.6 a client with a persistent watch loses a connection to each server that it meets for the first time, and a
  // read-only server of that age tells a session of the ensemble that it has expired.
  const stream = atLeast(await serverVersion(), '3.6') ? await reading(t, fresh.zk, '/a') : null

  await eventually('the read-only server refuses who cannot do with it', () => failures.length > 6)
  t.not(strict.zk.state, 'connectedReadOnly')
  t.same(names(late.history), [])
  const waiting = strict.zk.get('/a')

  await regainQuorum()
  for (const { zk } of [fresh, old, strict, late]) await reach(zk, 'connected')
  await waiting
  if (stream !== null) await resyncs(stream, 2)
  for (const { zk } of [fresh, old, strict, late]) {
    await zk.create(`/written-`, null, { mode: 'ephemeralSequential' })
  }
  t.equal((await fresh.zk.getChildren('/')).children.filter(name => name.startsWith('written-')).length, 4)
  t.notOk(
    names(fresh.history).includes('expired'),
    `a session that only a read-only server knew is no loss: ${names(fresh.history)}`,
  )
  t.equal(names(fresh.history).at(-1), 'connected')
  t.ok(names(old.history).includes('connectedReadOnly'))
  for (const { history } of [strict, late]) t.notOk(names(history).includes('connectedReadOnly'))
  await fresh.zk.sync('/a')
  await old.zk.set('/a', 'after')
  if (stream !== null) await heardUpTo(stream, 'nodeDataChanged /a')
  await fresh.zk.sync('/a')
  t.same(heard, ['nodeDataChanged'], 'a watch from the read-only server, armed on the next one')
})
