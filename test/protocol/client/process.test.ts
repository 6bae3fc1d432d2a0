// Clients in a process of their own: what they keep alive, and what they let escape.
import { Buffer } from 'node:buffer'
import { spawn } from 'node:child_process'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { scriptArgs } from '../../support/child.ts'
import type { Test } from '../../tap.ts'
import { t } from '../../tap.ts'

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  readonly errors: string
}

/** Runs a script of `children/` to its end, or for so many milliseconds. */
function run(t: Test, limit: number, script: string, ...args: string[]): Promise<Ended> {
  const path = fileURLToPath(new URL(`children/${script}`, import.meta.url))
  const flags = ['--trace-warnings', '--unhandled-rejections=strict']
  const child = spawn(process.execPath, scriptArgs(path, args, flags), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', DEBUG: '' },
    timeout: limit,
    killSignal: 'SIGKILL',
  })
  t.teardown(() => child.kill('SIGKILL'))
  let [output, errors] = ['', '']
  child.stdout.on('data', chunk => {
    output += chunk
  })
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  return new Promise(resolve =>
    child.once('close', (code, signal) => resolve({ code, signal, output, errors })),
  )
}

async function listening(t: Test, serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    serve(socket.on('error', () => {}))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A session of 30 seconds, and nothing after it. */
const greeting = Buffer.concat([
  Buffer.from('00000025 00000000 00007530 0000000000000101 00000010'.replaceAll(' ', ''), 'hex'),
  Buffer.alloc(17),
])

t.test('H11: with `ref: false`, a process with open clients ends by itself', async t => {
  const sound = await listening(t, socket => socket.once('data', () => socket.write(greeting)).resume())
  const silent = await listening(t, socket => socket.resume())
  // No longer than its requests may take: their ends would let it end, too.
  const ended = await run(t, 30_000, 'unreferenced.ts', sound, silent, '127.0.0.1:1')
  t.strictSame(ended, { code: 0, signal: null, output: 'connected\n', errors: '' })
})

t.test('H12: without a listener, no fault becomes an exception, a rejection or a warning', async t => {
  const { code, signal, output, errors } = await run(t, 120_000, 'silent.ts')
  t.equal(errors, '')
  t.strictSame([code, signal], [0, null])
  t.match(output, /^\.{20,}done\n$/)
})
