// One write: its zxid and time, what it changed so far, and how to take that back.
import type { Acl } from '../../protocol/records/data.ts'
import type { QuotaView } from './quotas.ts'

/** What watches are told of, with the ACL that decides who may hear it. */
export type Change =
  | {
      readonly type: 'created' | 'deleted'
      readonly path: string
      readonly acl: readonly Acl[]
      readonly parentAcl: readonly Acl[]
    }
  | { readonly type: 'dataChanged'; readonly path: string; readonly acl: readonly Acl[] }

export class Transaction {
  readonly zxid: bigint
  /** Wall clock, in milliseconds; the same for all operations of a multi. */
  readonly time: number
  readonly changes: Change[] = []
  /** What quotas are held against, where that is not the present; null: it is. */
  quotas: QuotaView | null = null
  readonly #undo: (() => void)[] = []

  constructor(zxid: bigint, time: number) {
    this.zxid = zxid
    this.time = time
  }

  /** Notes a change of the tree and the step that takes it back. */
  did(undo: () => void, change?: Change): void {
    this.#undo.push(undo)
    if (change !== undefined) this.changes.push(change)
  }

  /** Takes everything back, newest first: nobody saw it, because events wait for the end of the transaction. */
  rollback(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo()
    this.changes.length = 0
  }
}
