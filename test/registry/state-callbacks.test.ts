// Who is told of the state of the connection, when, and how often.
import type { SessionState } from '../../protocol/index.ts'
import { StateCallbacks } from '../../src/registry/state-callbacks.ts'
import { t } from '../tap.ts'

interface Stage {
  readonly states: StateCallbacks
  readonly events: boolean[]
  follow(...states: SessionState[]): void
}

function stage(): Stage {
  const events: boolean[] = []
  const states = new StateCallbacks(
    task => task(),
    up => events.push(up),
  )
  const follow = (...path: SessionState[]): void => {
    for (const state of path) states.follow(state)
  }
  return { states, events, follow }
}

/** Lets what is queued run. */
const queued = (): Promise<void> => Promise.resolve().then(() => {})

t.test('N67: a new callback is called at once, and one that is known is not', async t => {
  const { states } = stage()
  const seen: boolean[] = []
  const callback = (up: boolean): void => void seen.push(up)
  states.add(callback, false)
  t.strictSame(seen, [false])
  states.add(callback, true)
  states.add(callback, true, { every: true })
  t.strictSame(seen, [false])
})

t.test('N68: callbacks are called on change alone, unless they want every transition', async t => {
  const { states, events, follow } = stage()
  const [changes, all]: [boolean[], boolean[]] = [[], []]
  states.add(up => changes.push(up), false)
  states.add(up => all.push(up), false, { every: true })
  follow('connected', 'suspended', 'lost', 'expired', 'connecting', 'connected')
  follow('suspended', 'connectedReadOnly', 'connected', 'closed')
  await queued()
  t.strictSame(changes, [false, true, false, true, false, true, false])
  t.strictSame(events, changes.slice(1))
  t.strictSame(all, [false, true, false, false, true, false, true, false])
})

t.test('N68: a first attempt that fails for good is a transition, and no change', async t => {
  const { states, events, follow } = stage()
  const all: boolean[] = []
  states.add(up => all.push(up), false, { every: true })
  follow('connecting', 'authFailed')
  await queued()
  t.strictSame(all, [false, false])
  t.strictSame(events, [])
})

t.test('N69: callbacks are queued: none runs before the code that brought the change is done', async t => {
  const { states, follow } = stage()
  const order: string[] = []
  states.add(up => order.push(`first ${up}`), false)
  follow('connected')
  order.push('the code goes on')
  // Who comes now is told what is now, and not again what was queued before.
  states.add(up => order.push(`second ${up}`), true)
  follow('suspended')
  t.strictSame(order, ['first false', 'the code goes on', 'second true'])
  await queued()
  t.strictSame(order.slice(3), ['first true', 'first false', 'second false'])
})

t.test('N67: the signal of a callback ends it, also for what is queued already', async t => {
  const { states, follow } = stage()
  const [ended, kept]: [boolean[], boolean[]] = [[], []]
  const controller = new AbortController()
  const callback = (up: boolean): void => void ended.push(up)
  states.add(callback, false, { signal: controller.signal })
  states.add(up => kept.push(up), false)
  follow('connected')
  await queued()
  t.strictSame(
    [ended, kept],
    [
      [false, true],
      [false, true],
    ],
  )
  follow('suspended')
  controller.abort()
  await queued()
  follow('connected')
  await queued()
  t.strictSame(ended, [false, true])
  t.strictSame(kept, [false, true, false, true])
  states.add(callback, true, { signal: controller.signal })
  t.equal(ended.length, 2, 'a signal that has aborted adds none')
  states.add(callback, true)
  t.equal(ended.length, 3, 'one that was ended can be added again')
})
