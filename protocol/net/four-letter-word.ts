// Four-letter words: the text commands that a server answers before a session, such as `ruok` and `srvr`.
import { Buffer } from 'node:buffer'
import { InvalidArgumentError, PacketTooLargeError, ZooKeeperError } from '../errors.ts'
import { onAbort } from '../support/abort.ts'
import type { Address, Connector } from './transport.ts'

/** A server that talks without end is cut off here. */
const LONGEST_ANSWER = 16 * 1024 * 1024

/**
 * The answer as the server words it; an empty one where it does not serve. Errors: CONNECTION_LOSS, NO_AUTH when the
 * word is not in the server's whitelist (`4lw.commands.whitelist`), PACKET_TOO_LARGE above 16 MiB, or the signal's reason.
 */
export async function fourLetterWord(
  address: Address,
  connect: Connector,
  word: string,
  signal: AbortSignal,
): Promise<string> {
  if (typeof word !== 'string' || !/^[a-z]{4}$/.test(word)) {
    throw new InvalidArgumentError('word', 'four lower-case letters', word)
  }
  const transport = await connect(address, signal)
  const answer = await new Promise<string>((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const off = onAbort(signal, reason => {
      transport.destroy()
      reject(reason)
    })
    transport.open({
      data(chunk, length) {
        chunks.push(Buffer.from(chunk.subarray(0, length)))
        size += length
        if (size <= LONGEST_ANSWER) return
        off()
        transport.destroy()
        reject(new PacketTooLargeError(size, LONGEST_ANSWER, { operation: word }))
      },
      drain() {},
      closed(cause) {
        off()
        if (cause !== undefined && size === 0)
          reject(new ZooKeeperError('CONNECTION_LOSS', { operation: word, cause }))
        else resolve(Buffer.concat(chunks).toString('utf8'))
      },
    })
    transport.write(Buffer.from(word, 'latin1'), () => {})
  })
  if (/is not executed because it is not in the whitelist/.test(answer)) {
    throw new ZooKeeperError('NO_AUTH', {
      operation: word,
      message: `${word}: not in the server's whitelist`,
    })
  }
  return answer
}
