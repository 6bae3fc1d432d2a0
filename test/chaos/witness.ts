// The one who comes when all is quiet: changes everything that is watched once more, and looks what is there.
import { eventually } from '../support/eventually.ts'
import type { Ephemeral, History } from './history.ts'
import { Recorder } from './recorder.ts'
import type { Target } from './targets/target.ts'
import { EPHEMERALS, makePlaces, WATCHED } from './workload/places.ts'
import { Player, seenChildren, seenData, seenWritten } from './workload/player.ts'

const PATIENCE = 30_000
const NAME = 'witness'

export class Witness {
  readonly recorder: Recorder = new Recorder(NAME)
  readonly #player: Player

  /** Connects without faults between, and makes what a run is about. */
  static async summon(target: Target, chroot: string, history: History): Promise<Witness> {
    const witness = new Witness(target, chroot)
    const { zk } = witness.#player
    await zk.connect({ timeout: PATIENCE })
    await zk.ensurePath('/')
    await makePlaces(zk, history)
    return witness
  }

  private constructor({ connectString, sessionTimeout }: Target, chroot: string) {
    this.#player = new Player(this.recorder, {
      name: NAME,
      connectString: connectString + chroot,
      sessionTimeout: 4 * sessionTimeout,
      random: () => 0.5,
    })
  }

  /** Changes each register once more, those of a pair together, and the list of children. */
  async touch({ registers, pairs }: History): Promise<void> {
    const together = new Set(pairs.flat())
    const groups = [...pairs, ...registers.filter(path => !together.has(path)).map(path => [path])]
    for (const paths of groups) await this.#succeed(() => this.#write(paths))
    const limit = PATIENCE
    const create = (): Promise<unknown> => {
      const path = `${WATCHED}/t-${this.recorder.id()}`
      return this.#player.perform({ name: 'create', limit }, () => this.#player.zk.create(path))
    }
    await this.#succeed(create)
  }

  /** Reads everything, after all that was acknowledged. */
  async look({ registers }: History): Promise<void> {
    const { zk } = this.#player
    const limit = PATIENCE
    for (const path of registers) {
      await this.#succeed(() =>
        this.#player.perform(
          { name: 'get', barrier: 'write', limit },
          () => zk.get(path),
          ({ data, stat }) => [seenData(path, data, stat)],
        ),
      )
    }
    const see = ({ stat }: Awaited<ReturnType<typeof zk.getChildren>>) => [seenChildren(WATCHED, stat)]
    await this.#succeed(() =>
      this.#player.perform({ name: 'list', limit }, () => zk.getChildren(WATCHED), see),
    )
  }

  async ephemerals(): Promise<Ephemeral[]> {
    const { zk } = this.#player
    const found: Ephemeral[] = []
    await zk.sync(EPHEMERALS)
    for (const name of (await zk.getChildren(EPHEMERALS)).children) {
      const path = `${EPHEMERALS}/${name}`
      const stat = await zk.exists(path)
      if (stat !== null) found.push({ path, owner: stat.ephemeralOwner })
    }
    return found
  }

  close(): Promise<void> {
    return this.#player.close()
  }

  async #write(paths: readonly string[]): Promise<unknown> {
    const { zk } = this.#player
    const id = this.recorder.id()
    const writes = paths.map(path => ({ path, value: id, expected: null }))
    const transaction = zk.transaction()
    for (const path of paths) transaction.set(path, id)
    return this.#player.perform(
      { id, name: 'touch', writes, composite: true, limit: PATIENCE },
      () => transaction.commit(),
      results =>
        results.flatMap((one, i) => (one.type === 'set' ? [seenWritten(paths[i]!, id, one.stat)] : [])),
    )
  }

  /** The servers have just come back: the first answers may still be errors. */
  async #succeed(task: () => Promise<unknown>): Promise<void> {
    await eventually('an answer', async () => (await task()) !== null, PATIENCE)
  }
}
