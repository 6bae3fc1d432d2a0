// One reader of a persistent watch: what it leaves behind when it ends.
import { ClientCore } from '../../../protocol/client/core.ts'
import { WatchSubscription } from '../../../protocol/client/watch-subscription.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { outcomeOf } from '../../support/outcome.ts'
import { ScriptedEnsemble } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

const UNKNOWN = -6

t.test('watch subscription: it listens to states while it is armed, and no longer', async t => {
  for (const isOld of [false, true]) {
    const clock = new FakeClock()
    const ensemble = new ScriptedEnsemble()
    const core = new ClientCore('zk', {
      ports: { clock, connect: ensemble.connect, lookup: async () => ['10.0.0.1'] },
    })
    const subscription = new WatchSubscription(core, '', '/a', false)
    const arming = outcomeOf(subscription.arm(() => {}, new AbortController().signal))
    await clock.settle()
    const { link } = ensemble
    if (isOld) link.refuse(link.take('addWatch'), UNKNOWN)
    else link.reply(link.take('addWatch'), { err: 0 })
    await clock.settle()
    for (const request of isOld ? ['exists', 'getChildren'] : []) link.refuse(link.take(request), -101)
    await clock.settle()
    t.equal(arming.state, 'resolved')
    t.equal(core.events.count('state'), 1)
    subscription.disarm()
    t.equal(core.events.count('state'), 0)
    outcomeOf(core.close(0))
    await clock.advance(1000)
    t.equal(clock.scheduled, 0)
  }
})
