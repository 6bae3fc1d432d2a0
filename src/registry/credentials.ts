// Who the registry is, and the ACL that follows from it.
import type { Acl } from '../../protocol/index.ts'
import { digestAcl, readAcl } from '../../protocol/index.ts'

export interface Credentials {
  readonly username: string | null
  readonly password: string | null
  /** An ACL given by the user wins over the one that follows from name and password. */
  readonly acl: readonly Acl[] | null
}

/** `user:password` for digest; null unless both are known. Keep it secret. */
export function digestOf({ username, password }: Credentials): string | null {
  return username === null || password === null ? null : `${username}:${password}`
}

/** Owner everything, world read, in this order; undefined leaves the choice to the client (open). */
export function defaultAcl({ username, password, acl }: Credentials): readonly Acl[] | undefined {
  if (acl !== null) return acl
  if (username === null || password === null) return undefined
  return [digestAcl(username, password), ...readAcl]
}
