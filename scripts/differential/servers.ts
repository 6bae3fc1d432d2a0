// The two servers, set up alike, that nobody else uses.
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import { startServer } from '../zookeeper/server.ts'
import { SUPER } from './values.ts'

export interface Pair extends AsyncDisposable {
  /** host:port of each. */
  readonly embedded: string
  readonly real: string
  /** Of the real one. */
  readonly version: string
}

/** Nothing is reaped while programs run. */
const NEVER = 2 ** 31 - 1

/** All that can be switched on is on: times to live, hard quotas, a super user. */
export async function startPair(): Promise<Pair> {
  const real = await startServer({
    ttl: true,
    superDigest: SUPER.digest,
    heap: '1g',
    jvm: ['-Dzookeeper.enforceQuota=true', `-Dznode.container.checkIntervalMs=${NEVER}`],
  })
  const embedded = await EmbeddedZooKeeper.start({
    ttl: true,
    enforceQuota: true,
    superDigest: SUPER.digest,
    containerCheckInterval: NEVER,
  })
  return {
    embedded: embedded.connectString,
    real: real.connectString,
    version: real.version,
    async [Symbol.asyncDispose]() {
      await embedded.close()
      await real.stop()
    },
  }
}
