// The core without a socket: a world on a clock that stands still, and clients that keep what they are told.
import { Buffer } from 'node:buffer'
import type { Codec } from '../../protocol/jute/codec.ts'
import { JuteReader } from '../../protocol/jute/reader.ts'
import { JuteWriter } from '../../protocol/jute/writer.ts'
import type { Acl } from '../../protocol/records/data.ts'
import { requestHeader } from '../../protocol/records/headers.ts'
import { Client } from '../../src/embedded/client.ts'
import type { EmbeddedOptions } from '../../src/embedded/options.ts'
import { settingsOf } from '../../src/embedded/options.ts'
import type { Outcome } from '../../src/embedded/processor.ts'
import { process } from '../../src/embedded/processor.ts'
import { World } from '../../src/embedded/world.ts'
import { FakeClock } from '../support/fake-clock.ts'

export const OPEN: Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

export interface Core {
  readonly clock: FakeClock
  readonly world: World
}

/** The first zxid is 0x100000001. */
export function core(options: EmbeddedOptions = {}, mode: World['mode'] = 'standalone'): Core {
  const clock = new FakeClock()
  return { clock, world: new World(settingsOf({ tickTime: 1000, clock, ...options }), 1n, mode) }
}

export class FakePeer {
  readonly client: Client
  readonly #world: World
  readonly heard: string[] = []
  closed = false

  constructor(world: World, timeout = 4000) {
    this.#world = world
    this.client = new Client({
      address: '10.0.0.1',
      notify: (type, path) => this.heard.push(`${type} ${path}`),
      close: () => {
        this.closed = true
        world.detach(this.client)
      },
    })
    world.openSession(this.client, timeout)
  }

  ask<T>(opcode: number, codec: Codec<T> | null = null, value?: T): Outcome {
    const writer = new JuteWriter()
    requestHeader.write(writer, { xid: 7, opcode })
    codec?.write(writer, value as T)
    return process(this.#world, this.client, new JuteReader(Buffer.from(writer.bytes)))
  }
}

export function errOf(outcome: Outcome): number | 'close' {
  return outcome.type === 'reply' ? outcome.err : 'close'
}

export function read<T>(codec: Codec<T>, outcome: Outcome): T {
  if (outcome.type !== 'reply' || outcome.err !== 0) throw new Error(`no answer: ${errOf(outcome)}`)
  const writer = new JuteWriter()
  outcome.body?.(writer)
  return codec.read(new JuteReader(writer.bytes))
}
