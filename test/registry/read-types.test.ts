// What TypeScript says of the options of reads: those that there are not are refused, and what is read has the type
// that they make.
import { z } from 'zod'
import type { OnlyKnown, ReadOptions, ServiceRegistry, SnapshotFor } from '../../src/index.ts'
import { t } from '../tap.ts'

const Config = z.object({ limit: z.number() })
const common = { childData: true, timeout: 5 } as const

function seen(..._values: unknown[]): void {}

/** Compiled, and never run. */
export async function reads(registry: ServiceRegistry, patience: { timeout?: number }): Promise<void> {
  // @ts-expect-error: there is no such option
  await registry.get('/a', { timeout: 5, patience: 1 })
  // @ts-expect-error: there is no such option
  await registry.get('/a', () => {}, { timeout: 5, patience: 1 })
  // @ts-expect-error: there is no such option
  await registry.addCallback('/a', () => {}, { timeout: 5, chilData: true })
  // @ts-expect-error: there is no such option
  registry.watch('/a', { timeout: 5, sginal: AbortSignal.abort() })
  // @ts-expect-error: a look into the memory has no time
  registry.peek('/a', { childData: true, timeout: 5 })
  // @ts-expect-error: of the wrong type
  await registry.get('/a', { wait: 'long' })

  await registry.get('/a', patience)
  await registry.get('/a', {})
  const { childData } = await registry.get('/a', common)
  const { data } = await registry.get('/a', snapshot => snapshot.data?.limit, { schema: Config })
  await registry.get('/a', { callback: snapshot => snapshot.children, timeout: 5 })
  await registry.addCallback('/a', snapshot => snapshot.childData, { childData: true })
  for await (const { data, invalid } of registry.watch('/a', { schema: Config })) {
    const limit: number | undefined = data?.limit
    if (invalid === null) seen(limit)
  }
  const limit: number | undefined = data?.limit
  seen(Object.keys(childData), limit, registry.peek('/a', { childData: true })?.childData)
}

/** A function that passes options on; compiled, and never run. */
export async function passedOn<const Options extends ReadOptions>(
  registry: ServiceRegistry,
  options: OnlyKnown<Options>,
): Promise<SnapshotFor<Options>> {
  for await (const snapshot of registry.watch<Options>('/a', options)) seen(snapshot)
  await registry.addCallback<Options>('/a', seen, options)
  return registry.get<Options>('/a', undefined, options)
}

/** Compiled, and never run. */
export async function passes(registry: ServiceRegistry): Promise<void> {
  const { childData } = await passedOn(registry, { childData: true })
  // @ts-expect-error: there is no such option
  await passedOn(registry, { chilData: true })
  seen(Object.keys(childData))
}

t.test('reads: the types hold, or this file would not compile', async t => {
  t.type(reads, 'function')
  t.type(passes, 'function')
})
