// The registry beside the Python package on one ensemble: each reads what the other writes, and is told when it changes.
import { Buffer } from 'node:buffer'
import { eventually } from '../support/eventually.ts'
import { sideBySide, text } from './python-pair.ts'
import type { PythonPeer, PythonSnapshot } from './python-peer.ts'

const test = await sideBySide()

/** The bytes without what differs from process to process and from second to second. */
const shape = (bytes: string, pid: number): string =>
  bytes
    .replace(new RegExp(`^\\{"pid":${pid},`), '{"pid":P,')
    .replace(/"created":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"/, '"created":"C"')

const samples: readonly (Record<string, unknown> | string | null)[] = [
  null,
  {},
  '',
  'text',
  'sch\u00f6n \u20ac \u{1f600} \u007f \u0001 \t"\\/',
  { type: 'ssh', port: 22, weight: 0.5, on: true, off: false, none: null },
  { zeta: 1, alpha: [1, 'two', { three: 3 }, []], nested: { b: {}, a: [] } },
  { '8080': 'web', b: 1, 22: 'ssh' },
  { pid: 5 },
  { created: 'never', x: 1 },
  { 'schl\u00fcssel': '\u2028' },
]

/** What the watch of Python on a path told last. */
const told = (python: PythonPeer, path: string): PythonSnapshot | undefined =>
  python.changes.filter(change => change.path === path).at(-1)?.snapshot

test(
  'side by side: the other side is the Python package, version 1.1.0',
  async (t, pair) => {
    const { python } = await pair()
    t.match(await python.call('about'), { flavour: 'nd_service_registry', nd_service_registry: '1.1.0' })
  },
  true,
)

test('N21, N22, N25: the bytes on the znodes are the same, and both read the same in them', async (t, pair) => {
  const { python, ours, witness } = await pair()
  for (const [i, data] of samples.entries()) {
    // JavaScript puts keys that look like integers first, in its objects; Python gets them in that order too.
    await python.call('set_node', { path: `/python/${i}`, data })
    await python.call('set_data', { path: `/python-data/${i}`, data })
    await ours.setNode(`/ours/${i}`, data)
    await ours.setData(`/ours-data/${i}`, data)
    for (const kind of ['', '-data']) {
      const theirs = shape(await text(witness, `/python${kind}/${i}`), python.pid)
      t.equal(shape(await text(witness, `/ours${kind}/${i}`), process.pid), theirs)
      if (data === null) t.equal(theirs, '{"pid":P,"created":"C"}')
    }
    for (const path of [`/python/${i}`, `/ours/${i}`]) {
      const inPython = (await python.call<PythonSnapshot>('get', { path })).data
      t.same(inPython, (await ours.get(path)).data)
      if (data !== null && data !== '')
        t.match(inPython, typeof data === 'string' ? { string_value: data } : data)
    }
  }
  for (const side of ['ours', 'python']) {
    t.ok((await witness.exists(`/${side}/0`))?.ephemeralOwner)
    t.equal((await witness.exists(`/${side}-data/0`))?.ephemeralOwner, 0n)
  }
})

test('N21: the time of writing is the local time, on both sides', async (t, pair) => {
  const { python, ours, witness } = await pair()
  const local = (): string => {
    const now = new Date()
    return new Date(now.getTime() - now.getTimezoneOffset() * 60_000)
      .toISOString()
      .slice(0, 19)
      .replace('T', ' ')
  }
  const before = local()
  await python.call('set_node', { path: '/python', data: null })
  await ours.setNode('/ours')
  const after = local()
  for (const path of ['/python', '/ours']) {
    const { created } = JSON.parse(await text(witness, path))
    t.ok(before <= created && created <= after, `${before} <= ${created} <= ${after}`)
  }
})

test('N25, N66: a znode without data, of spaces, or of anything else is the same for both', async (t, pair) => {
  const { python, ours, witness } = await pair()
  const same = async (path: string, expected: unknown): Promise<void> => {
    t.same((await ours.get(path)).data, expected, `ours: ${path}`)
    t.same((await python.call<PythonSnapshot>('get', { path })).data, expected, `Python: ${path}`)
  }
  await witness.create('/null')
  await same('/null', null)
  const contents: readonly (readonly [bytes: string, expected: unknown])[] = [
    ['', null],
    [' \n', {}],
    ['plain', { string_value: 'plain' }],
    ['  sch\u00f6n ', { string_value: 'sch\u00f6n' }],
    ['[1]', { string_value: '[1]' }],
    ['"quoted"', { string_value: '"quoted"' }],
    ['{broken}', { string_value: '{broken}' }],
    ['{"a":1,"a":2}', { a: 2 }],
    ['{"n":null,"deep":{"list":[1,"\\u20ac"]}}', { n: null, deep: { list: [1, '\u20ac'] } }],
  ]
  for (const [i, [bytes, expected]] of contents.entries()) {
    const data = Buffer.from(bytes).toString('base64')
    await python.call('write', { path: `/python/${i}`, data })
    await witness.ensurePath('/ours')
    await witness.create(`/ours/${i}`, Buffer.from(bytes))
    await same(`/python/${i}`, expected)
    await same(`/ours/${i}`, expected)
  }
})

test('N29, N35: Python reads what we register, and is told of changes', async (t, pair) => {
  const { python, ours } = await pair()
  await ours.setNode('/pool/a:1', { type: 'ssh' })
  await ours.setNode('/pool/b:1', 'text')
  const pool = await python.call<PythonSnapshot>('watch', { path: '/pool' })
  t.same(pool.children, ['a:1', 'b:1'])
  const node = await python.call<PythonSnapshot>('watch', { path: '/pool/a:1' })
  t.match(node.data, { pid: process.pid, created: String, type: 'ssh' })
  t.match((await python.call<PythonSnapshot>('get', { path: '/pool/b:1' })).data, { string_value: 'text' })
  await ours.setNode('/pool/a:1', { type: 'web' })
  await ours.setNode('/pool/c:1')
  await ours.unset('/pool/b:1')
  const newest = (path: string): PythonSnapshot | undefined =>
    python.changes.filter(change => change.path === path).at(-1)?.snapshot
  await eventually('the change', () => newest('/pool/a:1')?.data?.type === 'web')
  await eventually('the children', () => newest('/pool')?.children.join() === 'a:1,c:1')
})

test('N29, N58: we read what Python registers, and are told of changes', async (t, pair) => {
  const { python, ours } = await pair({ python: { timeout: 8 } })
  let newest: readonly string[] = []
  await ours.get('/pool', ({ children }) => {
    newest = children
  })
  await python.call('set_node', { path: '/pool/a:1', data: { type: 'ssh', big: 5 } })
  await python.call('set_node', { path: '/pool/b:1', data: 'text' })
  await python.call('set_data', { path: '/config', data: { list: [1, 2] } })
  await eventually('both', () => newest.join() === 'a:1,b:1')
  let type: unknown
  const { data } = await ours.get('/pool/a:1', snapshot => {
    type = snapshot.data?.type
  })
  t.match(data, { pid: python.pid, created: String, type: 'ssh', big: 5 })
  t.match((await ours.get('/pool/b:1')).data, { string_value: 'text' })
  t.match((await ours.get('/config')).data, { list: [1, 2] })
  await python.call('set_node', { path: '/pool/a:1', data: { type: 'web' } })
  await eventually('the change', () => type === 'web')
  await python.kill()
  await eventually('its nodes go with its session', () => newest.length === 0)
})

test('N27: data that only Python writes is read', async (t, pair) => {
  const { python, ours } = await pair()
  const raw = async (path: string, json: string): Promise<unknown> => {
    await python.call('write', { path, data: Buffer.from(json).toString('base64') })
    return (await ours.get(path)).data
  }
  t.same(await raw('/nan', '{"a":NaN,"b":-Infinity,"c":12345678901234567890}'), {
    a: Number.NaN,
    b: Number.NEGATIVE_INFINITY,
    c: 12345678901234567890n,
  })
  t.same(await raw('/blank', ' \n'), {})
  t.same(await raw('/list', '[1]'), { string_value: '[1]' })
})

test('N30, N39, N40: each is told when the other makes, deletes and makes again what was absent', async (t, pair) => {
  const { python, ours } = await pair()
  let newest: Readonly<Record<string, unknown>> | null = null
  const absent = await ours.get('/theirs', snapshot => {
    newest = { data: snapshot.data, exists: snapshot.stat !== null, children: snapshot.children }
  })
  t.match(absent, { data: null, stat: null, children: { length: 0 } })
  t.match(await python.call('watch', { path: '/ours' }), { data: null, stat: null, children: { length: 0 } })
  for (const value of ['first', 'second']) {
    await python.call('write', { path: '/theirs', data: Buffer.from(value).toString('base64') })
    await eventually('we see it', () => {
      return (
        JSON.stringify(newest) ===
        JSON.stringify({ data: { string_value: value }, exists: true, children: [] })
      )
    })
    await python.call('delete', { path: '/theirs' })
    await eventually('we see it go', () => {
      return JSON.stringify(newest) === JSON.stringify({ data: null, exists: false, children: [] })
    })
    await ours.setData('/ours', value)
    await eventually('Python sees it', () => told(python, '/ours')?.data?.string_value === value)
    await ours.unset('/ours')
    await eventually('Python sees it go', () => {
      const snapshot = told(python, '/ours')
      return snapshot?.data === null && snapshot.stat === null
    })
  }
  await python.call('write', { path: '/theirs/child', data: '' })
  await eventually('children of a path that came back', () => JSON.stringify(newest).includes('"child"'))
})

test(
  'N64: one data node for both: each follows the other, and the last write stands',
  async (_t, pair) => {
    const { python, ours, witness } = await pair()
    const by = async (): Promise<unknown> => JSON.parse(await text(witness, '/config')).by
    for (const round of [1, 2]) {
      // The same data as in the round before: a side that had not followed the other would write nothing.
      await eventually(`Python writes, round ${round}`, async () => {
        await python.call('set_data', { path: '/config', data: { by: 'python' } })
        return (await by()) === 'python'
      })
      await eventually(`we write, round ${round}`, async () => {
        await ours.setData('/config', { by: 'ours' })
        return (await by()) === 'ours'
      })
      await eventually('we read it', async () => (await ours.get('/config')).data?.by === 'ours')
    }
    await eventually('Python has it', async () => {
      return (await python.call<PythonSnapshot>('get', { path: '/config' })).data?.by === 'ours'
    })
  },
  true,
)

test(
  'N57: what the other deletes or writes over is put back, on both sides',
  async (t, pair) => {
    const { python, ours, witness, servers } = await pair()
    const { session } = await python.call<{ session: string }>('about')
    const watched = `${servers.slice(servers.indexOf('/'))}/pool/python\n\t${session}\n`
    // What happens before Python looks again, it never hears of.
    const pythonLooks = (): Promise<unknown> =>
      eventually('Python watches its node', async () => (await witness.command('wchp')).includes(watched))
    await python.call('set_node', { path: '/pool/python', data: { by: 'python' } })
    await ours.setNode('/pool/ours', { by: 'ours' })
    const whole = (path: string, by: string): Promise<unknown> =>
      eventually(`${path} is back`, async () => {
        const { data } = await witness.get(path).catch(() => ({ data: null }))
        return data !== null && Buffer.from(data).toString().includes(`"by":"${by}"`)
      })
    for (const _ of [1, 2]) {
      await pythonLooks()
      await ours.client.delete('/pool/python')
      await whole('/pool/python', 'python')
      await python.call('delete', { path: '/pool/ours' })
      await whole('/pool/ours', 'ours')
    }
    await pythonLooks()
    await ours.client.set('/pool/python', 'x')
    await python.call('write', { path: '/pool/ours', data: Buffer.from('x').toString('base64') })
    await whole('/pool/python', 'python')
    await whole('/pool/ours', 'ours')
    t.equal((await witness.exists('/pool/ours'))?.ephemeralOwner, ours.client.sessionId)
  },
  true,
)

test('N59: both register one path: the owner keeps it, and the tree is not flooded', async (t, pair) => {
  const { python, ours, witness } = await pair()
  await ours.setNode('/pool/a', { from: 'ours' })
  await python.call('set_node', { path: '/pool/a', data: { from: 'python' } })
  const began = performance.now()
  const before = (await witness.exists('/pool/a'))!
  await new Promise(resolve => setTimeout(resolve, 2000))
  const after = (await witness.exists('/pool/a'))!
  const seconds = (performance.now() - began) / 1000
  t.equal(after.ephemeralOwner, ours.client.sessionId)
  const writes = after.version - before.version
  t.ok(writes < 30 * seconds, `${writes} writes in ${seconds} seconds`)
})
