// Mechanisms of SASL that fail, hang or make nonsense: attempts that failed, and never the end.
import { Buffer } from 'node:buffer'
import type { SaslExchange, SaslMechanism } from '../../../../protocol/session/sasl/mechanism.ts'
import { codeOf, outcomeOf } from '../../../support/outcome.ts'
import { reconnect } from '../../../support/scripted-client.ts'
import { t } from '../../../tap.ts'
import { answering, bytes, failuresOf, fourStep, saslWorld } from './sasl-support.ts'

/** The four steps, but for what `broken` puts in their place as long as it gives something. */
function fragile(broken: () => Partial<SaslExchange> | undefined): SaslMechanism {
  const { begin } = fourStep()
  return { name: 'FRAGILE', begin: (...given) => ({ ...begin(...given), ...broken() }) }
}

const problem = new Error('no ticket')
const breakages: Readonly<Record<string, () => Partial<SaslExchange>>> = {
  'begin throws': () => {
    throw problem
  },
  'initial throws': () => ({
    initial: () => {
      throw problem
    },
  }),
  'initial rejects': () => ({ initial: () => Promise.reject(problem) }),
  'respond rejects': () => ({ respond: () => Promise.reject(problem) }),
}

for (const [what, breakage] of Object.entries(breakages)) {
  t.test(`sasl: ${what}: attempts fail with the cause, after pauses, until it is well again`, async t => {
    let broken = true
    const world = saslWorld(
      t,
      fragile(() => (broken ? breakage() : undefined)),
    )
    answering(world, 'two', 'four')
    const { zk, clock, ensemble, states } = world
    const failures = failuresOf(world)
    const read = outcomeOf(zk.get('/a', { timeout: Number.POSITIVE_INFINITY }))
    await clock.advance(60_000)
    t.match(failures[0], {
      reason: 'mechanismFailed',
      code: 'CONNECTION_LOSS',
      message: /FRAGILE failed: no ticket/,
      cause: problem,
    })
    const tries = ensemble.connections.length
    t.ok(tries > 5 && tries < 20, `${tries} attempts in a minute`)
    t.ok(ensemble.connections.every(({ closed }) => closed))
    t.strictSame(states, [], 'it is not the end')
    t.match(zk.status().troubles.attemptFailed, { count: failures.length, message: /no ticket/ })
    broken = false
    await clock.advance(30_000)
    t.strictSame(states, ['connected'])
    t.strictSame(ensemble.link.names, ['sasl', 'sasl', 'getData'])
    const early = ensemble.connections.slice(0, -1).flatMap(({ names }) => names)
    t.strictSame(
      [...new Set(early)].filter(name => name !== 'sasl'),
      [],
      'nothing went out without the proof',
    )
    t.equal(read.state, 'pending')
  })
}

t.test('sasl: what is no token, or too large for one, is a fault of the mechanism', async t => {
  for (const [token, message] of [
    [undefined, /its token is not bytes/],
    ['text', /its token is not bytes/],
    [Buffer.alloc(2000), /exceeds the limit/],
  ] as const) {
    const world = saslWorld(
      t,
      fragile(() => ({ respond: () => token as never })),
      { maxRequestSize: 1000 },
    )
    answering(world, 'two')
    const failures = failuresOf(world)
    outcomeOf(world.zk.connect())
    await world.clock.advance(10)
    t.match(failures, [{ reason: 'mechanismFailed', cause: { message } }])
    t.equal(world.zk.state, 'connecting')
  }
})

t.test('sasl: a session lives on while the mechanism fails on the way back to it', async t => {
  let broken = false
  const world = saslWorld(
    t,
    fragile(() => (broken ? breakages['initial rejects']?.() : undefined)),
  )
  answering(world, 'two', 'four')
  const { zk, clock, states } = world
  outcomeOf(zk.connect())
  await clock.advance(10)
  const { sessionId } = zk
  broken = true
  await reconnect(world)
  await clock.advance(1000)
  broken = false
  await clock.advance(3000)
  t.strictSame(states, ['connected', 'suspended', 'connected'])
  t.equal(zk.sessionId, sessionId)
})

t.test(
  'H10: sasl: a mechanism that hangs is passed over in time, and close() does not wait for it',
  async t => {
    const world = saslWorld(
      t,
      fragile(() => ({ initial: () => new Promise(() => {}) })),
    )
    const { zk, clock, ensemble } = world
    const failures = failuresOf(world)
    const connecting = outcomeOf(zk.connect())
    await clock.advance(9100)
    t.match(failures, [{ reason: 'timeout' }])
    t.equal(ensemble.connections.length, 2)
    const closing = outcomeOf(zk.close())
    await clock.settle()
    t.strictSame([closing.state, codeOf(connecting)], ['resolved', 'CLOSED'])
    t.ok(ensemble.connections.every(({ closed }) => closed))
  },
)

t.test('sasl: a token that comes when the connection is over goes nowhere', async t => {
  const tokens: ((token: Buffer) => void)[] = []
  const initial = (): Promise<Buffer> => new Promise(resolve => tokens.push(resolve))
  const world = saslWorld(
    t,
    fragile(() => ({ initial })),
  )
  const { zk, clock, ensemble } = world
  outcomeOf(zk.connect())
  await clock.settle()
  ensemble.link.close()
  await clock.settle()
  tokens[0]?.(bytes('one'))
  await clock.advance(100)
  t.strictSame(
    ensemble.connections.flatMap(({ names }) => names),
    [],
  )
  t.equal(zk.state, 'connecting')
})
