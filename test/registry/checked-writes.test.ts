// Writes with a schema: refused before they begin, and in the order of the calls.
import { deferred } from '../../protocol/support/deferred.ts'
import { CheckedWrites } from '../../src/registry/checked-writes.ts'
import type { StandardSchema, ValidationResult } from '../../src/registry/standard-schema.ts'
import { microtasks } from '../support/fake-clock.ts'
import { t } from '../tap.ts'

function gated(gate: Promise<unknown>): StandardSchema {
  const validate = async (value: unknown): Promise<ValidationResult<unknown>> => {
    await gate
    return value === 'bad' ? { issues: [{ message: 'bad' }] } : { value }
  }
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

t.test('writes: a slow schema keeps later writes of its path waiting, and no others', async t => {
  const writes = new CheckedWrites()
  const begun: string[] = []
  const write = (name: string) => async (): Promise<string> => {
    begun.push(name)
    return name
  }
  const [first, second] = [deferred<void>(), deferred<void>()]
  const one = writes.run('/a', 'one', { schema: gated(first.promise) }, write('one'))
  const two = writes.run('/a', 'two', { schema: gated(second.promise) }, write('two'))
  const bad = writes.run('/a', 'bad', { schema: gated(Promise.resolve()) }, write('bad'))
  const three = writes.run('/a', 'three', {}, write('three'))
  const other = writes.run('/b', 'other', {}, write('other'))
  t.strictSame(begun, ['other'], 'without a schema and without a queue, at once')
  second.resolve()
  await microtasks()
  t.strictSame(begun, ['other'])
  first.resolve()
  await t.rejects(bad, { code: 'INVALID_DATA', path: '/a', issues: [{ message: 'bad' }] })
  t.strictSame(await Promise.all([one, two, three, other]), ['one', 'two', 'three', 'other'])
  t.strictSame(begun, ['other', 'one', 'two', 'three'])
  await microtasks()
  const now = writes.run('/a', null, {}, write('now'))
  t.equal(begun.at(-1), 'now', 'nothing is left of the queue')
  await now
})

t.test('writes: what is no schema is INVALID_OPTION', async t => {
  const writes = new CheckedWrites()
  const never = async (): Promise<boolean> => t.fail('not written')
  await t.rejects(writes.run('/a', {}, { schema: 5 as never }, never), { code: 'INVALID_OPTION' })
})
