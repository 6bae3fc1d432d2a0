// The embedded server: a ZooKeeper in this process, for development and tests.

export { EmbeddedZooKeeper } from './embedded-zookeeper.ts'
export type { EmbeddedOptions, EmbeddedSaslOptions, EmbeddedTlsOptions } from './options.ts'
