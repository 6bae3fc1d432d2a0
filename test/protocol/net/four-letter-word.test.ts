// Four-letter words: what of an answer is kept, and how asking for one ends.
import { Buffer } from 'node:buffer'
import { getEventListeners } from 'node:events'
import { fourLetterWord } from '../../../protocol/net/four-letter-word.ts'
import type { Transport, TransportHandlers } from '../../../protocol/net/transport.ts'
import { microtasks } from '../../support/fake-clock.ts'
import { t } from '../../tap.ts'

/** Answers a word in parts, all of which come in the same memory, as they do from a socket; then it ends, unless told otherwise. */
class PartByPart implements Transport {
  readonly remote: string = 'parts'
  readonly #parts: readonly string[]
  readonly #end: Error | 'end' | 'silence'
  #handlers: TransportHandlers | undefined
  destroyed = false

  constructor(parts: readonly string[], end: Error | 'end' | 'silence' = 'end') {
    this.#parts = parts
    this.#end = end
  }

  open(handlers: TransportHandlers): void {
    this.#handlers = handlers
  }

  write(): boolean {
    const memory = Buffer.alloc(1024 * 1024)
    for (const part of this.#parts) this.#handlers?.data(memory, memory.write(part, 'latin1'))
    const end = this.#end
    if (end !== 'silence') this.#handlers?.closed(end === 'end' ? undefined : end)
    return true
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    queueMicrotask(() => this.#handlers?.closed())
  }
}

const address = { host: 'zk', ip: '127.0.0.1', port: 2181 }
const { signal } = new AbortController()

function ask(transport: Transport, word = 'srvr', until: AbortSignal = signal): Promise<string> {
  return fourLetterWord(address, async () => transport, word, until)
}

t.test('four-letter word: the parts of an answer are kept, though their memory is used again', async t => {
  t.equal(await ask(new PartByPart(['Zookeeper ', 'version: ', '3.9'])), 'Zookeeper version: 3.9')
  t.equal(await ask(new PartByPart([])), '', 'of a server that says nothing, nothing')
})

t.test('four-letter word: a connection that breaks is a loss only while nothing has come', async t => {
  const cause = new Error('ECONNRESET')
  await t.rejects(ask(new PartByPart([], cause)), { code: 'CONNECTION_LOSS', operation: 'srvr', cause })
  t.equal(await ask(new PartByPart(['imok'], cause)), 'imok', 'servers reset what they have answered')
})

t.test('four-letter word: a server that talks without end is cut off', async t => {
  const part = 'x'.repeat(1024 * 1024)
  const most = new PartByPart(Array(16).fill(part))
  t.equal((await ask(most)).length, 16 * 1024 * 1024)
  const endless = new PartByPart([...Array(16).fill(part), 'x'], 'silence')
  await t.rejects(ask(endless), { code: 'PACKET_TOO_LARGE', operation: 'srvr', limit: 16 * 1024 * 1024 })
  t.equal(endless.destroyed, true)
})

t.test('four-letter word: an abort ends the connection, whenever it comes', async t => {
  const silent = new PartByPart(['half an ans'], 'silence')
  const controller = new AbortController()
  const asked = ask(silent, 'srvr', controller.signal)
  await microtasks()
  controller.abort(new Error('enough'))
  await t.rejects(asked, { message: 'enough' })
  const late = new PartByPart([], 'silence')
  await t.rejects(ask(late, 'srvr', controller.signal), { message: 'enough' })
  t.strictSame([silent.destroyed, late.destroyed], [true, true])
  t.equal(getEventListeners(controller.signal, 'abort').length, 0)
})

t.test('four-letter word: one that the server does not take is told from an answer', async t => {
  const refused = new PartByPart(['dump is not executed because it is not in the whitelist.\n'])
  await t.rejects(ask(refused, 'dump'), { code: 'NO_AUTH', operation: 'dump' })
})

t.test('four-letter word: other words are refused before anybody is asked', async t => {
  const connect = (): never => t.fail('asked') as never
  for (const word of ['', 'ruo', 'ruokx', 'RUOK', 'ru k', '\nruok', 5, null]) {
    await t.rejects(fourLetterWord(address, connect, word as string, signal), { code: 'INVALID_ARGUMENT' })
  }
})
