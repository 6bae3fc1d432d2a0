// A bounded number of tasks at a time.
import { Gate } from '../../src/registry/gate.ts'
import { microtasks } from '../support/fake-clock.ts'
import { t } from '../tap.ts'

/** Tasks that say when they begin, and end when they are told to. */
class Tasks {
  readonly begun: string[] = []
  readonly #ends = new Map<string, () => void>()

  make(name: string): () => Promise<void> {
    return () => {
      this.begun.push(name)
      return new Promise(resolve => this.#ends.set(name, resolve))
    }
  }

  async end(...names: readonly string[]): Promise<void> {
    for (const name of names) this.#ends.get(name)!()
    await microtasks()
  }
}

t.test('gate: no more tasks than there is room for, in the order of asking', async t => {
  const gate = new Gate({ tasks: 3, bytes: 1000 })
  const tasks = new Tasks()
  for (const name of 'abcdefg') gate.run(1, tasks.make(name))
  t.equal(tasks.begun.join(''), 'abc')
  await tasks.end('b')
  t.equal(tasks.begun.join(''), 'abcd')
  t.equal(gate.inside, 3)
  await tasks.end('a', 'c', 'd')
  await tasks.end('e', 'f', 'g')
  t.equal(tasks.begun.join(''), 'abcdefg')
  t.equal(gate.inside, 0)
})

t.test('gate: bytes are bounded too, and what is too large runs alone', async t => {
  const gate = new Gate({ tasks: 100, bytes: 10 })
  const tasks = new Tasks()
  gate.run(6, tasks.make('a'))
  gate.run(50, tasks.make('huge'))
  gate.run(4, tasks.make('b'))
  gate.run(4, tasks.make('c'))
  t.strictSame(tasks.begun, ['a'], 'the small ones do not overtake the huge one')
  await tasks.end('a')
  t.strictSame(tasks.begun, ['a', 'huge'])
  await tasks.end('huge')
  t.strictSame(tasks.begun, ['a', 'huge', 'b', 'c'])
  await tasks.end('b', 'c')
  t.equal(gate.inside, 0)
})

t.test('gate: the patient go behind all others, and then in their order', async t => {
  const gate = new Gate({ tasks: 1, bytes: 10 })
  const tasks = new Tasks()
  gate.run(1, tasks.make('a'))
  gate.runLater(1, tasks.make('x'))
  gate.run(1, tasks.make('b'))
  gate.runLater(1, tasks.make('y'))
  for (const name of 'abxy') await tasks.end(name)
  t.equal(tasks.begun.join(''), 'abxy')
  gate.runLater(1, tasks.make('free'))
  t.equal(tasks.begun.at(-1), 'free')
})
