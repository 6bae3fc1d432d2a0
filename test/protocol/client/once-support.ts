// What the tests of repeated writes share: a server that loses an answer, gives it, or refuses.
import type { World } from '../../support/scripted-client.ts'
import { reconnect } from '../../support/scripted-client.ts'
import type { ScriptedRequest } from '../../support/scripted-server.ts'

export const NO_NODE = -101
export const lost = { code: 'CONNECTION_LOSS', mayHaveApplied: true }

/** Takes the request, and cuts the link in place of an answer. */
export async function loseAnswer(world: World, name: string): Promise<void> {
  await world.clock.settle()
  world.ensemble.link.take(name)
  await reconnect(world)
  await world.clock.settle()
}

export async function reply(world: World, name: string, body?: unknown): Promise<ScriptedRequest> {
  await world.clock.settle()
  const request = world.ensemble.link.take(name)
  world.ensemble.link.reply(request, body)
  await world.clock.settle()
  return request
}

export async function refuse(world: World, name: string, err: number): Promise<void> {
  await world.clock.settle()
  world.ensemble.link.refuse(world.ensemble.link.take(name), err)
  await world.clock.settle()
}
