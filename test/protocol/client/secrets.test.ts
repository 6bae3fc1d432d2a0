// Secrets: passwords appear in no error, no inspection and no debug output, whatever goes wrong.
import { Buffer } from 'node:buffer'
import { inspect } from 'node:util'
import createDebug from 'debug'
import { eventually } from '../../support/eventually.ts'
import { outcomeOf } from '../../support/outcome.ts'
import { connectedWorld, newWorld, reconnect } from '../../support/scripted-client.ts'
import { t } from '../../tap.ts'

/** In every form in which they might be shown. */
function forms(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [secret, bytes.toString('hex'), bytes.toString('base64'), inspect(bytes).slice(8, -1)]
}

const digest = 'bob:sesame-open'
/** What ScriptedEnsemble gives to its first session. */
const sessionPassword = 'secret 257'
const data = 'node-data-of-mine'
const secrets = [...forms(digest), ...forms(sessionPassword), ...forms(data)]

function captureDebug(): { lines: string[]; restore(): void } {
  const lines: string[] = []
  const { log } = createDebug
  createDebug.log = (...parts: unknown[]) => {
    lines.push(parts.map(part => (typeof part === 'string' ? part : inspect(part, { depth: 9 }))).join(' '))
  }
  createDebug.enable('nd-service-registry:*')
  return {
    lines,
    restore() {
      createDebug.disable()
      createDebug.log = log
    },
  }
}

function leaks(text: string): string[] {
  return secrets.filter(secret => text.includes(secret))
}

t.test('H33: secrets: a whole life with many faults shows none', async t => {
  const debug = captureDebug()
  t.teardown(() => debug.restore())
  const world = await connectedWorld(t, { auth: [{ scheme: 'digest', auth: digest }] })
  const { zk, clock, ensemble } = world
  const failures: unknown[] = []
  const note = (promise: Promise<unknown>): void => {
    promise.catch(error => failures.push(error))
  }
  zk.on('attemptFailed', error => failures.push(error))

  note(zk.set('/a', data))
  note(zk.create('/b', data))
  note(zk.transaction().create('/c', data).commit())
  note(zk.set('/large', data.repeat(100_000)))
  note(zk.addAuth('digest', 5 as unknown as string))
  note(zk.create('/d', { data } as unknown as string))
  await clock.settle()
  const { link } = ensemble
  link.raw('00000010 fffffffc 0000000000000000 00000000')
  link.refuse(link.requests.find(({ name }) => name === 'setData') as never, -101)
  await clock.settle()
  ensemble.reach = () => 'refused'
  link.raw('7fffffff')
  await clock.advance(4000)
  ensemble.reach = () => 'open'
  await clock.advance(5000)
  ensemble.expireAll()
  await reconnect(world)
  note(zk.set('/e', data))
  note(zk.addAuth('digest', `${digest}-2`))
  await clock.settle()
  ensemble.link.raw('00000010 fffffffc 0000000000000000 ffffff8d')
  await clock.settle()

  t.equal(zk.state, 'authFailed')
  t.ok(failures.length >= 8, `${failures.length} failures`)
  t.strictSame(leaks(failures.map(error => inspect(error, { depth: 9, showHidden: true })).join('\n')), [])
  await eventually('debug output', () => debug.lines.length >= 5)
  t.strictSame(leaks(debug.lines.join('\n')), [])
})

t.test('H33: secrets: the client and its views can be inspected', async t => {
  const world = await connectedWorld(t, { auth: [{ scheme: 'digest', auth: digest }] })
  const { zk, clock } = world
  outcomeOf(zk.set('/a', data))
  await clock.settle()
  const shown = [zk, zk.chroot('/x'), zk.transaction().create('/a', data)].map(value =>
    inspect(value, { depth: 9, showHidden: true }),
  )
  t.strictSame(leaks(shown.join('\n')), [])
  t.strictSame(leaks(JSON.stringify(zk)), [])
  t.equal(zk.session?.password.toString().slice(0, 6) !== '', true, 'it is there for those who ask for it')
})

t.test('H33: secrets: wrong arguments are not shown', async t => {
  const { zk, clock } = newWorld(t)
  const session = { id: sessionPassword, password: sessionPassword }
  const errors: unknown[] = []
  for (const options of [
    { session },
    { auth: [{ scheme: 5, auth: digest }] },
    { auth: [{ scheme: 'digest', auth: [digest] }] },
  ]) {
    try {
      newWorld(t, options as never)
    } catch (error) {
      errors.push(error)
    }
  }
  zk.addAuth('digest', [digest] as unknown as string).catch(error => errors.push(error))
  await clock.settle()
  t.equal(errors.length, 4)
  t.strictSame(leaks(inspect(errors, { depth: 9, showHidden: true })), [])
})
