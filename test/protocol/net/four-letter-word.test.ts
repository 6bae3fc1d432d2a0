// Four-letter words: what of an answer is kept.
import { Buffer } from 'node:buffer'
import { fourLetterWord } from '../../../protocol/net/four-letter-word.ts'
import type { Transport, TransportHandlers } from '../../../protocol/net/transport.ts'
import { t } from '../../tap.ts'

/** Answers a word in parts, all of which come in the same memory, as they do from a socket. */
class PartByPart implements Transport {
  readonly remote: string = 'parts'
  readonly #parts: readonly string[]
  #handlers: TransportHandlers | undefined

  constructor(parts: readonly string[]) {
    this.#parts = parts
  }

  open(handlers: TransportHandlers): void {
    this.#handlers = handlers
  }

  write(): boolean {
    const memory = Buffer.alloc(16)
    for (const part of this.#parts) this.#handlers?.data(memory, memory.write(part, 'latin1'))
    this.#handlers?.closed()
    return true
  }

  destroy(): void {}
}

t.test('four-letter word: the parts of an answer are kept, though their memory is used again', async t => {
  const connect = async (): Promise<Transport> => new PartByPart(['Zookeeper ', 'version: ', '3.9'])
  const address = { host: 'zk', ip: '127.0.0.1', port: 2181 }
  const answer = await fourLetterWord(address, connect, 'srvr', new AbortController().signal)
  t.equal(answer, 'Zookeeper version: 3.9')
})
