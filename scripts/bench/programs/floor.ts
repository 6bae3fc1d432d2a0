// The floor: a bare socket that sends ready-made frames and counts the bytes of the replies.
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { request, sessionRequest } from './floor-frames.ts'
import { measure } from './load.ts'
import { serve } from './serve.ts'
import type { Answer, Task } from './task.ts'

const LENGTH = 4
/** Where the error stands in a reply: behind the length, the xid and the zxid. */
const ERROR_AT = LENGTH + 12

/** The first reply, which tells how long all of them are. */
const SAMPLE = 1

async function run(task: Task): Promise<Answer> {
  const [host, port] = task.connect.split(':')
  const socket = connect({ host: host as string, port: Number(port), noDelay: true })
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  await exchange(socket, sessionRequest())
  const frames = build(task)
  const sample = await exchange(socket, frames.bytes.subarray(0, frames.length))
  if (sample.readInt32BE(ERROR_AT) !== 0) throw new Error(`error ${sample.readInt32BE(ERROR_AT)}`)
  const answer = await measure(task, latencies => pump(socket, frames, sample.length, task, latencies))
  socket.destroy()
  return answer
}

interface Frames {
  readonly bytes: Buffer
  /** Bytes of each. */
  readonly length: number
  /** How many are there; after the last comes the first again. */
  readonly count: number
}

/** Where no request may come twice there is a frame for each; otherwise as many as are in flight. */
function build(task: Task): Frames {
  const count = task.op === 'create' ? task.total + SAMPLE : task.inFlight
  const frames = Array.from({ length: count }, (_, index) => request(task, index))
  return { bytes: Buffer.concat(frames), length: (frames[0] as Buffer).length, count }
}

/** Sends a frame and takes the whole reply. */
function exchange(socket: Socket, frame: Buffer): Promise<Buffer> {
  return new Promise(resolve => {
    let reply = Buffer.alloc(0)
    const listen = (chunk: Buffer): void => {
      reply = Buffer.concat([reply, chunk])
      if (reply.length < LENGTH || reply.length < LENGTH + reply.readInt32BE(0)) return
      socket.off('data', listen)
      resolve(reply)
    }
    socket.on('data', listen)
    socket.write(frame)
  })
}

function pump(
  socket: Socket,
  { bytes, length, count }: Frames,
  replyLength: number,
  { total, inFlight, op }: Task,
  latencies: Float64Array | null,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = 0
    let answered = 0
    let sent = 0
    let at = op === 'create' ? SAMPLE : 0
    let began = 0
    const send = (wanted: number): void => {
      if (latencies !== null) began = performance.now()
      let left = Math.min(wanted, total - sent)
      sent += left
      while (left > 0) {
        if (at === count) at = 0
        const some = Math.min(left, count - at)
        socket.write(bytes.subarray(at * length, (at + some) * length))
        at += some
        left -= some
      }
    }
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server closed the connection')))
    socket.on('data', chunk => {
      received += chunk.length
      const now = Math.floor(received / replyLength)
      if (latencies !== null && now > answered) latencies[answered] = performance.now() - began
      const more = now - answered
      answered = now
      if (answered === total) resolve()
      else if (more > 0) send(more)
    })
    send(inFlight)
  })
}

await serve(run)
