// What the unit tests of caches share: a server that answers from a small tree when a test says so, and a cache on it.
import { Buffer } from 'node:buffer'
import type { Stat } from '../../protocol/index.ts'
import { childOf, nameOf, parentOf } from '../../protocol/index.ts'
import type { CachePorts, ZnodeCache } from '../../src/cache/index.ts'
import { outcomeOf } from '../support/outcome.ts'
import type { World } from '../support/scripted-client.ts'
import { connectedWorld } from '../support/scripted-client.ts'
import type { ScriptedConnection, ScriptedRequest } from '../support/scripted-server.ts'
import { aStat } from '../support/scripted-server.ts'
import type { Test } from '../tap.ts'

interface Znode {
  data: Buffer
  stat: Stat
}

const NO_NODE = -101

export class SmallServer {
  readonly #nodes = new Map<string, Znode>()
  /** Reads that were answered, as `name path`. */
  readonly reads: string[] = []
  /** The largest number of reads that waited for an answer at one time. */
  mostWaiting = 0
  /** Errors in place of answers, by `name path`. */
  readonly refusals: Map<string, number> = new Map<string, number>()
  #zxid = 10n

  /** Creates or writes; without a watch event. */
  put(path: string, data = ''): void {
    this.#zxid++
    const present = this.#nodes.get(path)
    const buffer = Buffer.from(data)
    if (present !== undefined) {
      present.data = buffer
      present.stat = {
        ...present.stat,
        mzxid: this.#zxid,
        version: present.stat.version + 1,
        dataLength: buffer.length,
      }
      return
    }
    const [czxid, mzxid, pzxid] = [this.#zxid, this.#zxid, this.#zxid]
    this.#nodes.set(path, {
      data: buffer,
      stat: {
        ...aStat,
        czxid,
        mzxid,
        pzxid,
        version: 0,
        cversion: 0,
        numChildren: 0,
        dataLength: buffer.length,
      },
    })
    this.#touch(parentOf(path), 1)
  }

  remove(path: string): void {
    this.#zxid++
    if (this.#nodes.delete(path)) this.#touch(parentOf(path), -1)
  }

  /** Answers what is waiting, up to a number of requests, in order; tells how many there were. */
  async answer({ clock, ensemble }: World, most: number = Number.POSITIVE_INFINITY): Promise<number> {
    let answered = 0
    for (; answered < most; answered++) {
      await clock.settle()
      const { link } = ensemble
      this.mostWaiting = Math.max(this.mostWaiting, link.waiting)
      if (link.waiting === 0) break
      const request = link.requests[link.requests.length - link.waiting] as ScriptedRequest
      link.take(request.name)
      this.#reply(link, request)
    }
    await clock.settle()
    return answered
  }

  #touch(path: string, difference: number): void {
    const parent = this.#nodes.get(path)
    if (parent === undefined) return
    const { stat } = parent
    parent.stat = {
      ...stat,
      pzxid: this.#zxid,
      cversion: stat.cversion + 1,
      numChildren: stat.numChildren + difference,
    }
  }

  #reply(link: ScriptedConnection, request: ScriptedRequest): void {
    const { name } = request
    if (name === 'setWatches2' || name === 'removeWatches') return link.reply(request)
    const { path } = request.body as { path: string }
    if (name === 'addWatch') {
      const code = this.refusals.get(`addWatch ${path}`)
      if (code === undefined) link.reply(request, { err: 0 })
      else link.refuse(request, code)
      return
    }
    this.reads.push(`${name} ${path}`)
    const node = this.#nodes.get(path)
    const refusal = this.refusals.get(`${name} ${path}`) ?? (node === undefined ? NO_NODE : undefined)
    if (refusal !== undefined || node === undefined) return link.refuse(request, refusal ?? NO_NODE)
    const { data, stat } = node
    if (name === 'getData') link.reply(request, { data, stat })
    else if (name === 'getChildren') link.reply(request, { children: this.#namesBelow(path), stat })
    else link.reply(request, stat)
  }

  #namesBelow(path: string): string[] {
    return [...this.#nodes.keys()]
      .filter(other => other !== path && childOf(path, nameOf(other)) === other)
      .map(nameOf)
  }
}

export interface Scene {
  readonly world: World
  readonly server: SmallServer
  readonly ports: CachePorts
}

export async function scene(t: Test, random = 0): Promise<Scene> {
  const world = await connectedWorld(t)
  return { world, server: new SmallServer(), ports: { clock: world.clock, random: () => random } }
}

/** Starts a cache and answers all that it asks; it is closed before the client is. */
export async function started<C extends ZnodeCache>(t: Test, { world, server }: Scene, cache: C): Promise<C> {
  t.teardown(() => cache.close())
  const start = outcomeOf(cache.start())
  await server.answer(world)
  if (start.state !== 'resolved') throw new Error(`start is ${start.state}`)
  server.reads.length = 0
  return cache
}
