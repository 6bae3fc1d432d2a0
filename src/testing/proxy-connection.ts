// One connection through a fault proxy: the client's socket, the server's socket, and a lane each way.
import type { Socket } from 'node:net'
import type { Direction } from './conversation.ts'
import { Conversation } from './conversation.ts'
import type { SharedFaults } from './fault-mode.ts'
import { ProxyLane, resetSocket } from './proxy-lane.ts'

export class ProxyConnection {
  /** Resolves when both sockets are closed. */
  readonly closed: Promise<void>
  readonly #client: Socket
  readonly #server: Socket
  readonly #lanes: Readonly<Record<Direction, ProxyLane>>

  constructor(index: number, client: Socket, server: Socket, faults: SharedFaults) {
    this.#client = client
    this.#server = server
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      // What failed is told by the close that follows.
      socket.on('error', () => {})
    }
    this.closed = Promise.all([whenClosed(client), whenClosed(server)]).then(() => this.#stop())
    const conversation = new Conversation(index)
    const onCut = (direction: Direction): void => this.#cutAfterWrites(direction)
    this.#lanes = {
      toServer: new ProxyLane({
        direction: 'toServer',
        source: client,
        sink: server,
        faults,
        conversation,
        onCut,
      }),
      toClient: new ProxyLane({
        direction: 'toClient',
        source: server,
        sink: client,
        faults,
        conversation,
        onCut,
      }),
    }
  }

  /** Whether the client still holds its side. */
  get open(): boolean {
    return !this.#client.destroyed && !this.#client.readableEnded
  }

  /** Applies a mode that was just set. */
  onMode(): void {
    const lanes = [this.#lanes.toServer, this.#lanes.toClient]
    if (lanes.some(lane => lane.hasHole)) this.cut()
    else for (const lane of lanes) lane.onMode()
  }

  /** Resets both sides at once. */
  cut(): void {
    this.#stop()
    resetSocket(this.#client)
    resetSocket(this.#server)
  }

  // A reset may discard what is still unsent, so the receiving side is closed only after its last byte.
  #cutAfterWrites(direction: Direction): void {
    this.#stop()
    const [source, sink] =
      direction === 'toServer' ? [this.#client, this.#server] : [this.#server, this.#client]
    resetSocket(source)
    sink.end(() => sink.destroy())
    sink.resume()
  }

  #stop(): void {
    this.#lanes.toServer.stop()
    this.#lanes.toClient.stop()
  }
}

function whenClosed(socket: Socket): Promise<void> {
  return new Promise(resolve => socket.once('close', () => resolve()))
}
