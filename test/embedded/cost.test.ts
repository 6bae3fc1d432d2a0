// What an embedded server costs, in a process of its own: nothing left behind, no timer without need, bounded memory.
import { cost } from '../../scripts/bench/embedded.ts'
import { onNode } from '../support/child.ts'
import { t } from '../tap.ts'

/** Other runtimes count their timers and handles in their own ways. */
const skip = onNode ? false : 'not applicable: what Node counts'

t.jobs = 1

t.test(
  'cost: a thousand servers leave no handle and no memory behind',
  { timeout: 300_000, skip },
  async t => {
    const { growth, resources } = await cost('cycles', 1000)
    const [before, after] = resources
    t.same(after, before)
    // One forgotten server in each cycle would be ten times as much.
    t.ok(growth < 2_000_000, `${growth} bytes in the second half`)
  },
)

t.test('cost: a server has a timer only while there is a session', { timeout: 300_000, skip }, async t => {
  t.same((await cost('idle')).timers, [0, 1, 0])
})

t.test('cost: 100,000 znodes in less than 100 MB', { timeout: 300_000 }, async t => {
  const { bytes } = await cost('memory', 100_000)
  t.ok(bytes > 10_000_000, 'their data alone')
  t.ok(bytes < 100_000_000, `${bytes} bytes`)
})
