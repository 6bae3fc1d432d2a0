// The variable DEBUG: what it is, and what it names.

interface DenoGlobal {
  readonly permissions: { querySync(what: { name: 'env'; variable?: string }): { readonly state: string } }
}

/** False where Deno would ask its user first: for debug lines nobody is asked. Without a name, for all variables. */
export function isReadable(variable?: string): boolean {
  const { Deno } = globalThis as { Deno?: DenoGlobal }
  return Deno === undefined || Deno.permissions.querySync({ name: 'env', variable }).state === 'granted'
}

export function debugVariable(): string {
  return (isReadable('DEBUG') && process.env.DEBUG) || ''
}

/** True when a value such as `a:*,-a:b` names the namespace, as the package `debug` reads it. */
export function isNamed(value: string, namespace: string): boolean {
  const patterns = value.split(/[\s,]+/).filter(pattern => pattern !== '')
  const fits = (pattern: string): boolean => regexpOf(pattern).test(namespace)
  if (patterns.some(pattern => pattern.startsWith('-') && fits(pattern.slice(1)))) return false
  return patterns.some(pattern => !pattern.startsWith('-') && fits(pattern))
}

function regexpOf(pattern: string): RegExp {
  const parts = pattern.split('*').map(part => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's')
}
