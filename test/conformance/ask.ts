// Asks a four-letter word, as a client that shuts its own side first: Java's does.
import { Buffer } from 'node:buffer'
import { connect } from 'node:net'

/** What comes back until the server closes. `at`: host:port. `step`: how many bytes go out at a time. */
export function ask(at: string, word: string | Uint8Array, step: number = word.length): Promise<string> {
  return new Promise((resolve, reject) => {
    const [host, port] = at.split(':')
    const bytes = Buffer.from(typeof word === 'string' ? Buffer.from(word, 'latin1') : word)
    const socket = connect({ host: host!, port: Number(port), noDelay: true })
    const send = (from: number): void => {
      if (from >= bytes.length) socket.end()
      else socket.write(bytes.subarray(from, from + step), () => setImmediate(send, from + step))
    }
    let text = ''
    socket.setEncoding('utf8').on('data', chunk => {
      text += chunk
    })
    socket.on('connect', () => send(0))
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}
