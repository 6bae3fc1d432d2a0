// What proves who we are: kept by the client, replayed first on every connection, never shown.
import { Buffer } from 'node:buffer'
import { InvalidArgumentError } from '../errors.ts'
import type { AuthPacket } from '../records/access.ts'

export interface Credential {
  /** `digest`, or another scheme of the server. */
  readonly scheme: string
  readonly auth: Uint8Array
}

export class Credentials {
  #entries: Credential[] = []

  /** Adds a credential; false if it was there already. */
  add(credential: Credential): boolean {
    if (this.#entries.some(entry => same(entry, credential))) return false
    this.#entries.push(credential)
    return true
  }

  remove(credential: Credential): void {
    this.#entries = this.#entries.filter(entry => !same(entry, credential))
  }

  /** The text without the secrets: whole credentials, and the passwords in those of the form `user:password`. */
  redact(text: string): string {
    return secretsOf(this.#entries).reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
  }

  /** The packets to send on a new connection, in the order in which they were added. */
  packets(): AuthPacket[] {
    return this.#entries.map(authPacketOf)
  }
}

/** Checks what a caller gives; a string is encoded as UTF-8. Bytes are copied: who wipes them has still given them. */
export function credentialOf(scheme: string, auth: string | Uint8Array): Credential {
  if (typeof scheme !== 'string' || scheme === '') {
    throw new InvalidArgumentError('scheme', 'a string', scheme)
  }
  if (typeof auth === 'string') return { scheme, auth: Buffer.from(auth, 'utf8') }
  if (auth instanceof Uint8Array) return { scheme, auth: Buffer.from(auth) }
  // The value itself is a secret: boxed, the message names its type alone.
  throw new InvalidArgumentError('auth', 'a string or bytes', Object(auth))
}

export function authPacketOf({ scheme, auth }: Credential): AuthPacket {
  return { type: 0, scheme, auth }
}

/** The longest first, so that no part of one is left. */
function secretsOf(entries: readonly Credential[]): string[] {
  const texts = entries.map(({ auth }) => Buffer.from(auth).toString('utf8'))
  const passwords = texts.filter(text => text.includes(':')).map(text => text.slice(text.indexOf(':') + 1))
  return [...texts, ...passwords].filter(text => text !== '').sort((a, b) => b.length - a.length)
}

function same(a: Credential, b: Credential): boolean {
  return a.scheme === b.scheme && Buffer.compare(a.auth, b.auth) === 0
}
