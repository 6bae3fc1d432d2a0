// Faults of links: cut, closed, deaf, slow; frames cut in half, answers and requests lost.
import type { FaultMode, FaultProxy, FrameRule, ProxiedFrame } from '../../../src/testing/index.ts'
import type { Fault, Scene } from './fault.ts'
import { last, pick } from './fault.ts'

/** What writes: create2, setData, delete, multi. */
const WRITES: ReadonlySet<number | null> = new Set([15, 5, 2, 14])

/** All links of a seat, or one of them, or now and then those of all seats. */
function victims(scene: Scene): readonly FaultProxy[] {
  const dice = scene.random()
  if (dice < 0.1) return scene.seats.flatMap(({ proxies }) => proxies)
  const { proxies } = pick(scene, scene.seats)
  return dice < 0.6 ? proxies : [pick(scene, proxies)]
}

function modeFault(
  name: string,
  least: number,
  most: number,
  modeFor: (random: () => number) => FaultMode,
): Fault {
  return {
    name,
    async run(scene) {
      const proxies = victims(scene)
      const mode = modeFor(scene.random)
      for (const proxy of proxies) proxy.set(mode)
      if (mode.kind === 'refuse') for (const proxy of proxies) proxy.cut()
      await last(scene, least, most)
      for (const proxy of proxies) proxy.set({ kind: 'pass' })
      return true
    },
  }
}

/** One frame for each link, then the rule does nothing more. */
function frameFault(name: string, isMeant: (frame: ProxiedFrame) => boolean, verdict: 'cut' | 'drop'): Fault {
  return {
    name,
    async run(scene) {
      const proxies = victims(scene)
      let done = 0
      const undo = proxies.map(proxy => {
        let left = 1
        const rule: FrameRule = frame => {
          if (left === 0 || !isMeant(frame)) return 'pass'
          left--
          done++
          return verdict
        }
        return proxy.filter(rule)
      })
      await last(scene, 100, 500)
      for (const off of undo) off()
      return done > 0
    },
  }
}

const DIRECTIONS = ['toServer', 'toClient', 'both'] as const

function direction(random: () => number): (typeof DIRECTIONS)[number] {
  return DIRECTIONS[Math.floor(random() * DIRECTIONS.length)]!
}

export const LINK_FAULTS: readonly Fault[] = [
  {
    name: 'cut',
    run(scene) {
      const connected = victims(scene).filter(proxy => proxy.connections > 0)
      for (const proxy of connected) proxy.cut()
      return Promise.resolve(connected.length > 0)
    },
  },
  {
    name: 'half a frame',
    run(scene) {
      const connected = victims(scene).filter(proxy => proxy.connections > 0)
      for (const proxy of connected)
        proxy.cutAfter(1 + Math.floor(scene.random() * 300), scene.random() < 0.5 ? 'toServer' : 'toClient')
      return Promise.resolve(connected.length > 0)
    },
  },
  modeFault('refused', 100, 1200, () => ({ kind: 'refuse' })),
  modeFault('black hole', 100, 2500, random => ({ kind: 'blackHole', direction: direction(random) })),
  modeFault('stall', 100, 2500, random => ({ kind: 'stall', direction: direction(random) })),
  modeFault('delay', 200, 1500, random => ({
    kind: 'delay',
    ms: Math.floor(random() * 300),
    direction: direction(random),
  })),
  frameFault(
    'a reply to a write lost',
    f => f.kind === 'reply' && WRITES.has(f.opcode) && f.err === 0,
    'cut',
  ),
  frameFault('a write lost', f => f.kind === 'request' && WRITES.has(f.opcode), 'cut'),
  frameFault('a reply left out', f => f.kind === 'reply' && f.xid > 0, 'drop'),
  frameFault('a handshake lost', f => f.kind === 'connect' && f.direction === 'toClient', 'cut'),
  // The first reply of a connection is that to setWatches, where watches are armed.
  frameFault('watches lost', f => f.kind === 'reply' && f.index === 1, 'cut'),
]

/** All links are well again. */
export function healLinks({ seats }: Pick<Scene, 'seats'>): void {
  for (const { proxies } of seats) for (const proxy of proxies) proxy.set({ kind: 'pass' })
}
