// Writes zoo.cfg, and the JAAS and logging files beside it. Pure: options in, text out.
import { resolve } from 'node:path'
import type { ServerOptions, TlsOptions } from './options.ts'

export const LOOPBACK = '127.0.0.1'

export interface MemberPorts {
  readonly client: number
  readonly quorum: number
  readonly election: number
}

// A member's own number, from 1, and the ports of all.
export interface Membership {
  readonly id: number
  readonly members: readonly MemberPorts[]
}

export interface Place {
  readonly dataFolder: string
  readonly clientPort: number
  readonly securePort: number | null
  readonly membership: Membership | null
}

export type Config = Readonly<Record<string, string>>

export const serverConfig = (place: Place, options: ServerOptions): Config => ({
  tickTime: String(options.tickTime ?? 2000),
  dataDir: place.dataFolder,
  ...(place.membership === null ? clientPortLines(place.clientPort) : membershipLines(place.membership)),
  'admin.enableServer': 'false',
  '4lw.commands.whitelist': whitelist(options.fourLetterWords ?? '*'),
  // The default of 60 connections from one address is for hosts, not for test runs.
  maxClientCnxns: '0',
  // The data needs to survive a killed process, not a power cut.
  forceSync: 'no',
  ...(options.reconfig === true ? { reconfigEnabled: 'true' } : {}),
  ...(options.sasl === undefined ? {} : saslLines),
  ...(options.tls === undefined || place.securePort === null ? {} : tlsLines(options.tls, place.securePort)),
  ...options.config,
})

const clientPortLines = (port: number): Config => ({
  clientPort: String(port),
  clientPortAddress: LOOPBACK,
})

// The client port is part of the member's own line: that form serves with and without reconfig.
const membershipLines = ({ members }: Membership): Config => {
  const lines: Record<string, string> = { initLimit: '10', syncLimit: '5' }
  members.forEach(({ client, quorum, election }, index) => {
    lines[`server.${index + 1}`] = `${LOOPBACK}:${quorum}:${election};${LOOPBACK}:${client}`
  })
  return lines
}

const whitelist = (words: string): string => {
  const listed = words.split(',').map(word => word.trim())
  return listed.includes('*')
    ? '*'
    : [...new Set([...listed, 'srvr', 'conf'])].filter(word => word !== '').join(',')
}

const saslLines: Config = {
  'authProvider.sasl': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
}

// Only the Netty connection factory knows TLS.
const tlsLines = (tls: TlsOptions, port: number): Config => ({
  secureClientPort: String(port),
  secureClientPortAddress: LOOPBACK,
  serverCnxnFactory: 'org.apache.zookeeper.server.NettyServerCnxnFactory',
  'ssl.keyStore.location': resolve(tls.keyStore),
  ...(tls.keyStorePassword === undefined ? {} : { 'ssl.keyStore.password': tls.keyStorePassword }),
  'ssl.trustStore.location': resolve(tls.trustStore),
  ...(tls.trustStorePassword === undefined ? {} : { 'ssl.trustStore.password': tls.trustStorePassword }),
  'ssl.clientAuth': tls.clientAuth ?? 'none',
})

// zoo.cfg is a Java properties file: Latin-1, with the backslash as its escape.
export const formatConfig = (config: Config): string =>
  Object.entries(config)
    .map(([key, value]) => `${escapeProperty(key)}=${escapeProperty(value)}\n`)
    .join('')

const escapeProperty = (text: string): string => {
  if (/[\r\n]/.test(text))
    throw new RangeError(`a line of zoo.cfg cannot hold a line break: ${JSON.stringify(text)}`)
  return text
    .replaceAll('\\', '\\\\')
    .replace(/[^ -~]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

export const jaasFile = (users: Readonly<Record<string, string>>): string => {
  const lines = Object.entries(users).map(([name, password]) => `  user_${name}=${quote(password)}`)
  return `Server {\n  org.apache.zookeeper.server.auth.DigestLoginModule required\n${lines.join('\n')};\n};\n`
}

const quote = (text: string): string => `"${text.replace(/["\\]/g, character => `\\${character}`)}"`

// For servers that bring their own logging back end: logback from 3.8 on, Log4j 1 before.
export const LOGGING_FILES: Readonly<Record<string, string>> = {
  'logback.xml': `<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{HH:mm:ss.SSS} [%t] %-5p %c{0} - %m%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="out"/></root>
</configuration>
`,
  'log4j.properties': `log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{HH:mm:ss.SSS} [%t] %-5p %c{1} - %m%n
`,
}
