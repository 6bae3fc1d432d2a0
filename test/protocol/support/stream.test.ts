// What all streams of the package stand on: `return()` at any time, and a reader that waits for a bell.
import { Bell, endableStream } from '../../../protocol/support/stream.ts'
import { microtasks } from '../../support/fake-clock.ts'
import { t } from '../../tap.ts'

/** Yields what is pushed; notes how often it was begun and left. */
function pushed(): {
  stream: AsyncGenerator<number, void, void>
  push(item: number): void
  begun: number
  left: number
} {
  const items: number[] = []
  const bell = new Bell()
  const made = {
    begun: 0,
    left: 0,
    push: (item: number): void => {
      items.push(item)
      bell.ring()
    },
    stream: endableStream<number>(async function* (ended) {
      made.begun++
      ended.signal.addEventListener('abort', bell.ring)
      try {
        while (!ended.signal.aborted) {
          const item = items.shift()
          if (item !== undefined) yield item
          else await bell.rung()
        }
      } finally {
        made.left++
      }
    }),
  }
  return made
}

t.test('stream: return() ends it while a reader waits, and the reader hears of the end', async t => {
  const made = pushed()
  made.push(1)
  t.same(await made.stream.next(), { value: 1, done: false })
  const waiting = made.stream.next()
  await microtasks()
  t.same(await made.stream.return(), { value: undefined, done: true })
  t.same(await waiting, { value: undefined, done: true })
  t.same(await made.stream.next(), { value: undefined, done: true })
  t.equal(made.left, 1)
})

t.test('stream: a loop that is left ends it', async t => {
  const made = pushed()
  for (const item of [1, 2, 3]) made.push(item)
  for await (const item of made.stream) if (item === 2) break
  t.equal(made.left, 1)
})

t.test('stream: one that nobody reads does nothing, also when it is ended', async t => {
  const made = pushed()
  t.same(await made.stream.return(), { value: undefined, done: true })
  t.same(await made.stream.next(), { value: undefined, done: true })
  t.equal(made.begun, 0)
})

t.test(
  'bell: wakes the one that waits, once for each wait; a ring that nobody waits for is lost',
  async t => {
    const bell = new Bell()
    bell.ring()
    let rings = 0
    const wait = (): void => void bell.rung().then(() => rings++)
    wait()
    await microtasks()
    t.equal(rings, 0)
    bell.ring()
    bell.ring()
    await microtasks()
    t.equal(rings, 1)
    wait()
    bell.ring()
    await microtasks()
    t.equal(rings, 2)
  },
)
