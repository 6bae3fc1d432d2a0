// One direction of a proxied connection: reads a socket, applies the faults, writes the other socket.
import type { Socket } from 'node:net'
import type { Conversation, Direction, ProxiedFrame } from './conversation.ts'
import type { FrameVerdict, SharedFaults } from './fault-mode.ts'
import { treatmentOf } from './fault-mode.ts'
import type { FrameSink } from './frame-tracker.ts'
import { FrameTracker } from './frame-tracker.ts'

export interface LaneOptions {
  readonly direction: Direction
  readonly source: Socket
  readonly sink: Socket
  readonly faults: SharedFaults
  readonly conversation: Conversation
  /** Ends the connection once what was let through in this direction has been written. */
  readonly onCut: (direction: Direction) => void
}

type Item =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'reset' }

// Reading stops while more than this is held, so that a stalled lane pushes back as a full network does.
const HIGH_WATER = 1 << 20

export class ProxyLane implements FrameSink {
  readonly #options: LaneOptions
  readonly #tracker: FrameTracker
  readonly #queue: { readonly arrived: number; readonly item: Item }[] = []
  #queuedBytes = 0
  #timer: NodeJS.Timeout | undefined
  #lossy = false
  #over = false

  constructor(options: LaneOptions) {
    this.#options = options
    this.#tracker = new FrameTracker(options.faults.maxFrameSize, this)
    options.source.on('data', chunk => this.#receive(chunk))
    options.source.on('end', () => this.#accept({ kind: 'end' }))
    options.source.on('close', hadError => {
      if (hadError) this.#accept({ kind: 'reset' })
    })
    options.sink.on('drain', () => this.#regulate())
  }

  /** True when bytes would flow again after some vanished: the stream is past saving. */
  get hasHole(): boolean {
    return this.#lossy && this.#treatment().kind !== 'swallow'
  }

  /** Applies a mode that was just set to what is held. */
  onMode(): void {
    if (this.#treatment().kind === 'swallow' && this.#queue.length > 0) {
      this.#lossy = true
      this.#queue.length = 0
      this.#queuedBytes = 0
    }
    this.#deliverDue()
  }

  /** Stops: nothing is delivered any more. */
  stop(): void {
    this.#over = true
    clearTimeout(this.#timer)
    this.#queue.length = 0
    this.#queuedBytes = 0
  }

  wantsFrames(): boolean {
    return this.#options.faults.rules.length > 0
  }

  onBytes(bytes: Uint8Array): void {
    this.#send({ kind: 'bytes', bytes })
  }

  onPassed(header: Uint8Array): void {
    const { conversation, direction } = this.#options
    conversation.noteSent(conversation.describe(direction, header))
  }

  onFrame(bytes: Uint8Array): void {
    if (this.#over) return
    const { conversation, direction } = this.#options
    const frame = conversation.describe(direction, bytes)
    const verdict = this.#judge(frame)
    if (verdict === 'drop') return
    if (verdict === 'cut') {
      this.#cut()
    } else if (verdict === 'pass') {
      conversation.noteSent(frame)
      this.onBytes(bytes)
    } else {
      if (direction === 'toServer') conversation.noteReplaced(frame.index, verdict)
      this.onBytes(verdict)
    }
  }

  // The first rule that does not let the frame pass decides.
  #judge(frame: ProxiedFrame): FrameVerdict {
    try {
      for (const rule of [...this.#options.faults.rules]) {
        const verdict = rule(frame)
        if (verdict !== 'pass') return verdict
      }
      return 'pass'
    } catch (error) {
      this.#options.faults.onRuleError(error)
      return 'cut'
    }
  }

  #receive(chunk: Uint8Array): void {
    if (this.#over) return
    if (this.#treatment().kind === 'swallow') this.#lossy = true
    else this.#tracker.feed(chunk)
  }

  #accept(item: Item): void {
    if (this.#over) return
    if (this.#treatment().kind === 'swallow') this.#lossy = true
    else this.#send(item)
    // With nobody left to tell, the socket that ended has no reason to stay half open.
    if (this.#options.sink.destroyed) this.#options.source.destroy()
  }

  #send(item: Item): void {
    if (this.#over) return
    this.#queue.push({ arrived: performance.now(), item })
    this.#queuedBytes += sizeOf(item)
    this.#deliverDue()
  }

  #deliverDue(): void {
    clearTimeout(this.#timer)
    const treatment = this.#treatment()
    const hold = treatment.kind === 'hold' ? treatment.ms : 0
    while (this.#queue.length > 0) {
      const wait = hold === 0 ? 0 : this.#queue[0]!.arrived + hold - performance.now()
      if (wait > 0) {
        this.#wakeIn(wait)
        break
      }
      const { item } = this.#queue.shift()!
      this.#queuedBytes -= sizeOf(item)
      this.#deliver(item)
    }
    this.#regulate()
  }

  #wakeIn(wait: number): void {
    if (Number.isFinite(wait)) this.#timer = setTimeout(() => this.#deliverDue(), Math.ceil(wait))
  }

  #deliver(item: Item): void {
    const { sink, faults, direction } = this.#options
    if (!sink.writable) return
    if (item.kind === 'end') {
      sink.end()
    } else if (item.kind === 'reset') {
      resetSocket(sink)
    } else {
      const allowed = faults.spend(direction, item.bytes.length)
      sink.write(allowed === null ? item.bytes : item.bytes.subarray(0, allowed))
      if (allowed !== null) this.#cut()
    }
  }

  #cut(): void {
    this.#options.onCut(this.#options.direction)
  }

  #regulate(): void {
    const { source, sink } = this.#options
    if (this.#over || source.destroyed) return
    if (this.#queuedBytes > HIGH_WATER || sink.writableNeedDrain) source.pause()
    else if (source.isPaused()) source.resume()
  }

  #treatment(): ReturnType<typeof treatmentOf> {
    return treatmentOf(this.#options.faults.mode, this.#options.direction)
  }
}

function sizeOf(item: Item): number {
  return item.kind === 'bytes' ? item.bytes.length : 0
}

/** Closes a socket so that its peer sees a reset, where the runtime can. */
export function resetSocket(socket: Socket): void {
  // The system takes no reset while the end of the stream is being sent; Node would then never close the socket.
  const ending = socket.writableEnded && !socket.writableFinished
  if (ending || socket.connecting || typeof socket.resetAndDestroy !== 'function') socket.destroy()
  else if (!socket.destroyed) socket.resetAndDestroy()
}
