// A server list from SRV records: whose turn it is when records, names and lists change, or an answer is late.
import { parseConnectString } from '../../../protocol/net/connect-string.ts'
import { ServerList } from '../../../protocol/net/server-list.ts'
import type { SrvRecord } from '../../../protocol/net/srv.ts'
import { t } from '../../tap.ts'

/** One after the other by priority: no chance is involved. */
const recordsOf = (...names: readonly string[]): readonly SrvRecord[] =>
  names.map((name, priority) => ({ name, port: 1, priority, weight: 0 }))

/** A list whose DNS answers when and what the test says; without an entry in `answers` it is silent. */
function listOf(source: string): {
  list: ServerList
  answers: Map<string, readonly SrvRecord[]>
  /** Names that were asked for and not answered, with what answers them. */
  waiting: [name: string, answer: (records: readonly SrvRecord[]) => void][]
  next(signal?: AbortSignal): Promise<string>
} {
  const answers = new Map<string, readonly SrvRecord[]>()
  const waiting: [string, (records: readonly SrvRecord[]) => void][] = []
  const lookupSrv = (name: string): Promise<readonly SrvRecord[]> => {
    const answer = answers.get(name)
    if (answer !== undefined) return Promise.resolve(answer)
    return new Promise(resolve => waiting.push([name, resolve]))
  }
  const lookup = async (host: string): Promise<string[]> => [`ip-${host}`]
  const list = new ServerList(parseConnectString(source), { lookup, lookupSrv, random: () => 0 })
  const next = async (signal = new AbortController().signal): Promise<string> =>
    (await list.next(signal)).host
  return { list, answers, waiting, next }
}

t.test('H8: srv list: the same name again changes nothing, another one begins anew', async t => {
  const { list, answers, next } = listOf('dns-srv://one')
  for (const name of ['one', 'two']) answers.set(name, recordsOf('a', 'b'))
  t.equal(await next(), 'a')
  list.updateSrv('one')
  t.equal(await next(), 'b')
  t.equal(await next(), 'a')
  list.updateSrv('two')
  t.strictSame(list.servers, [])
  t.equal(await next(), 'a', 'with the same records too')
})

t.test('H8: srv list: one that was replaced by servers is asked for no more', async t => {
  const { list, answers, waiting, next } = listOf('dns-srv://one')
  answers.set('one', recordsOf('a'))
  t.equal(await next(), 'a')
  answers.clear()
  list.update(parseConnectString('x').servers, [])
  t.equal(await next(), 'x')
  t.strictSame(waiting, [])
})

t.test('H8: srv list: all who ask before the first answer get one', async t => {
  const { waiting, next } = listOf('dns-srv://one')
  const both = Promise.all([next(), next()])
  for (const [, answer] of waiting) answer(recordsOf('a', 'b'))
  t.strictSame((await both).sort(), ['a', 'b'])
})

t.test('H8: srv list: an answer for a name that was replaced meanwhile is none', async t => {
  const { list, answers, waiting, next } = listOf('dns-srv://one')
  const early = next()
  list.updateSrv('two')
  waiting[0]?.[1](recordsOf('a'))
  await t.rejects(early, { message: 'the SRV records of two are not known yet' })
  t.strictSame(list.servers, [])
  answers.set('two', recordsOf('b'))
  t.equal(await next(), 'b')
})

t.test('H8: srv list: who is aborted while a known name is asked for takes nobody his turn', async t => {
  const { answers, waiting, next } = listOf('dns-srv://one')
  answers.set('one', recordsOf('a', 'b', 'c'))
  t.equal(await next(), 'a')
  answers.clear()
  const controller = new AbortController()
  const aborted = next(controller.signal)
  controller.abort(new Error('enough'))
  await t.rejects(aborted, { message: 'enough' })
  t.equal(waiting.length, 1)
  t.equal(await next(), 'b')
})

t.test('H8: srv list: the order of an answer means nothing, another priority or weight does', async t => {
  const { answers, next } = listOf('dns-srv://one')
  answers.set('one', recordsOf('a', 'b', 'c'))
  t.equal(await next(), 'a')
  answers.set('one', [...recordsOf('a', 'b', 'c')].reverse())
  t.equal(await next(), 'b')
  answers.set('one', recordsOf('b', 'a', 'c'))
  t.equal(await next(), 'b', 'from the first on again')
  t.equal(await next(), 'a')
  answers.set(
    'one',
    recordsOf('b', 'a', 'c').map(record => ({ ...record, weight: 1 })),
  )
  t.equal(await next(), 'b')
})

t.test('H8: srv list: other records end a lap, the first ones and the same ones do not', async t => {
  const { list, answers, next } = listOf('dns-srv://one')
  answers.set('one', recordsOf('a', 'b', 'c'))
  await next()
  t.equal(list.laps, 0)
  await next()
  t.equal(list.laps, 0)
  answers.set('one', recordsOf('b', 'c', 'd'))
  t.equal(await next(), 'b')
  t.equal(list.laps, 1)
})
