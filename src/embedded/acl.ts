// ACLs: who may do what, how a list is put right before it is stored, and what others may see of it.
import type { Acl, Id } from '../../protocol/records/data.ts'
import { refuse } from './refusal.ts'
import { schemeOf } from './schemes.ts'

/** True when the identities hold one of the wanted permissions. An empty list permits everything. */
export function permits(acl: readonly Acl[], wanted: number, identities: readonly Id[]): boolean {
  if (acl.length === 0) return true
  for (const entry of acl) {
    if ((entry.perms & wanted) !== 0 && isMeant(entry.id, identities)) return true
  }
  return identities.some(({ scheme }) => scheme === 'super')
}

export function demand(acl: readonly Acl[], wanted: number, identities: readonly Id[]): void {
  if (!permits(acl, wanted, identities)) refuse('NO_AUTH')
}

function isMeant(id: Id, identities: readonly Id[]): boolean {
  if (id.scheme === 'world' && id.id === 'anyone') return true
  const scheme = schemeOf(id.scheme)
  if (scheme === undefined) return false
  return identities.some(own => own.scheme === id.scheme && scheme.matches(own.id, id.id))
}

/**
 * The list as it is stored: without duplicates, `auth` replaced by the identities that it stands for. `known` are the
 * schemes that this server is configured for.
 */
export function fixUp(acl: readonly Acl[], identities: readonly Id[], known: ReadonlySet<string>): Acl[] {
  const fixed = withoutDuplicates(acl).flatMap(entry => fixEntry(entry, identities, known))
  if (fixed.length === 0) refuse('INVALID_ACL')
  return fixed
}

function withoutDuplicates(acl: readonly Acl[]): Acl[] {
  const same = (a: Acl, b: Acl): boolean =>
    a.perms === b.perms && a.id.scheme === b.id.scheme && a.id.id === b.id.id
  return acl.filter((entry, index) => acl.findIndex(other => same(other, entry)) === index)
}

function fixEntry(entry: Acl, identities: readonly Id[], known: ReadonlySet<string>): Acl[] {
  const { scheme, id } = entry.id
  if (scheme === 'world' && id === 'anyone') return [entry]
  if (scheme === 'auth') {
    const proven = identities.filter(own => schemeOf(own.scheme)?.proves === true)
    if (proven.length === 0) refuse('INVALID_ACL')
    return proven.map(own => ({ perms: entry.perms, id: own }))
  }
  if (!known.has(scheme) || schemeOf(scheme)?.valid(id) !== true) refuse('INVALID_ACL')
  return [entry]
}

/** For those who may read but not change the list: the hashes of passwords are hidden. */
export function masked(acl: readonly Acl[]): Acl[] {
  return acl.map(entry =>
    entry.id.scheme === 'digest'
      ? { perms: entry.perms, id: { scheme: 'digest', id: entry.id.id.replace(/:.*/s, ':x') } }
      : entry,
  )
}
