// The cache file on disk: read with suspicion, replaced as a whole, shared with other processes.
import { constants } from 'node:fs'
import { open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Parsed, SavedPaths } from './cache-format.ts'
import { bounded, merge, parse, render } from './cache-format.ts'
import { ServiceRegistryError } from './errors.ts'
import { FileLock } from './file-lock.ts'

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants

/** Paths that a file holds: it is read and written as a whole. */
export const MOST_PATHS = 50_000

export class CacheFile {
  readonly path: string
  readonly #warn: (error: unknown) => void
  /** Null where users have no numbers. */
  readonly #user: number | null
  readonly #most: number
  #warned = ''

  constructor(
    path: string,
    warn: (error: unknown) => void,
    user: number | null = process.geteuid?.() ?? null,
    most: number = MOST_PATHS,
  ) {
    this.path = path
    this.#warn = warn
    this.#user = user
    this.#most = most
  }

  /** What it holds; nothing, with a warning, where it cannot be used. Never rejects. */
  async read(): Promise<SavedPaths> {
    const found = await this.#look()
    if (found.kind === 'ok') return found.paths
    this.#complain(`${found.why}: starting without it`)
    return new Map()
  }

  /**
   * Adds to it what is newer. True if that is on disk now; otherwise false, with a warning. A damaged file is moved
   * aside; one of another kind is left alone. Never rejects.
   */
  async write(paths: SavedPaths, patience: number): Promise<boolean> {
    try {
      const orphaned = (token: string): Promise<void> => unlink(this.#draft(token)).catch(() => {})
      const lock = await FileLock.take(`${this.path}.lock`, patience, orphaned)
      if (lock === null) return this.#complain('other processes keep it locked')
      try {
        return await this.#replace(paths, lock)
      } finally {
        await lock.release()
      }
    } catch (error) {
      return this.#complain('it could not be written', error)
    }
  }

  async #replace(paths: SavedPaths, lock: FileLock): Promise<boolean> {
    const found = await this.#look()
    if (found.kind === 'foreign')
      return this.#complain(`${found.why}: it is left as it is, and nothing is saved`)
    if (found.kind === 'damaged') {
      this.#complain(`${found.why}: moved to ${this.path}.damaged`)
      await rename(this.path, `${this.path}.damaged`)
    }
    const draft = this.#draft(lock.token)
    const all = found.kind === 'ok' ? merge(found.paths, paths) : paths
    const text = render(bounded(all, paths, this.#most))
    try {
      await writeSynced(draft, text)
      if (!(await lock.held())) throw new Error('the lock was lost while writing')
      await rename(draft, this.path)
    } catch (error) {
      await unlink(draft).catch(() => {})
      throw error
    }
    await syncFolder(dirname(this.path))
    this.#warned = ''
    return true
  }

  /** Neither follows a link nor waits at a pipe; a file of another user could hold anything. */
  async #look(): Promise<Parsed> {
    let file: Awaited<ReturnType<typeof open>>
    try {
      file = await open(this.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return { kind: 'ok', paths: new Map() }
      return {
        kind: 'foreign',
        why: code === 'ELOOP' ? 'it is a symbolic link' : `it cannot be read (${code})`,
      }
    }
    try {
      const stat = await file.stat()
      if (!stat.isFile()) return { kind: 'foreign', why: 'it is no file' }
      if (this.#user !== null && stat.uid !== this.#user) {
        return { kind: 'foreign', why: 'it belongs to another user' }
      }
      return parse(await file.readFile('utf8'))
    } catch (error) {
      return { kind: 'foreign', why: `it cannot be read (${(error as NodeJS.ErrnoException).code})` }
    } finally {
      await file.close()
    }
  }

  #draft(token: string): string {
    return `${this.path}.${token}.tmp`
  }

  /** The same trouble is told once, until a write succeeds. */
  #complain(what: string, cause?: unknown): false {
    const message = `cache file ${this.path}: ${what}`
    if (message !== this.#warned) {
      this.#warn(new ServiceRegistryError('CACHE_FILE', message, { path: this.path, cause }))
    }
    this.#warned = message
    return false
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Not every system lets a folder be synced; the file itself is safe by then. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r')
    await folder.sync().finally(() => folder.close())
  } catch {}
}
