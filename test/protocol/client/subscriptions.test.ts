// Watches that come and go: what the server keeps is what somebody waits for, and no more.
import type { SetWatches2 } from '../../../protocol/records/watches.ts'
import type { Outcome } from '../../support/outcome.ts'
import { outcomeOf } from '../../support/outcome.ts'
import { randomOf } from '../../support/random.ts'
import type { World } from '../../support/scripted-client.ts'
import { connectedWorld } from '../../support/scripted-client.ts'
import type { ScriptedConnection, ScriptedRequest } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

/** The persistent watches of a connection, as a server keeps them. */
class Watched {
  readonly paths = new Set<string>()
  #connection: ScriptedConnection | undefined

  /** Answers what the client asked; a new connection begins without watches. */
  async serve({ clock, ensemble }: World): Promise<void> {
    for (;;) {
      await clock.settle()
      const { link } = ensemble
      if (link !== this.#connection) this.paths.clear()
      this.#connection = link
      if (link.waiting === 0) return
      const request = link.requests[link.requests.length - link.waiting] as ScriptedRequest
      link.take(request.name)
      this.#answer(link, request)
    }
  }

  #answer(link: ScriptedConnection, request: ScriptedRequest): void {
    const { path } = request.body as { path: string }
    if (request.name === 'addWatch') {
      this.paths.add(path)
      link.reply(request, { err: 0 })
    } else if (request.name === 'removeWatches') {
      if (this.paths.delete(path)) link.reply(request)
      else link.refuse(request, -121)
    } else {
      const { persistentWatches, persistentRecursiveWatches } = request.body as SetWatches2
      for (const armed of [...persistentWatches, ...persistentRecursiveWatches]) this.paths.add(armed)
      link.reply(request)
    }
  }
}

interface Reader {
  readonly path: string
  readonly stop: AbortController
  readonly end: Outcome<void>
}

function subscribe({ zk }: World, path: string): Reader {
  const stop = new AbortController()
  const drain = async (): Promise<void> => {
    for await (const _ of zk.watch(path, { signal: stop.signal }));
  }
  return { path, stop, end: outcomeOf(drain()) }
}

t.test(
  'H20: a thousand readers come and go over twenty reconnects, and the server keeps the live set',
  async t => {
    const world = await connectedWorld(t, { random: () => 0 })
    const { zk, ensemble, warnings } = world
    const server = new Watched()
    const random = randomOf(20)
    const readers: Reader[] = []
    const ended: Reader[] = []
    for (let cycle = 0; cycle < 1000; cycle++) {
      readers.push(subscribe(world, `/n${Math.floor(random() * 40)}`))
      if (random() < 0.5) await server.serve(world)
      if (random() < 0.95) {
        const [gone] = readers.splice(Math.floor(random() * readers.length), 1)
        gone?.stop.abort()
        if (gone !== undefined) ended.push(gone)
      }
      if (cycle % 50 === 49) {
        await world.clock.advance(1500)
        ensemble.link.close()
        await world.clock.advance(500)
      }
      await server.serve(world)
    }
    const live = new Set(readers.map(({ path }) => path))
    t.ok(live.size > 10 && live.size < readers.length, `${readers.length} readers of ${live.size} paths`)
    t.strictSame([...server.paths].sort(), [...live].sort())
    t.equal(zk.status().watches, live.size)
    t.strictSame([...new Set(ended.map(({ end }) => end.state))], ['resolved'])
    for (const { stop } of readers) stop.abort()
    await server.serve(world)
    t.equal(server.paths.size, 0)
    t.match(zk.status(), { watches: 0, inFlight: 0, queued: 0 })
    t.strictSame(warnings, [])
    t.equal(ensemble.connections.length, 21)
  },
)
