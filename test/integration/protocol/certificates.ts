// Certificates for the tests of TLS: an authority and what it signs, made with the openssl command line.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from '../../tap.ts'

const run = promisify(execFile)

export interface Certificate {
  readonly cert: string
  readonly key: string
  /** Both in one file, as servers want it. */
  readonly store: string
}

export interface Authority {
  readonly ca: string
  /** A certificate for a common name, or for a whole subject such as `/O=Registry/CN=alice`; `names` such as `DNS:localhost`. */
  issue(file: string, subject: string, names?: string): Promise<Certificate>
}

/** A folder that the test removes. */
export async function folder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ndsr-tls-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}

export async function makeAuthority(path: string, commonName: string): Promise<Authority> {
  const openssl = async (...args: string[]): Promise<void> => {
    await run('openssl', args, { cwd: path })
  }
  const self = await key(path, commonName)
  const ca = join(path, `${commonName}.pem`)
  await openssl('req', '-x509', '-new', '-key', self, '-days', '2', '-subj', `/CN=${commonName}`, '-out', ca)
  return {
    ca,
    async issue(file, subject, names) {
      const own = await key(path, file)
      const [request, cert, extensions] = ['csr', 'crt', 'ext'].map(suffix => join(path, `${file}.${suffix}`))
      await writeFile(extensions!, names === undefined ? '' : `subjectAltName=${names}\n`)
      const name = subject.startsWith('/') ? subject : `/O=Registry/CN=${subject}`
      await openssl('req', '-utf8', '-new', '-key', own, '-subj', name, '-out', request!)
      const signing = ['-CA', ca, '-CAkey', self, '-set_serial', `0x${serial()}`, '-days', '2']
      await openssl('x509', '-req', '-in', request!, ...signing, '-extfile', extensions!, '-out', cert!)
      const store = join(path, `${file}.store.pem`)
      await writeFile(store, Buffer.concat([await readFile(own), await readFile(cert!)]))
      return { cert: cert!, key: own, store }
    },
  }
}

/** In PKCS#8, which both sides read. */
async function key(path: string, name: string): Promise<string> {
  const file = join(path, `${name}.key`)
  await run('openssl', ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', file])
  return file
}

function serial(): string {
  return Math.floor(Math.random() * 2 ** 48)
    .toString(16)
    .padStart(12, '0')
}
