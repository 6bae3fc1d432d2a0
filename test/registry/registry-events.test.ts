// The events of a registry: warnings wait for the first who listens, and a listener that throws hurts nobody.
import { RegistryEvents } from '../../src/registry/registry-events.ts'
import { microtasks } from '../support/fake-clock.ts'
import { t } from '../tap.ts'

t.test('events: the first warnings wait for the first listener, and for no other event', async t => {
  const events = new RegistryEvents()
  for (let i = 0; i < 12; i++) events.warn(i)
  const seen: unknown[] = []
  events.on('state', up => seen.push(up))
  await microtasks()
  t.strictSame(seen, [])
  const off = events.on('warning', error => seen.push(error))
  t.strictSame(seen, [], 'not on the stack of the caller')
  await microtasks()
  t.strictSame(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 'ten are enough')
  events.warn('now')
  t.equal(seen.at(-1), 'now')
  off()
  const second: unknown[] = []
  events.on('warning', error => second.push(error))
  await microtasks()
  t.strictSame(second, [], 'told once')
})

t.test('events: what a listener throws is a warning, unless it listens to warnings', async t => {
  const events = new RegistryEvents()
  const seen: unknown[] = []
  const thrown = new Error('mine')
  events.on('warning', () => {
    throw new Error('again')
  })
  events.on('warning', error => seen.push(error))
  events.on('state', () => {
    throw thrown
  })
  events.changed(true)
  t.strictSame(seen, [thrown])
  events.warn('next')
  t.strictSame(seen, [thrown, 'next'])
})
