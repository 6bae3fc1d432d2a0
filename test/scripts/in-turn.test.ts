// One process at a time: nobody comes in between, and nobody waits for a process that is gone.
import { execFile } from 'node:child_process'
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inTurn } from '../../scripts/zookeeper/find/in-turn.ts'
import { programArgs } from '../support/child.ts'
import { eventually } from '../support/eventually.ts'
import { folder } from '../support/folder.ts'
import { t } from '../tap.ts'

t.test('in turn: one after the other, also when one fails, and nothing is left', async t => {
  const place = await folder(t)
  const lock = join(place, 'some.lock')
  let [running, most] = [0, 0]
  const work = async (n: number): Promise<number> => {
    most = Math.max(most, ++running)
    t.equal(Number.parseInt(await readFile(lock, 'utf8'), 10), process.pid)
    running--
    if (n === 1) throw new Error('broken')
    return n
  }
  const done = await Promise.allSettled([0, 1, 2].map(n => inTurn(lock, () => work(n))))
  t.same(
    done.map(result => (result.status === 'fulfilled' ? result.value : result.reason.message)),
    [0, 'broken', 2],
  )
  t.equal(most, 1)
  t.same(await readdir(place), [])
})

t.test('in turn: another process waits', async t => {
  const place = await folder(t)
  const lock = join(place, 'some.lock')
  const program = `
    import { inTurn } from './scripts/zookeeper/find/in-turn.ts'
    await inTurn(${JSON.stringify(lock)}, async () => console.log('theirs'))`
  const order: string[] = []
  let other: Promise<unknown> = Promise.resolve()
  await inTurn(lock, async () => {
    other = promisify(execFile)(process.execPath, programArgs(program)).then(({ stdout }) =>
      order.push(stdout.trim()),
    )
    await eventually('the other one is in line', async () => (await readdir(place)).length === 2, 100_000)
    order.push('ours')
  })
  await other
  t.same(order, ['ours', 'theirs'])
})

t.test('in turn: what a process left that is gone holds up nobody', async t => {
  const lock = join(await folder(t), 'some.lock')
  for (const left of [String(2 ** 22 + 1), '']) {
    await writeFile(lock, left)
    t.equal(await inTurn(lock, async () => 'done'), 'done')
  }
})

t.test('in turn: of many who find what is left of another process, one goes on at a time', async t => {
  const rounds = Array.from({ length: 10 }, async () => {
    const place = await folder(t)
    const lock = join(place, 'some.lock')
    await writeFile(lock, String(2 ** 22 + 1))
    let [running, most] = [0, 0]
    const work = async (): Promise<void> => {
      most = Math.max(most, ++running)
      await new Promise(resolve => setTimeout(resolve, 5))
      running--
    }
    await Promise.all(Array.from({ length: 8 }, () => inTurn(lock, work)))
    t.same(await readdir(place), [])
    return most
  })
  t.same(await Promise.all(rounds), new Array(10).fill(1))
})

t.test(
  'in turn: a process that has long been silent holds up nobody: its number may be that of another now',
  async t => {
    const lock = join(await folder(t), 'some.lock')
    const long = new Date(Date.now() - 600_000)
    await writeFile(lock, `${process.pid} a turn`)
    await writeFile(`${lock}.broom`, `${process.pid} a turn`)
    await utimes(lock, long, long)
    await utimes(`${lock}.broom`, long, long)
    t.equal(await inTurn(lock, async () => 'done'), 'done')
  },
)

t.test('in turn: who works for long is not silent', async t => {
  const lock = join(await folder(t), 'some.lock')
  await inTurn(lock, async () => {
    const long = new Date(Date.now() - 600_000)
    await utimes(lock, long, long)
    await eventually('touched', async () => (await stat(lock)).mtimeMs > long.getTime() + 300_000)
  })
})

t.test('in turn: who takes too long takes nothing away from those who did not wait', async t => {
  const lock = join(await folder(t), 'some.lock')
  await inTurn(lock, async () => writeFile(lock, `${process.pid} another turn`))
  t.equal(await readFile(lock, 'utf8'), `${process.pid} another turn`)
})
