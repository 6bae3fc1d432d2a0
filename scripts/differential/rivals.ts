// Two servers side by side: plays a program on both and compares.
import type { Difference } from './compare.ts'
import { compare } from './compare.ts'
import { normalise } from './normalise.ts'
import { play } from './play.ts'
import type { Program } from './program.ts'
import { Warden } from './warden.ts'

export class Rivals {
  readonly #embedded: Warden
  readonly #real: Warden

  /** host:port of each; both fresh, both used by nobody else. */
  constructor(embedded: string, real: string) {
    this.#embedded = new Warden(embedded)
    this.#real = new Warden(real)
  }

  /** null: they agree. */
  async differ(program: Program): Promise<Difference | null> {
    const sortAcls = JSON.stringify(program).includes('"scheme":"auth"')
    const [embedded, real] = await Promise.all([play(this.#embedded, program), play(this.#real, program)])
    return compare(normalise(embedded, sortAcls), normalise(real, sortAcls))
  }

  leave(): void {
    this.#embedded.leave()
    this.#real.leave()
  }
}
