// The server's side of SASL DIGEST-MD5 (RFC 2831) with quality of protection `auth`: one exchange on one connection.
import { Buffer } from 'node:buffer'
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** ZooKeeper names its service, not the host (SecurityUtils). */
const REALM = 'zk-sasl-md5'
const DIGEST_URI = `zookeeper/${REALM}`
/** A nonce is used once, so this is the only count there is. */
const NONCE_COUNT = '00000001'

export type SaslStep =
  | { readonly type: 'token'; readonly token: Uint8Array; readonly user: string | null }
  | { readonly type: 'failed' }

const FAILED: SaslStep = { type: 'failed' }

export class SaslExchange {
  readonly #users: ReadonlyMap<string, string>
  readonly #nonce = randomBytes(30).toString('base64')
  #state: 'new' | 'challenged' | 'over' = 'new'

  /** Passwords by user. */
  constructor(users: ReadonlyMap<string, string>) {
    this.#users = users
  }

  /** Answers a token of the client. The token that completes the exchange comes with the user's name. */
  step(token: Uint8Array): SaslStep {
    switch (this.#state) {
      case 'new':
        // What a client sends first does not matter: the server speaks first.
        this.#state = 'challenged'
        return { type: 'token', token: this.#challenge(), user: null }
      case 'challenged':
        this.#state = 'over'
        return this.#judge(Buffer.from(token).toString('utf8'))
      default:
        return FAILED
    }
  }

  #challenge(): Buffer {
    return Buffer.from(`realm="${REALM}",nonce="${this.#nonce}",charset=utf-8,algorithm=md5-sess`)
  }

  #judge(response: string): SaslStep {
    const directives = parseDirectives(response)
    const of = (name: string): string => directives.get(name) ?? ''
    const [user, cnonce] = [of('username'), of('cnonce')]
    const password = this.#users.get(user)
    const offered = of('nonce') === this.#nonce && of('digest-uri') === DIGEST_URI && of('realm') === REALM
    if (password === undefined || !offered || cnonce === '' || (directives.get('qop') ?? 'auth') !== 'auth') {
      return FAILED
    }
    // Java's client sends the name a second time, as the one to act as; the server goes by the name that was proved.
    const actAs = directives.has('authzid') ? `:${of('authzid')}` : ''
    const secret = { password, session: `:${this.#nonce}:${cnonce}${actAs}` }
    const proof = (prefix: string): string => this.#proof(user, secret, cnonce, prefix)
    if (!isSame(of('response'), proof('AUTHENTICATE'))) return FAILED
    return { type: 'token', token: Buffer.from(`rspauth=${proof('')}`), user }
  }

  #proof(user: string, { password, session }: Secret, cnonce: string, prefix: string): string {
    const known = md5(`${user}:${REALM}:${password}`)
    const key = md5(Buffer.concat([known, Buffer.from(session)])).toString('hex')
    const request = md5(`${prefix}:${DIGEST_URI}`).toString('hex')
    return md5([key, this.#nonce, NONCE_COUNT, cnonce, 'auth', request].join(':')).toString('hex')
  }
}

/** What both sides know: the password, and what makes this exchange differ from others. */
interface Secret {
  readonly password: string
  readonly session: string
}

/** name=value or name="value", separated by commas; ends at what it cannot read. */
function parseDirectives(text: string): ReadonlyMap<string, string> {
  const directives = new Map<string, string>()
  for (const [, name, quoted, plain] of text.matchAll(
    /[\s,]*([A-Za-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^,"\s]*))\s*(?=,|$)/gsy,
  )) {
    directives.set(name!, quoted === undefined ? plain! : quoted.replace(/\\(.)/gs, '$1'))
  }
  return directives
}

function md5(content: string | Buffer): Buffer {
  return createHash('md5').update(content).digest()
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
