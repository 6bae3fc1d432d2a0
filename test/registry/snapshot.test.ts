// Snapshots: what counts as equal, what is frozen; and calling users' callbacks without being hurt.
import { isolated } from '../../protocol/support/isolated.ts'
import type { Content } from '../../src/registry/snapshot.ts'
import { blank, deepFreeze, sameContent } from '../../src/registry/snapshot.ts'
import { aStat } from '../support/scripted-server.ts'
import { t } from '../tap.ts'

const content: Content = { path: '/a', data: { n: 1 }, children: ['a', 'b'], stat: aStat }

t.test('equal content', async t => {
  t.equal(sameContent(content, { ...content, stat: { ...aStat }, children: ['a', 'b'] }), true)
  t.equal(sameContent(content, { ...content, data: { n: 1 } }), true)
  t.equal(sameContent(blank('/a'), blank('/a')), true)
  const other: Partial<Content>[] = [
    { children: ['a'] },
    { children: ['a', 'c'] },
    { stat: null },
    { stat: { ...aStat, mzxid: 99n } },
    { stat: { ...aStat, czxid: 99n } },
    { stat: { ...aStat, pzxid: 99n } },
    { stat: { ...aStat, aversion: 99 } },
    { stat: { ...aStat, version: 99 } },
    { data: { n: 2 } },
    { data: null },
  ]
  for (const change of other) {
    t.equal(sameContent(content, { ...content, ...change }), false, Object.keys(change).join())
    t.equal(sameContent({ ...content, ...change }, content), false)
  }
})

t.test('a blank snapshot is frozen through and through', async t => {
  const empty = blank('/a')
  t.ok(Object.isFrozen(empty) && Object.isFrozen(empty.children))
  t.same(empty, { path: '/a', data: null, children: [], stat: null })
})

t.test('deepFreeze', async t => {
  const value = deepFreeze({ a: [{ b: { c: 1 } }, 'x', null, 5n], d: null })
  t.throws(() => ((value.a[0] as { b: { c: number } }).b.c = 2), TypeError)
  t.throws(() => value.a.push('y'), TypeError)
  for (const plain of [null, 5, 'x', undefined]) t.equal(deepFreeze(plain), plain)
})

t.test('isolated callbacks: thrown and rejected errors go to one place', async t => {
  const warnings: unknown[] = []
  const warn = (error: unknown): void => void warnings.push(error)
  let called = 0
  isolated(() => called++, warn)
  isolated(() => {
    throw new Error('thrown')
  }, warn)
  isolated(async () => {
    throw new Error('rejected')
  }, warn)
  isolated(() => Promise.resolve(5), warn)
  await new Promise(resolve => setImmediate(resolve))
  t.equal(called, 1)
  t.match(warnings, [{ message: 'thrown' }, { message: 'rejected' }])
  t.equal(warnings.length, 2)
})
