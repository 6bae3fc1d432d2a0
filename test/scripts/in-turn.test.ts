// One process at a time: nobody comes in between, and nobody waits for a process that is gone.
import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
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
    t.equal(await readFile(lock, 'utf8'), String(process.pid))
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
