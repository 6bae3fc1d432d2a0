// Authentication schemes: what an id looks like in an ACL, and which identity of a connection it means.
import { createHash } from 'node:crypto'
import { inRange, parseRange } from './ip-range.ts'

export interface Scheme {
  /** May stand in an ACL. */
  valid(id: string): boolean
  /** The identity `own` of a connection is meant by `id` in an ACL. */
  matches(own: string, id: string): boolean
  /** The pseudo scheme `auth` stands for it. */
  readonly proves: boolean
  /** What whoAmI shows. */
  userName(id: string): string
}

const digest: Scheme = {
  valid: id => countParts(id) === 2,
  matches: (own, id) => own === id,
  proves: true,
  userName: id => id.split(':')[0]!,
}

const ip: Scheme = {
  valid: id => parseRange(id) !== null,
  matches: (own, id) => {
    const range = parseRange(id)
    return range !== null && inRange(own, range)
  },
  proves: false,
  userName: id => id,
}

const x509: Scheme = {
  valid: isDistinguishedName,
  matches: (own, id) => own === id,
  proves: true,
  userName: id => id,
}

const sasl: Scheme = {
  // A Kerberos name: user, user@realm or user/host@realm.
  valid: id => !id.includes('@') || /^[^/@]*(?:\/[^/@]*)?@[^/@]*$/.test(id),
  matches: (own, id) => own === id || own === 'super',
  proves: true,
  userName: id => id,
}

const schemes: ReadonlyMap<string, Scheme> = new Map([
  ['digest', digest],
  ['ip', ip],
  ['x509', x509],
  ['sasl', sasl],
])

/** What every server has; `sasl` and `x509` come with their configuration. */
export const BASIC_SCHEMES: readonly string[] = ['digest', 'ip']

/** undefined for `world`, `auth` and `super`, which are not schemes of their own, and for unknown ones. */
export function schemeOf(name: string): Scheme | undefined {
  return schemes.get(name)
}

/** The id of `user:password`: the user, and the base64 of the SHA-1 of both. */
export function digestId(userAndPassword: Uint8Array): string {
  const user = new TextDecoder().decode(userAndPassword).split(':')[0]!
  return `${user}:${createHash('sha1').update(userAndPassword).digest('base64')}`
}

/** Names of attributes that may stand in an X.500 name; numbers of others may, too. */
const ATTRIBUTE =
  /^\s*(?:cn|c|l|s|st|o|ou|t|ip|street|dc|dnqualifier|dnq|surname|givenname|initials|generation|email|emailaddress|uid|serialnumber|(?:oid\.)?\d+(?:\.\d+)+)\s*=/i

/** Attributes separated by commas, semicolons or plus signs, unless these are escaped or quoted. */
function isDistinguishedName(id: string): boolean {
  if (id.trim() === '') return true
  const parts = id.match(/(?:\\.|"(?:\\.|[^"\\])*"|[^,;+\\"])+|[,;+]|./gs) ?? []
  return parts.every((part, index) => (index % 2 === 0 ? ATTRIBUTE.test(part) : /^[,;+]$/.test(part)))
}

/** As Java's split counts: empty parts at the end do not exist. */
function countParts(id: string): number {
  const parts = id.split(':')
  while (parts.at(-1) === '') parts.pop()
  return parts.length
}
