// kazoo on the embedded server: its client, and every recipe that comes with it.
import { fileURLToPath } from 'node:url'
import { findPython } from '../../scripts/peers/python.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { t } from '../tap.ts'
import { runChecks } from './checks.ts'

const SCRIPT = fileURLToPath(new URL('python/kazoo_recipes.py', import.meta.url))
const CHECKS = [
  'nodes',
  'acls',
  'transaction',
  'watches',
  'tree_cache',
  'lock',
  'read_write_lock',
  'semaphore',
  'election',
  'party',
  'barrier',
  'double_barrier',
  'counter',
  'queue',
  'locking_queue',
  'set_partitioner',
  'reconnect',
  'expiry',
  'commands',
]

const peers = await findPython()
const skip = typeof peers === 'string' ? peers : false

t.test('kazoo: the client and its recipes on the embedded server', { timeout: 300_000, skip }, async t => {
  if (typeof peers === 'string') throw new Error(peers)
  const server = await EmbeddedZooKeeper.start({ tickTime: 500, maxSessionTimeout: 60_000 })
  t.teardown(() => server.close())
  const args = ['-B', '-u', SCRIPT, server.connectString]
  await runChecks(t, { command: peers.python, args, checks: CHECKS })
})
