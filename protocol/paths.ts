// Znode paths: the server's own check (PathUtils.validatePath), and taking paths apart.
import { InvalidArgumentError, InvalidPathError } from './errors.ts'

/** The znode with the configuration of the ensemble. It lies outside of all chroots. */
export const CONFIG = '/zookeeper/config'

const SLASH = 47
const DOT = 46

/**
 * Throws an InvalidPathError that names the first offending character.
 * Sequential creates are judged with a digit appended, so they may end in a slash or in dots.
 */
export function validatePath(path: string, sequential = false): void {
  if (typeof path !== 'string') throw new InvalidArgumentError('path', 'a string', path)
  if (sequential) validate(path, `${path}1`)
  else validate(path, path)
}

function validate(shown: string, path: string): void {
  if (path === '') throw new InvalidPathError(shown, 0, 'a path cannot be empty')
  if (path.charCodeAt(0) !== SLASH) throw new InvalidPathError(shown, 0, 'a path starts with a slash')
  if (path.length === 1) return
  let start = 1
  for (let i = 1; i < path.length; i++) {
    const code = path.charCodeAt(i)
    if (code === SLASH) {
      checkName(shown, path, start, i)
      start = i + 1
    } else if (code < 0x20 || code > 0x7e) {
      checkCharacter(shown, code, i)
    }
  }
  if (start === path.length)
    throw new InvalidPathError(shown, path.length - 1, 'a path cannot end in a slash')
  checkName(shown, path, start, path.length)
}

function checkName(shown: string, path: string, start: number, end: number): void {
  if (start === end) throw new InvalidPathError(shown, start, 'a name is empty')
  if (path.charCodeAt(start) !== DOT) return
  const relative = end - start === 1 || (end - start === 2 && path.charCodeAt(start + 1) === DOT)
  if (relative) throw new InvalidPathError(shown, start, 'a path has no relative parts')
}

function checkCharacter(shown: string, code: number, index: number): void {
  if (code === 0) throw new InvalidPathError(shown, index, 'the null character is not allowed')
  const forbidden =
    code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0xd800 && code <= 0xf8ff) || code >= 0xfff0
  if (forbidden) throw new InvalidPathError(shown, index, 'a character that the server forbids')
}

/** The path of the parent; the root is its own. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

/** The name after the last slash. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function childOf(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`
}

/**
 * The client's path under a chroot ('' for none); `/` is the chroot itself. The name of a sequential znode may be its
 * number alone, which the server appends: there, `/` stands for a znode below the chroot, not beside it.
 */
export function intoChroot(chroot: string, path: string, sequential = false): string {
  if (chroot === '') return path
  return path === '/' && !sequential ? chroot : chroot + path
}

/** The path as the client of a chroot sees it; a path outside is returned as it is. */
export function outOfChroot(chroot: string, path: string): string {
  if (chroot === '' || !path.startsWith(chroot)) return path
  if (path.length === chroot.length) return '/'
  return path.charCodeAt(chroot.length) === SLASH ? path.slice(chroot.length) : path
}
