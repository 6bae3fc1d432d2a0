// The nemesis: breaks links, and beside that members, sessions and processes, one after the other, until the time is up.
import { Recorder } from '../recorder.ts'
import type { Fault, Scene } from './fault.ts'
import { last, pick } from './fault.ts'
import { healLinks, LINK_FAULTS } from './link-faults.ts'
import { SERVER_FAULTS, TOTAL_FAULTS } from './server-faults.ts'

const TOTAL = 0.08

/** Resolves when everything is undone. */
export async function torment(scene: Scene): Promise<void> {
  await Promise.all([
    lane(scene, 250, () => pick(scene, LINK_FAULTS)),
    lane(scene, 900, () => pick(scene, scene.random() < TOTAL ? TOTAL_FAULTS : SERVER_FAULTS)),
  ])
  healLinks(scene)
  await scene.target.ready()
}

/** One fault after the other, with pauses of `pause` ms at most. */
async function lane(scene: Scene, pause: number, next: () => Fault): Promise<void> {
  while (!scene.over.aborted) {
    await last(scene, pause / 4, pause)
    if (scene.over.aborted) return
    const fault = next()
    const from = Recorder.now()
    const done = await fault.run(scene)
    if (done) scene.history.faults.push({ name: fault.name, from, to: Recorder.now() })
  }
}
