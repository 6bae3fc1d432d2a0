// The flags of ndsr that secure the connection: TLS with its files, and SASL.
import type { Command } from 'commander'
import type { TlsOptions } from '../../protocol/index.ts'

export interface SecurityFlags {
  tls?: boolean
  caFile?: string
  certFile?: string
  keyFile?: string
  sasl?: boolean
}

export function addSecurityFlags(program: Command): void {
  program
    .option('--ca-file <file>', 'PEM file with the authorities to trust; implies --tls')
    .option('--cert-file <file>', "PEM file with the client's certificate; implies --tls")
    .option('--key-file <file>', 'PEM file with its key, unless that stands behind the certificate')
}

/** null: not encrypted. A mistake is an error of usage. */
export function tlsOf(
  program: Command,
  { tls, caFile, certFile, keyFile }: SecurityFlags,
): TlsOptions | null {
  const files = [caFile, certFile, keyFile].filter(file => file !== undefined)
  if (tls === false && files.length > 0) program.error('error: --no-tls, and files for TLS')
  if (tls !== true && files.length === 0) return null
  if (certFile === undefined) {
    if (keyFile !== undefined)
      program.error('error: --key-file is for a certificate, which --cert-file names')
    return caFile === undefined ? {} : { caFile }
  }
  return { certFile, keyFile: keyFile ?? certFile, ...(caFile !== undefined && { caFile }) }
}
