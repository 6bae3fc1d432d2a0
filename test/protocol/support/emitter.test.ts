// The order of events: who hears of what, and what waits until they have.
import { Emitter } from '../../../protocol/support/emitter.ts'
import { microtasks } from '../../support/fake-clock.ts'
import { t } from '../../tap.ts'

t.test('emitter: who comes late hears nothing that was before, and who left hears nothing more', async t => {
  const emitter = new Emitter<{ tick: number }>(() => {})
  const heard: string[] = []
  let off = (): void => {}
  emitter.on('tick', value => {
    if (value > 1) return
    emitter.emit('tick', 2)
    emitter.on('tick', later => heard.push(`late ${later}`))
    off()
  })
  off = emitter.on('tick', value => heard.push(`left ${value}`))
  emitter.emit('tick', 1)
  t.strictSame(heard, [])
  emitter.emit('tick', 3)
  t.strictSame(heard, ['late 3'])
})

t.test('emitter: what is to happen afterwards happens when all have heard what was told before', async t => {
  const emitter = new Emitter<{ tick: number }>(() => {})
  const order: string[] = []
  emitter.on('tick', value => {
    if (value > 1) return
    emitter.emit('tick', 2)
    emitter.afterwards(() => order.push('afterwards'))
  })
  emitter.on('tick', value => order.push(`tick ${value}`))
  emitter.emit('tick', 1)
  t.strictSame(order, ['tick 1', 'tick 2', 'afterwards'])
  emitter.afterwards(() => order.push('at once'))
  t.equal(order.at(-1), 'at once')
})

t.test(
  'emitter: what belongs together is told in a row, and what a listener does about it afterwards',
  async t => {
    const emitter = new Emitter<{ state: string; over: string }>(() => {})
    const heard: string[] = []
    emitter.on('state', value => {
      if (value === 'first') emitter.emit('state', 'second')
    })
    emitter.on('state', value => heard.push(value))
    emitter.on('over', value => heard.push(`over ${value}`))
    const both = (): void =>
      emitter.together(() => {
        emitter.emit('state', 'first')
        emitter.emit('over', 'first')
      })
    both()
    t.strictSame(heard.splice(0), ['first', 'over first', 'second'])
    t.equal(emitter.telling, false)
    emitter.together(both)
    t.strictSame(heard, ['first', 'over first', 'second'], 'one within the other too')
  },
)

t.test(
  'H12: emitter: a listener that rejects later hurts nobody either, and the owner hears of it',
  async t => {
    const thrown: unknown[] = []
    const emitter = new Emitter<{ tick: number }>((error, event) => thrown.push(error, event))
    emitter.on('tick', async () => {
      await microtasks()
      throw new Error('later')
    })
    emitter.on('tick', () => null)
    emitter.emit('tick', 1)
    await microtasks()
    await microtasks()
    t.match(thrown, [{ message: 'later' }, 'tick'])
    t.equal(thrown.length, 2)
  },
)
