// One client of a run: asks, writes down what it asked and heard, and is random in a way that can be repeated.
import { Buffer } from 'node:buffer'
import type { Stat } from '../../../protocol/index.ts'
import { ZooKeeper } from '../../../protocol/index.ts'
import { delay } from '../../../protocol/support/abort.ts'
import { systemClock } from '../../../protocol/support/clock.ts'
import type { Life, Operation, Plan, Seen } from '../history.ts'
import type { Recorder } from '../recorder.ts'

export interface PlayerOptions {
  readonly name: string
  readonly connectString: string
  /** Milliseconds. */
  readonly sessionTimeout: number
  readonly random: () => number
}

/** Milliseconds for requests without a timeout of their own. */
export const REQUEST_TIMEOUT = 3000

export class Player {
  readonly name: string
  readonly zk: ZooKeeper
  readonly recorder: Recorder
  readonly random: () => number
  readonly life: Life
  /** Ephemeral znodes that were acknowledged and not given up, with their sessions. */
  readonly ephemerals: Map<string, bigint> = new Map()

  constructor(recorder: Recorder, { name, connectString, sessionTimeout, random }: PlayerOptions) {
    this.name = name
    this.recorder = recorder
    this.random = random
    this.zk = new ZooKeeper(connectString, { sessionTimeout, requestTimeout: REQUEST_TIMEOUT })
    this.life = { client: name, process: recorder.process, closed: null }
    recorder.history.lives.push(this.life)
    this.zk.on('state', change => {
      recorder.history.states.push({ client: name, ...change, ...recorder.moment() })
    })
  }

  /** Resolves with null when it failed, which is written down. */
  async perform<T>(
    plan: Plan & { readonly id?: string },
    task: () => Promise<T>,
    see: (value: T) => readonly Seen[] = () => [],
  ): Promise<T | null> {
    const { id, ...rest } = plan
    const operation = this.recorder.begin(this.name, this.zk, rest, id)
    return this.settle(operation, task(), see)
  }

  /** Written down in the turn of the reply: the promise has to be that of the client itself. */
  settle<T>(
    operation: Operation,
    promise: Promise<T>,
    see: (value: T) => readonly Seen[],
  ): Promise<T | null> {
    return promise.then(
      value => {
        this.recorder.succeed(operation, this.zk, see(value))
        return value
      },
      error => {
        this.recorder.fail(operation, error)
        return null
      },
    )
  }

  /** Up to so many milliseconds; less when the signal aborts. */
  async pause(most: number, signal: AbortSignal): Promise<void> {
    await delay(systemClock, this.random() * most, signal).catch(() => {})
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)]!
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  async close(): Promise<void> {
    if (this.life.closed !== null) return
    const from = this.recorder.moment().at
    await this.zk.close()
    const moment = this.recorder.moment()
    this.life.closed = { ...moment, took: moment.at - from }
  }
}

/** What a loop of a player does until the signal aborts. */
export type Loop = (player: Player, signal: AbortSignal) => Promise<void>

export function seenData(path: string, data: Uint8Array | null, { version, mzxid }: Stat): Seen {
  return { path, value: Buffer.from(data ?? []).toString('utf8'), version, mzxid }
}

export function seenWritten(path: string, value: string, { version, mzxid }: Stat): Seen {
  return { path, value, version, mzxid }
}

export function seenChildren(path: string, { cversion, pzxid }: Stat): Seen {
  return { path: `${path}#children`, value: null, version: cversion, mzxid: pzxid }
}
