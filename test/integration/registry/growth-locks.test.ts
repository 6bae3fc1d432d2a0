// A process that asks for ever new locks: those that nobody has are forgotten.
import type { Link } from '../../../src/registry/link.ts'
import { LockBook } from '../../../src/registry/lock-book.ts'
import { eventually } from '../../support/eventually.ts'
import { client, serverForAnySession } from '../../support/zookeeper.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'
import { errorOf, renewed } from '../protocol/support.ts'
import { branch, numbered } from './support.ts'

const { connectString: at } = await serverForAnySession(t)

const test = (name: string, body: (t: Test) => Promise<void>): void => {
  t.test(name, { timeout: 120_000 }, body)
}

/** A book of locks on a client of its own. */
async function bookOf(
  t: Test,
): Promise<{ readonly book: LockBook; readonly servers: string; lose(): Promise<void> }> {
  const { servers } = await branch(t, at)
  const zk = await client(t, servers)
  const link: Pick<Link, 'zk' | 'acl' | 'checkWritable'> = { zk, acl: undefined, checkWritable: () => {} }
  return { book: new LockBook(link as Link), servers, lose: () => renewed(zk, at) }
}

test('growth: a lock is forgotten when it is given up, lost, or was not to be had', async t => {
  const { book, lose } = await bookOf(t)
  t.equal(await book.acquire('/a', {}, {}), true)
  t.equal(book.size, 1)
  const waiting = book.acquire('/a', { name: 'other' }, {})
  t.equal(await book.acquire('/a', { name: 'third' }, { wait: 0 }), false)
  t.equal(await book.release('/a', {}), true)
  t.equal(await waiting, false, 'a release ends those who wait')
  t.equal(book.size, 0)
  for (const path of numbered(100)) {
    t.equal(await book.acquire(path, {}, {}), true)
    t.equal(await book.release(path, {}), true)
    await book.run(path, {}, () => t.ok(book.size <= 1))
  }
  t.equal(book.size, 0)
  t.match(await errorOf(book.acquire('/b', {}, { signal: AbortSignal.abort(new Error('before')) })), {
    message: 'before',
  })
  t.equal(book.size, 0)
  await book.acquire('/c', {}, {})
  await lose()
  await eventually('lost, and forgotten', () => book.size === 0)
  const [one, two] = [book.acquire('/d', {}, {}), book.acquire('/d', {}, {})]
  t.same(await Promise.all([one, two]), [true, true], 'calls at the same time share the object')
  await book.release('/d', {})
  t.equal(book.size, 0)
})

test('growth: getLock gives the same object to whoever has it, and forgets those that nobody has', async t => {
  const { book } = await bookOf(t)
  const mine = book.get('/mine', { name: 'me', simultaneous: 2 })
  t.equal(await mine.acquire(), true)
  for (const path of numbered(20_000)) book.get(path, {})
  t.equal(book.get('/mine', { simultaneous: 2 }), mine)
  t.equal(await book.release('/mine', {}), true)
  t.equal(mine.status(), false)
  t.equal(book.get('/p19999', {}), book.get('/p19999', {}))
  // It may have come already; if not, until it has a reason to, also to what has grown old.
  const litter: object[][] = []
  const left = await eventually('the collector comes', () => {
    if (litter.push(Array.from({ length: 200_000 }, (_, i) => ({ i }))) > 20) litter.length = 0
    return book.size < 10_000 ? book.size : null
  })
  t.ok(left >= 1000, 'those of lately are remembered')
  t.equal(book.get('/mine', { simultaneous: 2 }), mine)
})
