// Asks a server one of its four-letter words.
import { connect } from 'node:net'
import { LOOPBACK } from './config.ts'

export const fourLetterWord = (port: number, word: string, timeout = 2000): Promise<string> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ port, host: LOOPBACK })
    // A frozen server accepts and says nothing: the idle time-out is what ends that.
    socket.setTimeout(timeout, () => socket.destroy(new Error(`no answer to ${word} within ${timeout} ms`)))
    socket.on('connect', () => socket.write(word))
    socket.on('data', chunk => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
  })

export type Mode = 'standalone' | 'leader' | 'follower' | 'observer' | 'read-only'

// The mode in the answer to `srvr`; null while the server does not serve.
export const modeOf = (answer: string): Mode | null => {
  const mode = /^Mode: (.+)$/m.exec(answer)?.[1]?.trim()
  return MODES.find(known => known === mode) ?? null
}

const MODES: readonly Mode[] = ['standalone', 'leader', 'follower', 'observer', 'read-only']
