// One attempt to connect, by itself: what is left of it when its time is over.
import type { Buffer } from 'node:buffer'
import { parseConnectString } from '../../../protocol/net/connect-string.ts'
import { MemoryTransport } from '../../../protocol/net/memory.ts'
import { ServerList } from '../../../protocol/net/server-list.ts'
import type { Transport } from '../../../protocol/net/transport.ts'
import { attempt } from '../../../protocol/session/establish.ts'
import { XidCounter } from '../../../protocol/session/in-flight.ts'
import { LastZxid } from '../../../protocol/session/last-zxid.ts'
import { ServerSkills } from '../../../protocol/session/server-skills.ts'
import { WatchTable } from '../../../protocol/session/watch-table.ts'
import { deferred } from '../../../protocol/support/deferred.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { outcomeOf } from '../../support/outcome.ts'
import { t } from '../../tap.ts'

t.test('attempt: a transport that is there when the time is over is let go, unused', async t => {
  const clock = new FakeClock()
  const made = deferred<Transport>()
  const attempted = outcomeOf(
    attempt({
      session: null,
      sessionTimeout: 9000,
      lastZxid: 0n,
      readOnly: false,
      servers: new ServerList(parseConnectString('zk'), { lookup: async () => ['10.0.0.1'] }),
      connect: () => made.promise,
      environment: {
        clock,
        xids: new XidCounter(),
        lastZxid: new LastZxid(),
        watches: new WatchTable(),
        skills: new ServerSkills(clock),
        maxRequestSize: 1000,
        maxResponseSize: 1000,
      },
      port: {
        proven: () => {},
        notified: () => {},
        writable: () => {},
        authFailed: () => {},
        stalled: () => {},
        closed: () => {},
      },
      timeout: 500,
      sasl: null,
      signal: new AbortController().signal,
    }),
  )
  await clock.advance(500)
  t.match(attempted, { state: 'rejected', error: { reason: 'timeout', server: 'zk (10.0.0.1:2181)' } })
  const [client, server] = MemoryTransport.pair()
  const received: Buffer[] = []
  let isClosed = false
  server.open({
    data: chunk => received.push(chunk),
    drain: () => {},
    closed: () => {
      isClosed = true
    },
  })
  made.resolve(client)
  await clock.settle()
  t.equal(isClosed, true)
  t.strictSame(received, [])
  t.equal(clock.scheduled, 0)
})
