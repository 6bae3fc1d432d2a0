// What a caller may ask of a server or an ensemble.

export interface ServerOptions {
  // A line ('3.6') or a full version ('3.6.4'). Default: ZOOKEEPER_VERSION, or else the newest line.
  readonly version?: string
  // Default: a free port. Several members take this port and those after it.
  readonly port?: number
  // Milliseconds. Sessions live for 2 to 20 ticks. Default: 2000, as ZooKeeper's own.
  readonly tickTime?: number
  readonly ttl?: boolean
  readonly reconfig?: boolean
  readonly readOnlyMode?: boolean
  // `jute.maxbuffer`, in bytes.
  readonly maxBuffer?: number
  // The whitelist, default '*'. `srvr` and `conf` are always on it: that is how readiness is seen.
  readonly fourLetterWords?: string
  // Lines for zoo.cfg; they win over every other option.
  readonly config?: Readonly<Record<string, string>>
  // More arguments for the JVM, such as `-Dzookeeper.skipACL=yes`.
  readonly jvm?: readonly string[]
  // Default: '256m'.
  readonly heap?: string
  // Replaces the flags that make a JVM start quickly and stay small; a benchmark gives [] for the JVM's defaults.
  readonly flags?: readonly string[]
  readonly tls?: TlsOptions
  readonly sasl?: SaslOptions
  // `super:` and the base64 of the SHA-1 of `super:password`.
  readonly superDigest?: string
  // Milliseconds that the start may take. Default: 30000.
  readonly startTimeout?: number
  // Ends the start.
  readonly signal?: AbortSignal
}

// The server then listens on a second, secure port. The suffix of a store says its kind: .jks, .p12 or .pem.
export interface TlsOptions {
  readonly keyStore: string
  readonly keyStorePassword?: string
  readonly trustStore: string
  readonly trustStorePassword?: string
  // Whether clients must show a certificate. Default: 'none'.
  readonly clientAuth?: 'none' | 'want' | 'need'
}

// A JAAS file of one's own, or users and passwords for SASL's DIGEST-MD5.
export type SaslOptions = { readonly jaasFile: string } | { readonly users: Readonly<Record<string, string>> }
