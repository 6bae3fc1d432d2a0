// Authentication schemes: what an id looks like in an ACL, and which identity of a connection it means.
import { createHash } from 'node:crypto'
import { BlockList, isIP } from 'node:net'

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
  matches: (own, id) => inRange(own, id),
  proves: false,
  userName: id => id,
}

const x509: Scheme = {
  valid: id => id !== '',
  matches: (own, id) => own === id,
  proves: true,
  userName: id => id,
}

const schemes: ReadonlyMap<string, Scheme> = new Map([
  ['digest', digest],
  ['ip', ip],
  ['x509', x509],
])

/** undefined for `world`, `auth` and `super`, which are not schemes of their own, and for unknown ones. */
export function schemeOf(name: string): Scheme | undefined {
  return schemes.get(name)
}

/** The id of `user:password`: the user, and the base64 of the SHA-1 of both. */
export function digestId(userAndPassword: Uint8Array): string {
  const user = new TextDecoder().decode(userAndPassword).split(':')[0]!
  return `${user}:${createHash('sha1').update(userAndPassword).digest('base64')}`
}

/** As Java's split counts: empty parts at the end do not exist. */
function countParts(id: string): number {
  const parts = id.split(':')
  while (parts.at(-1) === '') parts.pop()
  return parts.length
}

interface Range {
  readonly address: string
  readonly bits: number
  readonly family: 'ipv4' | 'ipv6'
}

function parseRange(id: string): Range | null {
  const slash = id.indexOf('/')
  const address = slash < 0 ? id : id.slice(0, slash)
  const version = isIP(address)
  if (version === 0) return null
  const most = version === 4 ? 32 : 128
  const written = slash < 0 ? String(most) : id.slice(slash + 1)
  const bits = Number(written)
  if (!/^\d+$/.test(written) || bits > most) return null
  return { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' }
}

function inRange(own: string, id: string): boolean {
  const range = parseRange(id)
  const version = isIP(own)
  // Families never mix.
  if (range === null || version === 0 || (version === 4) !== (range.family === 'ipv4')) return false
  const list = new BlockList()
  list.addSubnet(range.address, range.bits, range.family)
  return list.check(own, range.family)
}
