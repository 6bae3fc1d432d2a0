// ACL helpers: the usual lists, and the id that a digest credential proves.
import { createHash } from 'node:crypto'
import { InvalidArgumentError } from '../errors.ts'
import type { Acl, Id } from '../records/data.ts'
import { copyOfAcl, Permission } from '../records/data.ts'

const WORLD: Id = { scheme: 'world', id: 'anyone' }

/** Everybody may do everything (ZooDefs.Ids.OPEN_ACL_UNSAFE). */
export const openAcl: readonly Acl[] = [{ perms: Permission.ALL, id: WORLD }]

/** Everybody may read. */
export const readAcl: readonly Acl[] = [{ perms: Permission.READ, id: WORLD }]

/** Whoever creates the znode may do everything; needs an authenticated connection. */
export const creatorAcl: readonly Acl[] = [{ perms: Permission.ALL, id: { scheme: 'auth', id: '' } }]

/** The id text of a digest credential: the name and the SHA-1 of name and password (DigestAuthenticationProvider). */
export function digestId(username: string, password: string): string {
  const digest = createHash('sha1').update(`${username}:${password}`, 'utf8').digest('base64')
  return `${username}:${digest}`
}

/** An entry for whoever authenticates with this name and password. */
export function digestAcl(username: string, password: string, perms: number = Permission.ALL): Acl {
  if (typeof username !== 'string' || username === '' || username.includes(':')) {
    throw new InvalidArgumentError('username', 'a string without a colon', Object(username))
  }
  return { perms, id: { scheme: 'digest', id: digestId(username, password) } }
}

/** Throws an InvalidArgumentError unless the value is a list of ACL entries that the wire can carry. */
export function checkAcl(value: unknown): asserts value is readonly Acl[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new InvalidArgumentError('acl', 'a list with at least one entry', value)
  }
  for (const entry of value) {
    const { perms, id } = (entry ?? {}) as Partial<Acl>
    const bits = Number.isInteger(perms) && (perms as number) > 0 && (perms as number) <= Permission.ALL
    const sound = bits && typeof id?.scheme === 'string' && typeof id.id === 'string'
    if (!sound) throw new InvalidArgumentError('acl', 'a list of { perms, id: { scheme, id } }', entry)
  }
}

/** The list as it is now, checked, for what keeps it beyond the call. */
export function ownAcl(value: unknown): Acl[] {
  checkAcl(value)
  return copyOfAcl(value)
}
