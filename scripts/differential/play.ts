// Plays a program on one server: one command after the other, so that there is one order only.
import { Actor } from './actor.ts'
import type { Line } from './line.ts'
import type { Command, Program } from './program.ts'
import type { Trace } from './trace.ts'
import type { Warden } from './warden.ts'

/** The server must hear of nobody else meanwhile: zxids are compared with their gaps. */
export async function play(warden: Warden, program: Program): Promise<Trace> {
  const ground = await warden.prepare()
  const lines: Line[] = []
  const stage = { at: warden.at, ground, lines }
  const actors = Array.from({ length: program.sessions }, (_, index) => new Actor(`session ${index}`, stage))
  try {
    for (const [index, command] of program.commands.entries()) await perform(actors, index, command)
    const end = program.commands.length
    // A command may have told others something after their last reply.
    for (const actor of actors) await actor.flush(end)
    for (const actor of actors) await actor.leave(end)
  } finally {
    for (const line of lines) line.drop()
  }
  const remains = await warden.survey(ground)
  return { ...ground, channels: lines.map(({ channel }) => channel), remains }
}

async function perform(actors: readonly Actor[], index: number, command: Command): Promise<void> {
  const actor = actors[command.session]!
  switch (command.do) {
    case 'call':
      return await actor.call(index, [command.call])
    case 'pipeline':
      return await actor.call(index, command.calls)
    case 'login':
      return await actor.login(index, command.scheme, command.auth)
    case 'reconnect':
      return await actor.reconnect(index, command)
    case 'close':
      return await actor.close(index)
    default:
      return await actor.expire(index)
  }
}
