// A real ensemble of three as a target.
import type { Ensemble } from '../../../scripts/zookeeper/ensemble.ts'
import { startEnsemble } from '../../../scripts/zookeeper/ensemble.ts'
import type { Server } from '../../../scripts/zookeeper/server.ts'
import type { Member, Target } from './target.ts'

/** Milliseconds. */
const TICK = 250
const SYNC_TICKS = 6

export interface EnsembleTarget extends Target, AsyncDisposable {
  readonly version: string
}

export async function ensembleTarget(): Promise<EnsembleTarget> {
  const config = { initLimit: '40', syncLimit: String(SYNC_TICKS) }
  const ensemble = await startEnsemble(3, { tickTime: TICK, config })
  return {
    name: `ensemble of ZooKeeper ${ensemble.version}`,
    version: ensemble.version,
    members: ensemble.members.map(memberOf),
    sessionTimeout: 2500,
    connectString: ensemble.connectString,
    blindness: TICK * SYNC_TICKS * 2,
    ready: () => allReady(ensemble),
    [Symbol.asyncDispose]: () => ensemble.stop(),
  }
}

function memberOf(server: Server): Member {
  return {
    address: server.connectString,
    kill: () => server.kill(),
    revive: () => server.restart({ wait: false }),
    freeze: () => {
      if (server.state === 'running') server.freeze()
    },
    thaw: () => {
      if (server.state === 'frozen') server.thaw()
    },
  }
}

async function allReady(ensemble: Ensemble): Promise<void> {
  for (const member of ensemble.members) {
    if (member.state === 'frozen') member.thaw()
    if (member.state === 'down') await member.restart({ wait: false })
  }
  await ensemble.ready()
}
