// The command line of the server's JVM. Pure: options in, arguments out.
import { delimiter } from 'node:path'
import type { ServerOptions } from './options.ts'

// One compiler tier and the serial collector halve the start time and suit a machine with two cores.
const QUICK_START: readonly string[] = [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:-UsePerfData',
  '-Xshare:auto',
]

export interface JvmFiles {
  // Holds the logging files; first on the class path.
  readonly folder: string
  readonly configFile: string
  readonly jaasFile: string | null
  readonly classPath: readonly string[]
}

export const jvmArguments = (files: JvmFiles, options: ServerOptions): string[] => [
  `-Xmx${options.heap ?? '256m'}`,
  ...(options.flags ?? QUICK_START),
  '-Djava.net.preferIPv4Stack=true',
  '-Dzookeeper.jmx.log4j.disable=true',
  '-Dorg.slf4j.simpleLogger.logFile=System.out',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
  '-Dorg.slf4j.simpleLogger.showShortLogName=true',
  ...(options.ttl === true ? ['-Dzookeeper.extendedTypesEnabled=true'] : []),
  ...(options.readOnlyMode === true ? ['-Dreadonlymode.enabled=true'] : []),
  ...(options.maxBuffer === undefined ? [] : [`-Djute.maxbuffer=${options.maxBuffer}`]),
  ...(options.superDigest === undefined
    ? []
    : [`-Dzookeeper.DigestAuthenticationProvider.superDigest=${options.superDigest}`]),
  ...(files.jaasFile === null ? [] : [`-Djava.security.auth.login.config=${files.jaasFile}`]),
  ...(options.jvm ?? []),
  '-cp',
  [files.folder, ...files.classPath].join(delimiter),
  'org.apache.zookeeper.server.quorum.QuorumPeerMain',
  files.configFile,
]
