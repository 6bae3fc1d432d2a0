// Faults of members, of sessions and of the clients' processes.
import { expireSession } from '../../../src/testing/index.ts'
import { Recorder } from '../recorder.ts'
import type { Member } from '../targets/target.ts'
import type { Fault, Scene } from './fault.ts'
import { last, pick } from './fault.ts'

async function killed(scene: Scene, members: readonly Member[]): Promise<void> {
  await Promise.all(members.map(member => member.kill()))
  await last(scene, 50, 1500)
  await Promise.all(members.map(member => member.revive()))
  await scene.target.ready()
}

/** A leader that stood still takes itself for one a while longer: `blindSpots`. */
async function frozen(scene: Scene, members: readonly Member[], most: number): Promise<void> {
  const { target, history } = scene
  const from = Recorder.now()
  for (const member of members) member.freeze()
  try {
    await last(scene, 50, most)
  } finally {
    for (const member of members) member.thaw()
  }
  if (target.blindness !== null) history.blindSpots.push({ from, to: Recorder.now() + target.blindness })
  await target.ready()
}

export const SERVER_FAULTS: readonly Fault[] = [
  {
    name: 'a member killed',
    async run(scene) {
      await killed(scene, [pick(scene, scene.target.members)])
      return true
    },
  },
  {
    name: 'a member frozen',
    async run(scene) {
      await frozen(scene, [pick(scene, scene.target.members)], 1.6 * scene.target.sessionTimeout)
      return true
    },
  },
  {
    name: 'a session expired',
    async run(scene) {
      const sessions = scene.sessions()
      if (sessions.length === 0) return false
      const session = pick(scene, sessions)
      scene.history.condemned.push({ sessionId: session.id, from: Recorder.now() })
      // It fails when the servers do not answer, or the owner takes it back too often.
      return expireSession(scene.target.connectString, session).then(
        () => true,
        () => false,
      )
    },
  },
  {
    name: 'a client stopped',
    async run(scene) {
      if (scene.processes.length === 0) return false
      const process = pick(scene, scene.processes)
      process.freeze()
      try {
        await last(scene, 100, 2 * scene.target.sessionTimeout)
      } finally {
        process.thaw()
      }
      return true
    },
  },
]

/** Now and then: nobody answers at all. */
export const TOTAL_FAULTS: readonly Fault[] = [
  {
    name: 'all members killed',
    async run(scene) {
      await killed(scene, scene.target.members)
      return true
    },
  },
  {
    name: 'all members frozen',
    async run(scene) {
      await frozen(scene, scene.target.members, 2 * scene.target.sessionTimeout)
      return true
    },
  },
]
