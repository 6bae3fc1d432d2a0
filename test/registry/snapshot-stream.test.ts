// The snapshots of a path as a stream: what a slow reader gets, and what ends it.
import { snapshotStream } from '../../src/registry/snapshot-stream.ts'
import { outcomeOf } from '../support/outcome.ts'
import { t } from '../tap.ts'

/** A path whose callbacks a test calls. */
class Source {
  readonly callbacks = new Set<(value: number) => void>()

  readonly subscribe = async (callback: (value: number) => void): Promise<() => void> => {
    this.callbacks.add(callback)
    return () => this.callbacks.delete(callback)
  }

  tell(value: number): void {
    for (const callback of this.callbacks) callback(value)
  }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

t.test('snapshot stream: a slow reader gets the newest', async t => {
  const source = new Source()
  const stream = snapshotStream(source.subscribe, [])
  const first = stream.next()
  source.tell(1)
  t.same(await first, { value: 1, done: false })
  source.tell(2)
  source.tell(3)
  t.same(await stream.next(), { value: 3, done: false })
})

t.test('snapshot stream: a signal ends it while it waits, and with it the callback', async t => {
  const controller = new AbortController()
  const source = new Source()
  const stream = snapshotStream(source.subscribe, [undefined, controller.signal])
  const waiting = outcomeOf(stream.next())
  await turn()
  t.equal(source.callbacks.size, 1)
  controller.abort()
  await turn()
  t.match(waiting, { state: 'resolved', value: { done: true } })
  t.equal(source.callbacks.size, 0)
})

t.test('snapshot stream: it fails as the subscription does', async t => {
  const stream = snapshotStream(() => Promise.reject(new Error('stopped')), [])
  await t.rejects(stream.next(), { message: 'stopped' })
})
