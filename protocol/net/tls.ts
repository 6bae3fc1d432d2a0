// TLS transports over node:tls: encrypted from the first byte, certificates read anew for each connection.
import type { Buffer } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { whenConnected } from './tcp.ts'
import type { Address, Connector } from './transport.ts'

/** What node:tls takes, less what the connection decides itself; and files, so that rotated certificates are seen. */
export interface TlsOptions
  extends Pick<
    ConnectionOptions,
    | 'ca'
    | 'cert'
    | 'key'
    | 'passphrase'
    | 'pfx'
    | 'ciphers'
    | 'minVersion'
    | 'maxVersion'
    | 'servername'
    | 'rejectUnauthorized'
    | 'checkServerIdentity'
  > {
  /** PEM file with the authorities to trust, read for each connection. */
  caFile?: string
  /** PEM file with the client's certificate, read for each connection. */
  certFile?: string
  /** PEM file with the client's key, read for each connection. */
  keyFile?: string
}

/** Options, or a function that is asked for them before each connection. */
export type TlsSource = TlsOptions | (() => TlsOptions | Promise<TlsOptions>)

export function tlsConnector(source: TlsSource, ref = true): Connector {
  return async (address, signal) => {
    // Here, so that a process without TLS does not load what it is made of.
    const [{ connect }, options] = await Promise.all([import('node:tls'), resolve(source)])
    signal.throwIfAborted()
    const socket = connect({ ...nameOf(address), ...options, host: address.ip, port: address.port })
    if (!ref) socket.unref()
    return whenConnected(socket, 'secureConnect', address, signal)
  }
}

async function resolve(source: TlsSource): Promise<ConnectionOptions> {
  const { caFile, certFile, keyFile, ...options } = typeof source === 'function' ? await source() : source
  const [ca, cert, key] = await Promise.all([contents(caFile), contents(certFile), contents(keyFile)])
  return { ...options, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
}

async function contents(file: string | undefined): Promise<Buffer | undefined> {
  return file === undefined ? undefined : readFile(file)
}

/** The name, not the address, is what the certificate is checked against. */
function nameOf({ host }: Address): ConnectionOptions {
  return isIP(host) === 0 ? { servername: host } : {}
}
