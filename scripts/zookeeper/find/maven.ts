// The release jars through Maven, with the few that ZooKeeper itself marks as given by its surroundings.
import { addToCache } from './cache.ts'
import type { Artifact } from './pom.ts'
import { copyJars, pomOf } from './pom.ts'
import type { Source } from './release.ts'

// slf4j-simple comes first, so that its slf4j-api is taken on every line and the two fit each other.
// The server loads metrics-core and snappy-java from 3.6 on, and its own POM leaves both out.
const BESIDE: readonly Artifact[] = [
  { group: 'org.slf4j', artifact: 'slf4j-simple', version: '2.0.13', without: [] },
  { group: 'io.dropwizard.metrics', artifact: 'metrics-core', version: '4.1.12.1', without: [] },
  { group: 'org.xerial.snappy', artifact: 'snappy-java', version: '1.1.10.5', without: [] },
]

// Other logging back ends start more slowly and would quarrel with slf4j-simple.
const WITHOUT: Artifact['without'] = [
  ['ch.qos.logback', '*'],
  ['ch.qos.reload4j', '*'],
  ['log4j', '*'],
  ['org.slf4j', 'slf4j-log4j12'],
  ['org.slf4j', 'slf4j-reload4j'],
]

export const maven: Source = {
  name: 'Maven',
  find: async ({ version }, env) =>
    await addToCache(env, version, 'Maven', folder => copyJars(pomFor(version), folder, env)),
}

export const pomFor = (version: string): string =>
  pomOf('zookeeper-jars', [
    ...BESIDE,
    { group: 'org.apache.zookeeper', artifact: 'zookeeper', version, without: WITHOUT },
  ])
