// The caretaker of one server: makes a root for each program, and looks through what a program leaves.
import { Buffer } from 'node:buffer'
import { OpCode } from '../../protocol/opcodes.ts'
import { Line } from './line.ts'
import type { Call, Field } from './program.ts'
import type { Remains, Reply } from './trace.ts'
import { SUPER } from './values.ts'
import type { Ground } from './wire.ts'

const OPEN: Field = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const HALL = '/d'
/** The server takes it as the most that it allows. */
const LONGEST = 2 ** 31 - 1
const NOWHERE: Ground = { root: '', zxid: 0n }

export class Warden {
  /** host:port */
  readonly at: string
  #line: Line | null = null
  #programs = 0

  constructor(at: string) {
    this.at = at
  }

  /** The same names on every server. */
  async prepare(): Promise<Ground> {
    const root = `${HALL}/${String(++this.#programs).padStart(6, '0')}`
    const [created] = await this.#ask([creation(root)])
    if (created?.err !== 0) throw new Error(`no root at ${this.at}: error ${created?.err}`)
    return { root, zxid: created.zxid }
  }

  /** Every znode that is left, with its data, ACL and Stat. */
  async survey({ root }: Ground): Promise<Remains[]> {
    const found: Remains[] = []
    for (let level = [root, `/zookeeper/quota${root}`]; level.length > 0; ) {
      const replies = await this.#ask(level.flatMap(questionsOf))
      const next: string[] = []
      level.forEach((path, index) => {
        const bodies = replies.slice(index * 3, index * 3 + 3).map(({ err, body }) => ({ err, body }))
        found.push({ path, replies: bodies })
        const listed = bodies[0]?.body as { readonly children?: readonly string[] } | null
        for (const name of [...(listed?.children ?? [])].sort()) next.push(`${path}/${name}`)
      })
      level = next
    }
    return found
  }

  leave(): void {
    this.#line?.drop()
  }

  /** Between programs there may be a long time, and sessions end. */
  async #present(): Promise<Line> {
    if (this.#line?.isOpen === true) return this.#line
    const line = new Line('warden', this.at, { timeOut: LONGEST })
    await line.welcome(0)
    await line.login(0, 'digest', Buffer.from(SUPER.login))
    await line.ask(NOWHERE, 0, [creation(HALL), creation(`/zookeeper/quota${HALL}`)])
    this.#line = line
    return line
  }

  async #ask(calls: readonly Call[]): Promise<Reply[]> {
    const line = await this.#present()
    const replies = await line.ask(NOWHERE, 0, calls)
    if (replies.length < calls.length) throw new Error(`the server at ${this.at} is gone`)
    return replies
  }
}

function creation(path: string): Call {
  return { opcode: OpCode.create2, request: { path, data: null, acl: OPEN, flags: 0 } }
}

function questionsOf(path: string): Call[] {
  return [
    { opcode: OpCode.getChildren2, request: { path, watch: false } },
    { opcode: OpCode.getData, request: { path, watch: false } },
    { opcode: OpCode.getACL, request: { path } },
  ]
}
