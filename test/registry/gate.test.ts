// A bounded number of tasks at a time.
import { deferred } from '../../protocol/support/deferred.ts'
import { Gate } from '../../src/registry/gate.ts'
import { microtasks } from '../support/fake-clock.ts'
import { t } from '../tap.ts'

t.test('gate: no more tasks than there is room for, in the order of asking, also after failures', async t => {
  const gate = new Gate({ tasks: 3, bytes: 1000 })
  const begun: number[] = []
  const ends = Array.from({ length: 7 }, () => deferred<void>())
  const runs = ends.map((end, i) =>
    gate
      .run(1, async () => {
        begun.push(i)
        await end.promise
        if (i === 1) throw new Error('failed')
        return i
      })
      .catch(error => error.message),
  )
  await microtasks()
  t.strictSame(begun, [0, 1, 2])
  ends[1]!.resolve()
  await microtasks()
  t.strictSame(begun, [0, 1, 2, 3])
  t.equal(gate.inside, 3)
  for (const end of ends) end.resolve()
  t.strictSame(await Promise.all(runs), [0, 'failed', 2, 3, 4, 5, 6])
  t.strictSame(begun, [0, 1, 2, 3, 4, 5, 6])
  t.equal(gate.inside, 0)
})

t.test('gate: bytes are bounded too, and what is too large runs alone', async t => {
  const gate = new Gate({ tasks: 100, bytes: 10 })
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const run = (name: string, bytes: number): Promise<void> =>
    gate.run(bytes, () => {
      begun.push(name)
      return new Promise(resolve => ends.set(name, resolve))
    })
  const runs = [run('a', 6), run('huge', 50), run('b', 4), run('c', 4)]
  await microtasks()
  t.strictSame(begun, ['a'], 'the small ones do not overtake the huge one')
  ends.get('a')!()
  await microtasks()
  t.strictSame(begun, ['a', 'huge'])
  ends.get('huge')!()
  await microtasks()
  t.strictSame(begun, ['a', 'huge', 'b', 'c'])
  for (const end of ends.values()) end()
  await Promise.all(runs)
})

t.test('gate: the patient go behind all others, and then in their order', async t => {
  const gate = new Gate({ tasks: 1, bytes: 10 })
  const begun: string[] = []
  const run = (name: string) => async (): Promise<void> => void begun.push(name)
  const runs = [
    gate.run(1, run('a')),
    gate.runLater(1, run('patient 1')),
    gate.run(1, run('b')),
    gate.runLater(1, run('patient 2')),
    gate.run(1, run('c')),
  ]
  await Promise.all(runs)
  t.strictSame(begun, ['a', 'b', 'c', 'patient 1', 'patient 2'])
  await gate.runLater(1, run('free'))
  t.equal(begun.at(-1), 'free')
})
