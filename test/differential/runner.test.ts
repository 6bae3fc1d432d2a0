// The differential run itself: it finds out a server that lies, and says so in few words.
import type { Buffer } from 'node:buffer'
import { parseCommand } from '../../scripts/differential/args.ts'
import { printDifference, printProgram } from '../../scripts/differential/print.ts'
import type { Program } from '../../scripts/differential/program.ts'
import { parseProgram } from '../../scripts/differential/program.ts'
import { Rivals } from '../../scripts/differential/rivals.ts'
import type { Found } from '../../scripts/differential/search.ts'
import { search } from '../../scripts/differential/search.ts'
import { SUPER } from '../../scripts/differential/values.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'
import type { Lie } from './lying-proxy.ts'
import { lyingProxy } from './lying-proxy.ts'

const SEED = 7
const NO_CHILDREN_CHANGED = 4

async function server(t: Test): Promise<string> {
  const embedded = await EmbeddedZooKeeper.start({ ttl: true, enforceQuota: true, superDigest: SUPER.digest })
  t.teardown(() => embedded.close())
  return embedded.connectString
}

/** An honest server against one that lies. */
async function rivals(t: Test, lie: Lie): Promise<Rivals> {
  const pair = new Rivals(await server(t), await lyingProxy(t, await server(t), lie))
  t.teardown(() => pair.leave())
  return pair
}

async function searchFor(t: Test, lie: Lie, programs = 300): Promise<Found> {
  const pair = await rivals(t, lie)
  return await search(program => pair.differ(program), { seed: SEED, programs, longest: 15 })
}

const xid = (frame: Buffer): number => frame.readInt32BE(0)
const err = (frame: Buffer): number => frame.readInt32BE(12)
const isEvent = (frame: Buffer, type: number): boolean => xid(frame) === -1 && frame.readInt32BE(16) === type

const lies: readonly { readonly what: string; readonly longest: number; readonly lie: Lie }[] = [
  {
    what: 'another error',
    longest: 2,
    lie(frame) {
      if (xid(frame) !== -1 && err(frame) === -101) frame.writeInt32BE(-102, 12)
      return true
    },
  },
  {
    what: 'a zxid that is one too high, in the header of events',
    longest: 4,
    lie(frame) {
      if (isEvent(frame, 1) && frame.readBigInt64BE(4) > 0n)
        frame.writeBigInt64BE(frame.readBigInt64BE(4) + 1n, 4)
      return true
    },
  },
  { what: 'an event that does not come', longest: 4, lie: frame => !isEvent(frame, NO_CHILDREN_CHANGED) },
  {
    what: 'a body with one byte that is wrong',
    longest: 4,
    lie(frame) {
      // The last byte of an 84-byte reply is that of the pzxid of a Stat.
      if (xid(frame) > 0 && frame.length === 84) frame[83]! ^= 1
      return true
    },
  },
]

for (const { what, longest, lie } of lies) {
  t.test(`differential: finds out ${what}`, { timeout: 220_000 }, async t => {
    const found = await searchFor(t, lie)
    const { program } = found.type === 'difference' ? found : { program: null }
    if (program === null) throw new Error('no difference was found')
    t.ok(program.commands.length <= longest, printProgram(program))
    const again = await rivals(t, lie)
    t.not(await again.differ(parseProgram(printProgram(program))), null, 'what is printed can be replayed')
  })
}

t.test('differential: servers that say the same are not accused', async t => {
  const found = await searchFor(t, () => true, 25)
  t.match(found, { type: 'agreement', programs: 25 })
})

t.test('differential: the same seed plays the same programs', async t => {
  const play = async (seed: number): Promise<string[]> => {
    const played: string[] = []
    await search(
      async program => {
        played.push(JSON.stringify(program))
        return null
      },
      { seed, programs: 20 },
    )
    return played
  }
  t.same(await play(1), await play(1))
  t.notSame(await play(1), await play(2))
})

t.test('differential: a judge that breaks is no difference', async t => {
  const judge = (): Promise<never> => Promise.reject(new Error('the server is gone'))
  await t.rejects(search(judge, { seed: 1, programs: 5 }), new Error('the server is gone'))
})

t.test('differential: a program is read as it was printed, and nothing else is one', async t => {
  const program: Program = {
    sessions: 2,
    commands: [
      { do: 'call', session: 0, call: { opcode: 3, request: { path: '~/\0', watch: true }, cut: 2 } },
      { do: 'close', session: 1 },
    ],
  }
  t.same(parseProgram(printProgram(program)), program)
  t.throws(() => parseProgram('{}'), TypeError)
  t.throws(() => parseProgram('{"sessions":1,"commands":[{"do":"sing","session":0}]}'), TypeError)
  t.throws(() => parseProgram('{"sessions":1,"commands":[{"do":"close","session":1}]}'), TypeError)
})

t.test('differential: a difference is told with both sides', async t => {
  const text = printDifference({ where: 'here', embedded: { err: 0 }, real: null })
  t.equal(text, 'here\n  embedded: {"err":0}\n  real:     null\n')
})

t.test('differential: the command line', async t => {
  t.same(parseCommand([], 5), { kind: 'search', programs: 1000, seed: 5 })
  t.same(parseCommand(['--programs', '3', '--seed', '4'], 5), { kind: 'search', programs: 3, seed: 4 })
  t.same(parseCommand(['--replay', 'a', '--replay', 'b'], 5), { kind: 'replay', files: ['a', 'b'] })
  t.same(parseCommand(['--help'], 5), { kind: 'help' })
  for (const wrong of [
    ['--programs', '0'],
    ['--programs', '1.5'],
    ['--seed', 'x'],
    ['--seed', ''],
  ]) {
    t.throws(() => parseCommand(wrong, 5), RangeError, wrong.join(' '))
  }
})
