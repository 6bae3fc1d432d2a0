// Schemas: what they are shown, what becomes of what they refuse, and who is told.
import { z } from 'zod'
import { ServiceRegistryError } from '../../src/registry/errors.ts'
import type { ReadOptions } from '../../src/registry/read-options.ts'
import { aspectOf } from '../../src/registry/read-options.ts'
import type { ChildSnapshot, Content, Sight } from '../../src/registry/snapshot.ts'
import { snapshotOf } from '../../src/registry/snapshot.ts'
import type {
  InputOf,
  OutputOf,
  StandardSchema,
  ValidationResult,
} from '../../src/registry/standard-schema.ts'
import { checkWrite, Validation } from '../../src/registry/validation.ts'
import { aStat } from '../support/scripted-server.ts'
import { t } from '../tap.ts'

/** A validator written by hand. */
function schemaOf<T>(
  validate: (value: unknown) => ValidationResult<T> | Promise<ValidationResult<T>>,
): StandardSchema<unknown, T> {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

function sightOf(content: Partial<Content>): Sight {
  const whole = { path: '/a', data: null, children: [], stat: aStat, ...content }
  return snapshotOf(Object.freeze(whole), { source: 'live', asOf: 1, stale: false })
}

function validation(): { validation: Validation; warnings: unknown[] } {
  const warnings: unknown[] = []
  return { validation: new Validation(error => warnings.push(error)), warnings }
}

const ssh = z.strictObject({ type: z.string(), weight: z.number().default(1) })
const envelope = { pid: 7, created: '2020-01-02 03:04:05' }

t.test('schema: the types follow', async t => {
  const weight: OutputOf<typeof ssh>['weight'] = 5
  const input: InputOf<typeof ssh> = { type: 'openssh' }
  // @ts-expect-error: a number is no string
  const wrong: InputOf<typeof ssh> = { type: 5 }
  t.same([weight, input, wrong], [5, { type: 'openssh' }, { type: 5 }])
})

t.test('schema: it sees what the writer gave, without the envelope; the reader sees both', async t => {
  const { validation: all, warnings } = validation()
  const raw = { ...envelope, type: 'openssh' }
  const shaped = all.shape({ schema: ssh })(sightOf({ data: raw }))
  t.match(shaped, { path: '/a', data: { type: 'openssh', weight: 1 }, raw, invalid: null, source: 'live' })
  t.ok(Object.isFrozen(shaped) && Object.isFrozen((shaped as Sight).data))
  const text = all.shape({ schema: z.string() })(sightOf({ data: { ...envelope, string_value: 'x' } }))
  t.match(text, { data: 'x', invalid: null })
  t.match(
    all.shape({ schema: ssh })(sightOf({})),
    { data: null, raw: null, invalid: null },
    'no data, no fault',
  )
  t.strictSame(warnings, [])
  const sight = sightOf({ data: raw })
  t.equal(all.shape({})(sight), sight)
})

t.test('schema: data that does not fit is null, with the reasons, the raw data, and one warning', async t => {
  const { validation: all, warnings } = validation()
  const raw = { ...envelope, type: 5 }
  const sight = sightOf({ data: raw })
  for (let i = 0; i < 3; i++) {
    const shaped = all.shape({ schema: ssh })(sight) as { invalid: unknown[] }
    t.match(shaped, { data: null, raw, invalid: [{ message: String, path: ['type'] }] })
  }
  t.equal(warnings.length, 1)
  t.match(warnings[0], { code: 'INVALID_DATA', path: '/a', message: /^\/a does not fit its schema: type: / })
  t.match((warnings[0] as ServiceRegistryError).issues, [{ path: ['type'] }])
  all.shape({ schema: ssh })(sightOf({ data: { ...raw } }))
  t.equal(warnings.length, 2, 'read again, told again')
})

t.test('schema: a validator that throws, rejects or takes its time', async t => {
  const { validation: all, warnings } = validation()
  const sight = sightOf({ data: { n: 1 } })
  const boom = schemaOf(() => {
    throw new Error('boom')
  })
  t.match(all.shape({ schema: boom })(sight), { data: null, invalid: [{ message: 'boom' }] })
  const rejecting = schemaOf(() => Promise.reject('late'))
  t.match(await all.shape({ schema: rejecting })(sight), { data: null, invalid: [{ message: 'late' }] })
  let calls = 0
  const slow = schemaOf(async value => {
    calls++
    return { value: { seen: value } }
  })
  const both = await Promise.all([all.shape({ schema: slow })(sight), all.shape({ schema: slow })(sight)])
  for (const shaped of both) t.match(shaped, { data: { seen: { n: 1 } }, invalid: null })
  t.match(all.shape({ schema: slow })(sight), { data: { seen: { n: 1 } } }, 'known by now')
  t.equal(calls, 1)
  t.equal(warnings.length, 2)
})

t.test('schema: a validator that breaks its contract fails the one who asks, and nobody else', async t => {
  const { validation: all } = validation()
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))
  let good = false
  const odd = schemaOf(async value =>
    good ? { value } : { issues: [{ message: 'no', path: null as never }] },
  )
  const sight = sightOf({ data: { n: 1 } })
  await t.rejects(Promise.resolve(all.shape({ schema: odd })(sight)), TypeError)
  await new Promise(resolve => setImmediate(resolve))
  t.same(unhandled, [])
  good = true
  t.match(await all.shape({ schema: odd })(sight), { data: { n: 1 } }, 'asked again')
})

t.test('childSchema: each child for itself, again only if it changed', async t => {
  const { validation: all, warnings } = validation()
  const child = (data: ChildSnapshot['data']): ChildSnapshot => Object.freeze({ data, stat: aStat })
  const childData = Object.assign(Object.create(null), {
    good: child({ ...envelope, type: 'x' }),
    bad: child({ type: 1 }),
    empty: child(null),
    ['__proto__']: child({ type: 'p' }),
  })
  let calls = 0
  const counted = schemaOf(value => {
    calls++
    return ssh['~standard'].validate(value) as ValidationResult<unknown>
  })
  const shape = all.shape({ childSchema: counted, childData: true })
  const children = Object.keys(childData)
  const shaped = shape(sightOf({ children, childData })) as { childData: Record<string, unknown> }
  t.match(shaped.childData.good, { data: { type: 'x', weight: 1 }, stat: aStat, invalid: null })
  t.match(shaped.childData.bad, { data: null, raw: { type: 1 }, stat: aStat, invalid: [{}] })
  t.match(shaped.childData.empty, { data: null, raw: null, invalid: null })
  t.match(Object.getOwnPropertyDescriptor(shaped.childData, '__proto__')?.value, { data: { type: 'p' } })
  t.match(warnings, [{ code: 'INVALID_DATA', path: '/a/bad' }])
  t.equal(calls, 3)
  shape(sightOf({ children, childData: { ...childData, good: child({ type: 'y' }) } }))
  t.equal(calls, 4)
  const later = all.shape({ childSchema: schemaOf(async value => ({ value })), childData: true })
  const awaited = (await later(sightOf({ children, childData }))) as { childData: Record<string, unknown> }
  t.match(awaited.childData.good, { data: { type: 'x' } })
})

t.test('checkWrite: what does not fit is INVALID_DATA with issues, before anything else happens', async t => {
  t.equal(checkWrite(ssh, '/a', { type: 'x' }), undefined)
  t.equal(checkWrite(ssh, '/a', null), undefined)
  t.throws(() => checkWrite(ssh, '/a', { type: 5 }), { code: 'INVALID_DATA', path: '/a', issues: [{}] })
  const refusing = schemaOf(async () => ({ issues: [{ message: 'no', path: [{ key: 'k' }, 0] }] }))
  await t.rejects(Promise.resolve(checkWrite(refusing, '/a', {})), {
    code: 'INVALID_DATA',
    message: '/a does not fit its schema: k.0: no',
  })
  const error = new ServiceRegistryError('INVALID_DATA', 'x')
  t.equal(error.issues, undefined)
})

t.test('read options: what cannot work is INVALID_OPTION', async t => {
  const bad: unknown[] = [
    null,
    5,
    { childData: 1 },
    { minInstances: -1 },
    { minInstances: 1.5 },
    { holdDown: -1 },
    { holdDown: Number.NaN },
    { holdDown: '5' },
    { schema: {} },
    { schema: { '~standard': { version: 2, validate: () => {} } } },
    { childSchema: ssh },
    { childSchema: 5, childData: true },
  ]
  for (const options of bad) t.throws(() => aspectOf(options as ReadOptions), { code: 'INVALID_OPTION' })
  t.same(aspectOf({}), { childData: false, minInstances: 0, holdDown: 0 })
  t.same(aspectOf({ minInstances: 2 }), { childData: false, minInstances: 2, holdDown: 60_000 })
})
