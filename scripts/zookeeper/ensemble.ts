// Starts a real ZooKeeper ensemble on free loopback ports: members that elect a leader among themselves.
import { onFreePorts } from './run/attempt.ts'
import type { MemberPorts } from './run/config.ts'
import type { Mode } from './run/four-letter-word.ts'
import type { Installation } from './run/installation.ts'
import { findInstallation } from './run/installation.ts'
import type { ServerOptions } from './run/options.ts'
import { poll } from './run/poll.ts'
import type { WaitOptions } from './run/server-process.ts'
import { ServerProcess } from './run/server-process.ts'
import type { Server } from './server.ts'

// An election takes a moment, and after a frozen leader it begins only when the others have given it up.
const ELECTION_MS = 60_000

export class Ensemble {
  readonly members: readonly Server[]
  readonly version: string
  // All members, whichever of them run.
  readonly connectString: string

  constructor(members: readonly Server[]) {
    this.members = members
    this.version = members[0]!.version
    this.connectString = members.map(member => member.connectString).join(',')
  }

  // Resolves when every member whose process runs serves, one of them as the leader.
  async ready({ signal }: WaitOptions = {}): Promise<void> {
    await Promise.all(this.#running().map(async member => await member.ready({ signal })))
    await this.leader({ signal })
  }

  // A leader that was frozen takes itself for one until it hears of its successor: two of them are none.
  async leader(options: WaitOptions = {}): Promise<Server> {
    return await this.#first('leader', claims => claims.length === 1, options)
  }

  async follower(options: WaitOptions = {}): Promise<Server> {
    return await this.#first('follower', claims => claims.length > 0, options)
  }

  async stop(): Promise<void> {
    await stopAll(this.members)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #running(): Server[] {
    return this.members.filter(member => member.state === 'running')
  }

  async #first(mode: Mode, settled: (claims: Server[]) => boolean, { signal }: WaitOptions): Promise<Server> {
    const probe = async (): Promise<Server | null> => {
      const running = this.#running()
      const modes = await Promise.all(running.map(async member => await member.mode()))
      const claims = running.filter((_, index) => modes[index] === mode)
      return settled(claims) ? claims[0]! : null
    }
    return await poll(() => `the ensemble settled on no ${mode}`, probe, { within: ELECTION_MS, signal })
  }
}

export const startEnsemble = async (size: number, options: ServerOptions = {}): Promise<Ensemble> => {
  if (!Number.isInteger(size) || size < 2) throw new RangeError('an ensemble has two members or more')
  const installation = await findInstallation(options)
  const perMember = 2 + (options.port === undefined ? 1 : 0) + (options.tls === undefined ? 0 : 1)
  return await onFreePorts(size * perMember, options.port, async free => {
    const rest = [...free]
    const members = Array.from({ length: size }, (_, index) => ({
      client: options.port === undefined ? rest.shift()! : options.port + index,
      quorum: rest.shift()!,
      election: rest.shift()!,
    }))
    return await launchMembers(installation, members, rest, options)
  })
}

const launchMembers = async (
  installation: Installation,
  members: readonly MemberPorts[],
  securePorts: readonly number[],
  options: ServerOptions,
): Promise<Ensemble> => {
  const servers: Server[] = []
  try {
    for (const [index, { client }] of members.entries()) {
      const ports = { client, secure: securePorts[index] ?? null, membership: { id: index + 1, members } }
      servers.push(await ServerProcess.launch(installation, ports, options))
    }
    const ensemble = new Ensemble(servers)
    await ensemble.ready({ signal: options.signal })
    return ensemble
  } catch (error) {
    await stopAll(servers)
    throw error
  }
}

const stopAll = async (servers: readonly Server[]): Promise<void> => {
  await Promise.all(servers.map(async server => await server.stop()))
}
