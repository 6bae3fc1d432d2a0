// The embedded server as the Java clients meet it, and how their JVM is started.
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import type { Test } from '../tap.ts'

// DIGEST-MD5 is refused in FIPS mode, and a login is attempted only where a check asks for it.
export const JVM_FLAGS: readonly string[] = [
  ...['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData', '-Xshare:auto'],
  ...['-Dzookeeper.fips-mode=false', '-Dzookeeper.sasl.client=false'],
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
]

/** host:port of a server that the test closes. */
export async function serve(t: Test): Promise<string> {
  const sasl = { users: { al: 'secret' } }
  const server = await EmbeddedZooKeeper.start({
    tickTime: 500,
    maxSessionTimeout: 60_000,
    reconfig: true,
    sasl,
  })
  t.teardown(() => server.close())
  return server.connectString
}
