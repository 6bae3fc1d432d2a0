// An embedded server that goes down and comes back: on a port that the system gives to nobody else meanwhile.
import { freePorts } from '../../scripts/zookeeper/run/ports.ts'
import type { EmbeddedOptions } from '../../src/embedded/index.ts'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import type { Test } from '../tap.ts'
import { eventually } from './eventually.ts'

/** The test closes it. Between two starts a port of the usual kind may become that of somebody's connection. */
export async function onSteadyPort(t: Test, options: EmbeddedOptions = {}): Promise<EmbeddedZooKeeper> {
  const server = await eventually('a free port', async () => {
    const [port] = await freePorts(1)
    return await EmbeddedZooKeeper.start({ ...options, port: port as number })
  })
  t.teardown(() => server.close())
  return server
}
