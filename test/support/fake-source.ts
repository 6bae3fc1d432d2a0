// A source of snapshots that a test turns by hand.
import { Listeners } from '../../src/registry/listeners.ts'
import type { Content, Sight, Snapshot, Source } from '../../src/registry/snapshot.ts'
import { blank, snapshotOf } from '../../src/registry/snapshot.ts'
import { aStat } from './scripted-server.ts'

export class FakeSource implements Source {
  readonly #listeners = new Listeners()
  #zxid = 1n
  snapshot: Sight = snapshotOf(blank('/a'), { source: 'memory', asOf: null, stale: true })

  listen(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  /** Shows other content, with a Stat of its own, and tells the listeners. */
  show(content: Partial<Content>, circumstances: Partial<Pick<Snapshot, 'source' | 'stale'>> = {}): void {
    this.#zxid++
    const stat = Object.freeze({ ...aStat, mzxid: this.#zxid, pzxid: this.#zxid })
    const { path, data, children } = this.snapshot
    this.snapshot = snapshotOf(Object.freeze({ path, data, children, stat, ...content }), {
      source: 'live',
      asOf: 1,
      stale: false,
      ...circumstances,
    })
    this.#listeners.call()
  }

  /** Tells the listeners although nothing changed. */
  nudge(): void {
    this.#listeners.call()
  }
}
