// What the tests of restarts share: a place for a session file, and a process with a registration.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { SessionCredentials } from '../../../protocol/index.ts'
import { scriptArgs } from '../../support/child.ts'
import type { Test } from '../../tap.ts'

/** A file of its own in a folder that the test removes. */
export function fileFor(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'ndsr-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'sessions')
}

export interface Child {
  readonly pid: number
  /** Resolves when its node stands. */
  readonly standing: Promise<SessionCredentials>
  kill(): Promise<void>
}

/** Longer than the next process takes to start, and to find what this one has left. */
export const LONG = 60_000

/** Starts a process with a registration; the test ends it. */
export function registrant(
  t: Test,
  servers: string,
  path: string,
  file = '',
  sessionTimeout: number = LONG,
): Child {
  const script = fileURLToPath(new URL('children/registrant.ts', import.meta.url))
  const args = scriptArgs(script, [servers, path, file, String(sessionTimeout)])
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  const standing = new Promise<SessionCredentials>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', line => {
      const [id = '', password = ''] = line.split(' ')
      resolve({ id: BigInt(id), password: Buffer.from(password, 'hex') })
    })
    child.once('close', () => reject(new Error('the child ended')))
  })
  standing.catch(() => {})
  const kill = (): Promise<void> => {
    child.kill('SIGKILL')
    return ended
  }
  return { pid: child.pid!, standing, kill }
}
