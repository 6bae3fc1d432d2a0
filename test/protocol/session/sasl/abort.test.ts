// A mechanism of SASL that waits for something of its own: for how long, and how it hears that nobody waits for it.
import type { SaslExchange, SaslMechanism } from '../../../../protocol/session/sasl/mechanism.ts'
import { outcomeOf } from '../../../support/outcome.ts'
import { t } from '../../../tap.ts'
import { answering, bytes, failuresOf, fourStep, saslWorld } from './sasl-support.ts'

const never = (): Promise<never> => new Promise(() => {})

/** Where an exchange waits for ever, and the requests that were sent before. */
const waits: Readonly<Record<string, { readonly hung: Partial<SaslExchange>; readonly sent: string[] }>> = {
  initial: { hung: { initial: never }, sent: [] },
  respond: { hung: { respond: never }, sent: ['sasl'] },
}

interface Waiting {
  readonly mechanism: SaslMechanism
  /** The signals of the exchanges, in order. */
  readonly signals: AbortSignal[]
}

/** The four steps, of which one waits in the first `times` exchanges. */
function waiting(hung: Partial<SaslExchange>, times: number): Waiting {
  const signals: AbortSignal[] = []
  const inner = fourStep()
  const begin: SaslMechanism['begin'] = (host, context) => {
    signals.push(context.signal)
    const exchange = inner.begin(host, context)
    return signals.length > times ? exchange : { ...exchange, ...hung }
  }
  return { mechanism: { name: 'WAITING', begin }, signals }
}

for (const [step, { hung, sent }] of Object.entries(waits)) {
  t.test(
    `sasl: ${step} hangs: the attempt has its time, the mechanism is told, the next one goes on`,
    async t => {
      const { mechanism, signals } = waiting(hung, 1)
      const world = saslWorld(t, mechanism)
      answering(world, 'two', 'four')
      const { zk, clock, ensemble } = world
      const failures = failuresOf(world)
      const connecting = outcomeOf(zk.connect())
      await clock.advance(zk.sessionTimeout - 1)
      t.match([failures, ensemble.connections], [[], { length: 1 }])
      t.equal(signals[0]?.aborted, false)
      t.strictSame(ensemble.link.names, sent)
      await clock.advance(1)
      t.match(failures, [
        { reason: 'timeout', code: 'CONNECTION_LOSS', message: /no session within 9000 ms/ },
      ])
      t.equal(signals[0]?.reason, failures[0], 'for the same reason')
      t.equal(ensemble.link.closed, true)
      await clock.advance(1000)
      t.strictSame([connecting.state, zk.state], ['resolved', 'connected'])
      t.notOk(signals[1]?.aborted)
      outcomeOf(zk.close())
      await clock.advance(1000)
      t.equal(zk.state, 'closed')
      t.equal(signals[1]?.aborted, true, 'over with its connection')
    },
  )

  t.test(`sasl: ${step} hangs: close() ends it at once, and tells the mechanism`, async t => {
    const { mechanism, signals } = waiting(hung, 1)
    const world = saslWorld(t, mechanism)
    answering(world, 'two', 'four')
    outcomeOf(world.zk.connect())
    await world.clock.advance(10)
    const closing = outcomeOf(world.zk.close())
    await world.clock.settle()
    t.strictSame([closing.state, world.clock.scheduled], ['resolved', 0])
    t.match(signals[0], { aborted: true, reason: { code: 'CLOSED' } })
  })

  t.test(`sasl: ${step} hangs: a server that hangs up meanwhile ends the attempt at once`, async t => {
    const { mechanism, signals } = waiting(hung, 1)
    const world = saslWorld(t, mechanism)
    answering(world, 'two', 'four')
    const { zk, clock, ensemble } = world
    const failures = failuresOf(world)
    const connecting = outcomeOf(zk.connect())
    await clock.advance(10)
    ensemble.link.close()
    await clock.settle()
    t.match(failures, [{ reason: 'closedBeforeResponse', code: 'CONNECTION_LOSS' }])
    t.match(signals[0], { aborted: true, reason: { code: 'CONNECTION_LOSS' } })
    await clock.advance(1000)
    t.equal(connecting.state, 'resolved')
  })
}

t.test('sasl: what a mechanism throws because of the signal is not the reason of the failure', async t => {
  for (const respond of [
    (signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('told to end')), { once: true })
      }),
    (signal: AbortSignal) =>
      new Promise<Uint8Array>(resolve => {
        signal.addEventListener('abort', () => resolve(bytes('three')), { once: true })
      }),
  ]) {
    const begin: SaslMechanism['begin'] = (_, { signal }) => ({
      initial: () => bytes('one'),
      respond: () => respond(signal),
    })
    const world = saslWorld(t, { name: 'OBEDIENT', begin })
    answering(world, 'two', 'four')
    const failures = failuresOf(world)
    outcomeOf(world.zk.connect())
    await world.clock.advance(9000)
    t.match(failures, [{ reason: 'timeout' }])
    t.equal(failures.length, 1)
    t.strictSame(world.ensemble.connections[0]?.names, ['sasl'], 'nothing more was sent')
  }
})

t.test('sasl: a mechanism that restarts the client when it is told leaves one connection', async t => {
  for (const end of ['close', 'restart'] as const) {
    const { mechanism, signals } = waiting({ initial: never }, 1)
    const world = saslWorld(t, mechanism)
    answering(world, 'two', 'four')
    const { zk, clock, ensemble } = world
    outcomeOf(zk.connect())
    await clock.advance(10)
    signals[0]?.addEventListener('abort', () => outcomeOf(zk.restart()), { once: true })
    outcomeOf(zk[end]())
    await clock.advance(2000)
    t.equal(zk.state, 'connected', end)
    t.equal(ensemble.connections.filter(({ closed }) => !closed).length, 1, end)
  }
})
