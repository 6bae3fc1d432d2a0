// What was seen of a program: for each connection, in order of arrival, what the server sent.

export interface Reply {
  readonly type: 'reply'
  /** Index of the command that asked; the number of commands for what the runner itself asked at the end. */
  readonly command: number
  readonly opcode: number
  readonly xid: number
  readonly zxid: bigint
  readonly err: number
  readonly body: unknown
}

export interface Notification {
  readonly type: 'event'
  readonly zxid: bigint
  readonly event: number
  readonly state: number
  readonly path: string
}

export type Entry =
  | Reply
  | Notification
  | {
      readonly type: 'welcome'
      readonly timeOut: number
      readonly sessionId: bigint
      readonly passwordLength: number
      readonly readOnly: boolean
    }
  /** The server ended the connection. */
  | { readonly type: 'ended' }
  /** The server was expected to answer or to end the connection, and did neither. */
  | { readonly type: 'silence'; readonly command: number }

export interface Channel {
  /** Such as `session 1, connection 2`. */
  readonly name: string
  readonly entries: readonly Entry[]
}

/** A znode as it was when all was over. */
export interface Remains {
  readonly path: string
  readonly replies: readonly unknown[]
}

export interface Trace {
  readonly root: string
  /** zxid of the creation of the root. */
  readonly zxid: bigint
  readonly channels: readonly Channel[]
  readonly remains: readonly Remains[]
}
