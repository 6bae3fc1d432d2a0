// SASL DIGEST-MD5 (RFC 2831) with quality of protection `auth`, as ZooKeeper's servers speak it.
import { Buffer } from 'node:buffer'
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { InvalidArgumentError, ZooKeeperError } from '../../errors.ts'
import type { SaslExchange, SaslMechanism } from './mechanism.ts'

/** ZooKeeper names its service, not the host (SaslServerPrincipal, SecurityUtils). */
const PROTOCOL = 'zookeeper'
const SERVER_NAME = 'zk-sasl-md5'
const NONCE_COUNT = '00000001'

export interface DigestMd5Options {
  readonly username: string
  readonly password: string
  /** Chosen for each exchange; tests fix it. */
  readonly cnonce?: () => string
}

/** No step of it waits for anything. */
export interface DigestMd5 extends SaslMechanism {
  begin(host: string): SaslExchange
}

/** The password stays in a closure: it shows in no inspection and no log. */
export function digestMd5({ username, password, cnonce = randomNonce }: DigestMd5Options): DigestMd5 {
  if (typeof username !== 'string') throw new InvalidArgumentError('username', 'a string', Object(username))
  if (typeof password !== 'string') throw new InvalidArgumentError('password', 'a string', Object(password))
  return { name: 'DIGEST-MD5', begin: () => exchange(username, password, cnonce()) }
}

function exchange(username: string, password: string, cnonce: string): SaslExchange {
  let expected: string | null = null
  return {
    initial: () => Buffer.alloc(0),
    respond(token) {
      const directives = parseDirectives(Buffer.from(token).toString('utf8'))
      if (expected !== null) {
        checkProof(directives.get('rspauth'), expected)
        return null
      }
      const realm = directives.get('realm') ?? SERVER_NAME
      const nonce = directives.get('nonce')
      if (nonce === undefined) throw rejection('the server sent a challenge without a nonce')
      checkOffer(directives)
      const uri = `${PROTOCOL}/${SERVER_NAME}`
      const secret = md5(Buffer.from(`${username}:${realm}:${password}`, 'utf8'))
      const a1 = md5(Buffer.concat([secret, Buffer.from(`:${nonce}:${cnonce}`, 'utf8')])).toString('hex')
      const value = (prefix: string): string =>
        hexMd5(`${a1}:${nonce}:${NONCE_COUNT}:${cnonce}:auth:${hexMd5(`${prefix}:${uri}`)}`)
      expected = value('')
      return Buffer.from(
        [
          'charset=utf-8',
          `username="${quoted(username)}"`,
          `realm="${quoted(realm)}"`,
          `nonce="${quoted(nonce)}"`,
          `nc=${NONCE_COUNT}`,
          `cnonce="${quoted(cnonce)}"`,
          `digest-uri="${uri}"`,
          'maxbuf=65536',
          `response=${value('AUTHENTICATE')}`,
          'qop=auth',
        ].join(','),
        'utf8',
      )
    },
  }
}

/**
 * name=value or name="value", separated by commas; a quoted value may hold commas and escaped quotes. Ends at what it
 * cannot read. Sticky, so that no text of a server takes more than linear time.
 */
export function parseDirectives(text: string): Map<string, string> {
  const directives = new Map<string, string>()
  const pattern = /[\s,]*([A-Za-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^,"\s]*))\s*(?=,|$)/gsy
  for (const [, name, quotedValue, plain] of text.matchAll(pattern)) {
    const value = quotedValue === undefined ? plain : quotedValue.replace(/\\(.)/gs, '$1')
    if (name !== undefined && !directives.has(name)) directives.set(name, value ?? '')
  }
  return directives
}

function checkOffer(directives: Map<string, string>): void {
  const offered = (directives.get('qop') ?? 'auth').split(',').map(item => item.trim())
  if (!offered.includes('auth')) throw rejection(`the server offers no plain authentication, but ${offered}`)
  const algorithm = directives.get('algorithm') ?? 'md5-sess'
  if (algorithm !== 'md5-sess') throw rejection(`the server asks for the algorithm ${algorithm}`)
}

/** The server, too, has to know the password. */
function checkProof(given: string | undefined, expected: string): void {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(expected)]
  if (a.length !== b.length || !timingSafeEqual(a, b)) {
    throw rejection('the server did not prove that it knows the password')
  }
}

/** Final: what this server says now it says on the next connection too. */
function rejection(message: string): ZooKeeperError {
  return new ZooKeeperError('AUTH_FAILED', { operation: 'sasl', message })
}

function md5(bytes: Buffer): Buffer {
  return createHash('md5').update(bytes).digest()
}

function hexMd5(text: string): string {
  return md5(Buffer.from(text, 'utf8')).toString('hex')
}

function quoted(text: string): string {
  return text.replace(/["\\]/g, '\\$&')
}

function randomNonce(): string {
  return randomBytes(24).toString('base64')
}
