// What is remembered of servers: what each does not know, for how long, and of how many.
import { OpCode } from '../../../protocol/opcodes.ts'
import { ServerSkills } from '../../../protocol/session/server-skills.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { t } from '../../tap.ts'

const ASK_AGAIN = 300_000
const MARSHALLING_ERROR = -5
const UNIMPLEMENTED = -6

t.test(
  'server skills: two losses in a row tell that a server has no persistent watches, one does not',
  async t => {
    const skills = new ServerSkills(new FakeClock()).of('a:1')
    skills.silent()
    skills.armed()
    skills.silent()
    t.equal(skills.lacks(OpCode.setWatches2), false)
    skills.silent()
    t.equal(skills.lacks(OpCode.setWatches2), true)
    t.equal(skills.lacks(OpCode.addWatch), true, 'a server knows both or neither')
    t.equal(skills.armsPersistent, false)
  },
)

t.test(
  'server skills: what a server lacks is asked again at the first end of a connection after its time',
  async t => {
    const clock = new FakeClock()
    const skills = new ServerSkills(clock).of('a:1')
    await clock.advance(ASK_AGAIN)
    skills.refused(OpCode.whoAmI)
    await clock.advance(ASK_AGAIN - 1)
    skills.connectionOver()
    t.equal(skills.lacks(OpCode.whoAmI), true)
    await clock.advance(1)
    t.equal(skills.lacks(OpCode.whoAmI), true)
    skills.connectionOver()
    t.equal(skills.lacks(OpCode.whoAmI), false)
  },
)

t.test('server skills: of ever new addresses, no more than some hundreds are remembered', async t => {
  const known = new ServerSkills(new FakeClock())
  const first = known.of('10.0.0.1:1')
  for (let port = 2; port <= 256; port++) known.of(`10.0.0.1:${port}`)
  t.equal(known.of('10.0.0.1:1'), first)
  known.of('10.0.0.1:257')
  t.not(known.of('10.0.0.1:1'), first)
})

t.test(
  'server skills: the answer of a server without persistent watches is understood, and remembered',
  async t => {
    const skills = new ServerSkills(new FakeClock()).of('a:1')
    t.equal(skills.meaningOf(MARSHALLING_ERROR, OpCode.removeWatches), MARSHALLING_ERROR)
    t.equal(skills.meaningOf(0, OpCode.addWatch), 0)
    t.equal(skills.lacking.size, 0)
    t.equal(skills.meaningOf(MARSHALLING_ERROR, OpCode.addWatch), UNIMPLEMENTED)
    t.equal(skills.lacks(OpCode.setWatches2), true)
  },
)

t.test('server skills: after its time, the losses of a server are counted anew', async t => {
  const clock = new FakeClock()
  const skills = new ServerSkills(clock).of('a:1')
  for (const until of [ASK_AGAIN, 2 * ASK_AGAIN]) {
    skills.silent()
    t.equal(skills.lacks(OpCode.setWatches2), false, `once before ${until}`)
    skills.silent()
    t.equal(skills.lacks(OpCode.setWatches2), true)
    await clock.advance(ASK_AGAIN)
    skills.connectionOver()
  }
})
