// What a run needs of the servers that it breaks.

export interface Member {
  /** host:port. */
  readonly address: string
  /** Ends it without a goodbye; its data stay. */
  kill(): Promise<void>
  revive(): Promise<void>
  freeze(): void
  thaw(): void
}

export interface Target {
  readonly name: string
  readonly members: readonly Member[]
  /** Milliseconds that clients ask for. */
  readonly sessionTimeout: number
  /** All members, without faults between. */
  readonly connectString: string
  /** Milliseconds from a thaw until no member takes itself for a leader that is none; null: nobody can be mistaken. */
  readonly blindness: number | null
  /** Resolves when all members run and serve. */
  ready(): Promise<void>
}
