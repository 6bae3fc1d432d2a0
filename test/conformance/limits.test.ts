// Limits on connections: who is one too many is closed at once, without a byte. Section 8.8.
import { eventually } from '../support/eventually.ts'
import { onBoth } from './both.ts'
import type { RawClient } from './raw-client.ts'
import { connectFrame, RawLink } from './raw-client.ts'

const address = onBoth({ embedded: { maxClientCnxns: 3 }, real: { config: { maxClientCnxns: '3' } } })
const total = onBoth({ embedded: { maxCnxns: 3 }, real: { jvm: ['-Dzookeeper.maxCnxns=3'] } })

for (const [rule, test] of [
  ['8.8.1: connections from one address', address],
  ['8.8.2: connections in all', total],
] as const) {
  test(rule, async (t, { at, open }) => {
    // The connection that made the root of this test may still be on its way out.
    const place = (): Promise<RawClient> => eventually('a place', () => open().catch(() => null))
    const first = await place()
    const others = [await place(), await place()]
    const last = new RawLink(at)
    t.teardown(() => last.destroy())
    last.send(connectFrame())
    await last.end()
    t.equal(last.frames.length, 0)
    await others[0]!.close()
    await place()
    t.ok(first.welcome.sessionId !== 0n)
  })
}
