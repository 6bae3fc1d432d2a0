// A program: what several sessions do, one command after the other, as plain data that JSON can hold.

/**
 * In strings `~` is the root znode of the run. `data`, `auth` and `token` are text here and bytes on the wire;
 * zxids count from the creation of the root, and a negative one is 0 on the wire.
 */
export type Field = string | number | boolean | null | readonly Field[] | Fields
export interface Fields {
  readonly [name: string]: Field
}

/** One request: the fields of its record, or null where the body is empty. */
export interface Call {
  readonly opcode: number
  readonly request: Fields | null
  /** So many bytes at the end of the body are left out. */
  readonly cut?: number
}

export interface Reconnect {
  readonly do: 'reconnect'
  readonly session: number
  /** `drop`: the old connection ends first. `takeOver`: the new one comes while the old one is there. */
  readonly how: 'drop' | 'takeOver'
  readonly password: 'right' | 'wrong' | 'short' | 'none'
  /** The zxid that the client claims to have seen. */
  readonly seen: number
  /** Milliseconds. */
  readonly timeOut: number
}

export type Command =
  | { readonly do: 'call'; readonly session: number; readonly call: Call }
  /** All requests are sent before the first reply is awaited. */
  | { readonly do: 'pipeline'; readonly session: number; readonly calls: readonly Call[] }
  | { readonly do: 'login'; readonly session: number; readonly scheme: string; readonly auth: string }
  | Reconnect
  /** By its own client. */
  | { readonly do: 'close'; readonly session: number }
  /** By somebody else, as when it expires: a second connection takes the session and ends it. */
  | { readonly do: 'expire'; readonly session: number }

export interface Program {
  /** The commands name sessions from 0 up to this number. */
  readonly sessions: number
  readonly commands: readonly Command[]
}

const WORDS: readonly string[] = ['call', 'pipeline', 'login', 'reconnect', 'close', 'expire']

/** Throws a TypeError on text that is no program. */
export function parseProgram(text: string): Program {
  const { sessions, commands } = JSON.parse(text) as Partial<Program>
  if (typeof sessions !== 'number' || !Array.isArray(commands)) {
    throw new TypeError('a program has a number of sessions and a list of commands')
  }
  for (const command of commands as Command[]) {
    const known = WORDS.includes(command.do) && command.session >= 0 && command.session < sessions
    if (!known) throw new TypeError(`no such command: ${JSON.stringify(command)}`)
  }
  return { sessions, commands }
}
