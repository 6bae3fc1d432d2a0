// The paths that are followed, by name. Of those that nobody looks at any more, only the newest are followed on.
import type { FollowedPath } from './followed-path.ts'

interface Entry {
  readonly followed: FollowedPath
  /** Calls under way. */
  calls: number
  /** Greater for one that was asked for later. */
  asked: number
}

export class FollowedPaths {
  readonly #most: number
  readonly #follow: (path: string) => FollowedPath
  readonly #entries = new Map<string, Entry>()
  #asked = 0
  /** With more paths than this, it is time to look for those that can go. */
  #lookAt: number

  /** `most`: how many may be followed that have neither a callback nor a stream nor a call under way. */
  constructor(most: number, follow: (path: string) => FollowedPath) {
    this.#most = most
    this.#lookAt = most
    this.#follow = follow
  }

  get size(): number {
    return this.#entries.size
  }

  /** As asked for just now; null for what is not followed. */
  peek(path: string): FollowedPath | null {
    const entry = this.#entries.get(path)
    if (entry === undefined) return null
    entry.asked = ++this.#asked
    return entry.followed
  }

  /** The path is followed from now on, and not let go while the task runs. Errors: those of the task. */
  async use<T>(path: string, task: (followed: FollowedPath) => Promise<T>): Promise<T> {
    const entry = this.#entries.get(path) ?? this.#add(path)
    entry.asked = ++this.#asked
    entry.calls++
    try {
      return await task(entry.followed)
    } finally {
      entry.calls--
    }
  }

  all(): FollowedPath[] {
    return [...this.#entries.values()].map(({ followed }) => followed)
  }

  clear(): void {
    this.#entries.clear()
  }

  #add(path: string): Entry {
    const entry = { followed: this.#follow(path), calls: 0, asked: 0 }
    this.#entries.set(path, entry)
    entry.followed.ready.catch(() => {
      if (this.#entries.get(path) === entry) this.#entries.delete(path)
    })
    if (this.#entries.size > this.#lookAt) this.#letGo(entry)
    return entry
  }

  /** Some more than have to go, so that not each new path has to look at all of them. */
  #letGo(newest: Entry): void {
    const spare = [...this.#entries].filter(
      ([, entry]) => entry !== newest && entry.calls === 0 && entry.followed.spare,
    )
    const slack = Math.floor(this.#most / 10)
    if (spare.length > this.#most) {
      spare.sort(([, a], [, b]) => a.asked - b.asked)
      for (const [path, { followed }] of spare.splice(0, spare.length - this.#most + slack)) {
        this.#entries.delete(path)
        followed.letGo()
      }
    }
    const { size } = this.#entries
    // Where most are in use, looking at all of them for each new one would take ever longer.
    this.#lookAt = Math.max(size - spare.length + this.#most, size + Math.max(slack, size >> 5))
  }
}
