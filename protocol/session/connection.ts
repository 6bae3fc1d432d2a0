// One connection to one server: frames out, replies matched in order, notifications and pings in between.
import type { Buffer } from 'node:buffer'
import { serverErrors } from '../error-codes.ts'
import { PacketTooLargeError, ZooKeeperError } from '../errors.ts'
import { FrameDecoder, FrameError } from '../frame.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { Transport } from '../net/transport.ts'
import { Xid } from '../opcodes.ts'
import type { AuthPacket } from '../records/access.ts'
import type { ConnectRequest, ConnectResponse } from '../records/connect.ts'
import { connectRequest, connectResponse } from '../records/connect.ts'
import type { WatcherEvent } from '../records/watches.ts'
import { watcherEvent } from '../records/watches.ts'
import type { Clock } from '../support/clock.ts'
import type { Deferred } from '../support/deferred.ts'
import { deferred, handled } from '../support/deferred.ts'
import { Heartbeat } from './heartbeat.ts'
import type { XidCounter } from './in-flight.ts'
import { InFlight } from './in-flight.ts'
import type { LastZxid } from './last-zxid.ts'
import { Output } from './output.ts'
import type { PendingRequest } from './pending-request.ts'
import type { ServerSkills, Skills } from './server-skills.ts'
import { settle, unsendable } from './settle.ts'
import { REQUIRES_AUTH, SideAnswers } from './side-answers.ts'
import type { Timeouts } from './timeouts.ts'
import type { WatchTable } from './watch-table.ts'

/** Bytes of a reply header. */
const REPLY_HEADER = 16
const ERR_AT = 12
const NO_SESSIONS = 'the read-only server opens no sessions: it needs localSessionsEnabled'
const UNKNOWN_OPCODE = 'the server does not know the request'
const UNIMPLEMENTED = serverErrors.UNIMPLEMENTED.number

export interface ConnectionEnvironment {
  readonly clock: Clock
  readonly xids: XidCounter
  readonly lastZxid: LastZxid
  readonly watches: WatchTable
  readonly skills: ServerSkills
  /** Largest frame sent, in bytes. */
  readonly maxRequestSize: number
  /** Largest frame accepted, in bytes. */
  readonly maxResponseSize: number
}

export interface ConnectionPort {
  /** A request sent at `sentAt` was answered. */
  proven(sentAt: number): void
  notified(event: WatcherEvent, zxid: bigint): void
  /** Requests may be sent again. */
  writable(): void
  /** The server rejected a credential. */
  authFailed(): void
  stalled(ms: number): void
  /** The connection is over; `unanswered` were sent and will get no reply. Called once. */
  closed(cause: Error | undefined, unanswered: PendingRequest[]): void
}

/**
 * - `handshaking`: nothing but the ConnectRequest went out. `greeted`: it was answered; SASL may go on.
 * - `open`: requests flow.
 */
type Phase =
  | { readonly kind: 'handshaking'; readonly answer: Deferred<ConnectResponse> }
  | { readonly kind: 'greeted' }
  | { readonly kind: 'open'; readonly heartbeat: Heartbeat }
  | { readonly kind: 'closed'; readonly cause: Error | undefined }

export class Connection {
  /** What is known of the server at the other end. */
  readonly skills: Skills
  readonly #lacking: Set<number>
  readonly #transport: Transport
  readonly #environment: ConnectionEnvironment
  readonly #port: ConnectionPort
  readonly #output: Output
  readonly #decoder: FrameDecoder
  readonly #inFlight = new InFlight()
  readonly #side: SideAnswers
  #phase: Phase = { kind: 'handshaking', answer: deferred() }
  /** Nothing is sent before this one is answered. */
  #alone: PendingRequest | null = null

  constructor(transport: Transport, environment: ConnectionEnvironment, port: ConnectionPort) {
    const { clock, maxRequestSize, maxResponseSize } = environment
    this.#transport = transport
    this.#environment = environment
    this.#port = port
    this.skills = environment.skills.of(transport.remote)
    this.#lacking = this.skills.lacking
    this.#output = new Output(transport, clock, maxRequestSize, {
      busy: () => this.#inFlight.size > 0,
      flushed: at => this.#flushed(at),
    })
    this.#side = new SideAnswers(this.#output, port)
    this.#decoder = new FrameDecoder(maxResponseSize, frame => this.#frame(frame))
  }

  get remote(): string {
    return this.#transport.remote
  }

  /** True while a request given to `send` goes out in this turn. */
  get ready(): boolean {
    return this.#phase.kind === 'open' && this.#alone === null && this.#output.writable
  }

  /** The time of this turn of the event loop. */
  get turn(): number {
    return this.#output.turn
  }

  get inFlight(): Pick<InFlight, 'size' | typeof Symbol.iterator> {
    return this.#inFlight
  }

  handshake(request: ConnectRequest): Promise<ConnectResponse> {
    const phase = this.#phase
    if (phase.kind !== 'handshaking') return Promise.reject(new ZooKeeperError('CONNECTION_LOSS'))
    this.#transport.open({
      data: (chunk, length) => this.#received(chunk, length),
      drain: () => this.#drained(),
      closed: cause => this.#closed(cause),
    })
    this.#output.bare(connectRequest, request)
    return phase.answer.promise
  }

  /** After the handshake: requests may flow, and silence is judged. Throws what ended the connection, if it is over. */
  open(timeouts: Timeouts): void {
    if (this.#phase.kind === 'closed') throw this.#phase.cause ?? new Error('it ended with its handshake')
    const heartbeat = new Heartbeat(this.#environment.clock, timeouts, {
      ping: () => this.#side.ping(),
      dead: silentFor => this.close(new Error(`nothing received for ${Math.round(silentFor)} ms`)),
      stalled: ms => this.#port.stalled(ms),
    })
    this.#phase = { kind: 'open', heartbeat }
  }

  send(request: PendingRequest): void {
    // It may have ended while a mechanism of SASL made its token.
    if (this.#phase.kind === 'closed') return request.fail('CONNECTION_LOSS')
    const { operation, encoded } = request
    const lacking = this.#lacking
    if (lacking.size > 0 && lacking.has(operation.opcode)) return request.refuse(UNIMPLEMENTED)
    const xid = this.#environment.xids.next()
    try {
      request.bytesSent =
        encoded === null
          ? this.#output.request(xid, operation.opcode, operation.request, request.request)
          : this.#output.encoded(xid, encoded)
    } catch (error) {
      request.reject(unsendable(error, request))
      return
    }
    request.xid = xid
    request.sentAt = this.#output.turn
    request.progress = 'sent'
    request.attempts++
    this.#inFlight.push(request)
  }

  /** Sends a request that may cost the connection, once the others have their answers; false while they have not. */
  sendAlone(request: PendingRequest): boolean {
    if (this.#inFlight.size > 0) return false
    this.send(request)
    this.hold(request)
    return true
  }

  /** Nothing follows the request, which was just sent, before all that is on its way has its answer. */
  hold(request: PendingRequest): void {
    if (this.#inFlight.size > 0) this.#alone = request
  }

  /** Resolves when the server accepts the credential. Answers come outside the order of requests. */
  authenticate(packet: AuthPacket): Promise<void> {
    return this.#side.authenticate(packet)
  }

  /** Ends the connection at once: `closed` of the port is called before this returns. */
  close(cause?: Error): void {
    if (this.#phase.kind === 'closed') return
    this.#closed(cause)
    this.#transport.destroy()
  }

  #received(chunk: Buffer, length: number): void {
    if (this.#phase.kind === 'open') this.#phase.heartbeat.received(this.#environment.clock.now())
    try {
      this.#decoder.push(chunk, length)
    } catch (error) {
      this.#blame(error)
      this.close(error as Error)
    }
  }

  #frame(frame: JuteReader): void {
    if (this.#phase.kind === 'handshaking') return this.#greeted(frame, this.#phase.answer)
    const at = frame.readBlock(REPLY_HEADER)
    const { view } = frame
    const xid = view.getInt32(at)
    const high = view.getInt32(at + 4)
    const low = view.getUint32(at + 8)
    const err = view.getInt32(at + ERR_AT)
    if (xid === Xid.notification) this.#notified(frame, high, low)
    else if (xid === Xid.ping) this.#side.pong(err)
    else if (xid === Xid.auth) this.#side.authAnswered(err)
    else {
      if (err === UNIMPLEMENTED) this.#refuseEarly(xid)
      const request = this.#inFlight.take(xid)
      request.bytesReceived = REPLY_HEADER + frame.remaining
      this.#environment.lastZxid.observe(high, low)
      // Before, there were the tokens of SASL alone, and no server counts them as a sign of life.
      if (this.#phase.kind === 'open') this.#port.proven(request.sentAt)
      const meant = this.skills.meaningOf(err, request.operation.opcode)
      settle(request, meant, frame, this.#environment.watches)
      if (err === REQUIRES_AUTH) this.#port.authFailed()
      // It hangs up now, and whatever was sent meanwhile would be lost.
      if (err === UNIMPLEMENTED && request === this.#alone) return this.close(new Error(UNKNOWN_OPCODE))
      if (this.#inFlight.size === 0) this.#answeredAll()
    }
  }

  #greeted(frame: JuteReader, answer: Deferred<ConnectResponse>): void {
    if (isRefusal(frame))
      throw new ZooKeeperError('NOT_READ_ONLY', { operation: 'connect', message: NO_SESSIONS })
    answer.resolve(connectResponse.read(frame))
    this.#phase = { kind: 'greeted' }
  }

  #answeredAll(): void {
    this.#alone = null
    if (this.ready) this.#port.writable()
  }

  /**
   * The answer to an unknown opcode may overtake others (it is the last on its connection): it finds its request. Reads
   * of the same kind would end the next connections in the same way, one after the other.
   */
  #refuseEarly(xid: number): void {
    const refused = [...this.#inFlight].find(request => request.xid === xid)
    const { opcode, writes } = refused?.operation ?? { opcode: 0, writes: true }
    // A write may be unknown because it is switched off: then the connection goes on.
    if (!writes) this.skills.refused(opcode)
    for (const request of this.#inFlight) {
      const same = !writes && request.operation.opcode === opcode
      if ((request === refused || same) && request.progress === 'sent') request.refuse(UNIMPLEMENTED)
    }
  }

  #notified(frame: JuteReader, high: number, low: number): void {
    this.#port.notified(watcherEvent.read(frame), (BigInt(high) << 32n) | BigInt(low))
  }

  #flushed(at: number): void {
    if (this.#phase.kind === 'open') this.#phase.heartbeat.sent(at)
  }

  #drained(): void {
    this.#output.drained()
    if (this.ready) this.#port.writable()
  }

  /** An answer above the limit is a fault of the request whose turn it is: sent again, it would come again. */
  #blame(error: unknown): void {
    const request = this.#inFlight.peek()
    if (!(error instanceof FrameError) || error.length < 0 || request === undefined) return
    if (request.progress === 'done') return
    const { name, writes } = request.operation
    const context = { path: request.path, operation: name, mayHaveApplied: writes }
    request.reject(new PacketTooLargeError(error.length, error.limit, context))
  }

  #closed(cause: Error | undefined): void {
    const phase = this.#phase
    if (phase.kind === 'closed') return
    this.#phase = { kind: 'closed', cause }
    this.#decoder.stop()
    this.#output.stop()
    if (phase.kind === 'handshaking') {
      handled(phase.answer.promise)
      phase.answer.reject(cause ?? new Error('closed before the handshake was answered'))
    } else if (phase.kind === 'open') {
      phase.heartbeat.stop()
      this.skills.connectionOver()
    }
    this.#side.closed(cause)
    this.#port.closed(cause, this.#inFlight.drain())
  }
}

/** A read-only server that opens no sessions says so with the header of an ordinary reply (ReadOnlyRequestProcessor). */
function isRefusal(frame: JuteReader): boolean {
  // Too short for the answer to a handshake in any case: nothing that could be read is lost.
  if (frame.remaining !== REPLY_HEADER) return false
  return frame.view.getInt32(frame.readBlock(REPLY_HEADER) + ERR_AT) === serverErrors.NOT_READ_ONLY.number
}
