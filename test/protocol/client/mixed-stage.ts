// Servers of several releases and a client that goes from one to the next.
import type { ZooKeeper } from '../../../protocol/client/zookeeper.ts'
import type { World } from '../../support/scripted-client.ts'
import { connectedWorld, reconnect } from '../../support/scripted-client.ts'
import type { ScriptedConnection, ScriptedRequest } from '../../support/scripted-server.ts'
import { aStat } from '../../support/scripted-server.ts'
import type { Test } from '../../tap.ts'

export const UNKNOWN = -6
export const NO_AUTH = -102
const replies: Readonly<Record<string, unknown>> = {
  addWatch: { err: 0 },
  exists: aStat,
  getData: { data: null, stat: aStat },
  setData: aStat,
  getChildren: { children: [], stat: aStat },
}

interface Stage extends World {
  /** Ports of servers before 3.6. */
  readonly old: Set<number>
  /** How an old server refuses; the default answers and hangs up. */
  refuse: (link: ScriptedConnection, request: ScriptedRequest) => void
  /** How getChildren is answered; the default knows no children. */
  reads: (link: ScriptedConnection, request: ScriptedRequest) => void
  /** Answers whatever the client asks, until it asks no more. */
  serve(): Promise<void>
  /** What the newest connection was asked. */
  asked(): string
}

/** Servers a:1 and b:2; the client is connected to the first. */
export async function mixed(t: Test, old: readonly number[], servers = 'a:1,b:2'): Promise<Stage> {
  const world = await connectedWorld(t, { servers })
  const stage: Stage = {
    ...world,
    old: new Set(old),
    refuse: (link, request) => {
      link.refuse(request, UNKNOWN, -1n)
      link.close()
    },
    reads: (link, request) => link.reply(request, replies[request.name]),
    asked: () => world.ensemble.link.names.join(' '),
    serve: async () => {
      for (let idle = 0; idle < 300; idle++) {
        await world.clock.settle()
        const { link } = world.ensemble
        if (link.waiting > 0) idle = 0
        while (link.waiting > 0 && !link.closed) answer(stage, link)
        await world.clock.advance(10)
      }
    },
  }
  return stage
}

export function answer(stage: Stage, link: ScriptedConnection): void {
  const request = link.requests[link.requests.length - link.waiting] as ScriptedRequest
  link.take(request.name)
  const isNew = request.name === 'addWatch' || request.name === 'setWatches2'
  if (isNew && stage.old.has(link.address.port)) stage.refuse(link, request)
  else if (request.name === 'getChildren') stage.reads(link, request)
  else link.reply(request, replies[request.name])
}

/** Reads in the background what a watch tells. */
export function heard(zk: ZooKeeper, path = '/a', recursive = false): string[] {
  const events: string[] = []
  const run = async (): Promise<void> => {
    for await (const event of zk.watch(path, { recursive })) events.push(`${event.type} ${event.path}`)
  }
  run().catch(error => events.push(String(error)))
  return events
}

/** Breaks the link; the client goes to the next server of the list. */
export async function moveOn(stage: Stage): Promise<void> {
  await reconnect(stage)
  await stage.serve()
}

export async function pass(stage: Stage, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) await stage.clock.advance(1000)
}
