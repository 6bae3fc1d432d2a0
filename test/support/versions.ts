// Which release of ZooKeeper the tests run on, and what cannot be run there.
import { findInstallation } from '../../scripts/zookeeper/run/installation.ts'
import type { Test } from '../tap.ts'

let found: Promise<string> | undefined

/** The release that `startServer()` runs, such as 3.9.5. */
export function serverVersion(): Promise<string> {
  found ??= findInstallation({}).then(({ release }) => release.version)
  return found
}

/** True when the release is this one or a later one; parts that are left out count as zero. */
export function atLeast(version: string, release: string): boolean {
  const [a, b] = [numbers(version), numbers(release)]
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}

/**
 * False when the server is older than `release`: the test then does not apply, which the run lists and does not count as
 * a skip. `if (!(await since(t, '3.6'))) return`
 */
export async function since(t: Test, release: string): Promise<boolean> {
  const version = await serverVersion()
  if (atLeast(version, release)) return true
  t.pass(t.name, { skip: `not applicable: needs ZooKeeper ${release}, this is ${version}` })
  return false
}

/** The opposite: false when the server is `release` or later. */
export async function before(t: Test, release: string): Promise<boolean> {
  const version = await serverVersion()
  if (!atLeast(version, release)) return true
  t.pass(t.name, { skip: `not applicable: for ZooKeeper before ${release}, this is ${version}` })
  return false
}

function numbers(version: string): number[] {
  return version.split('.').map(part => Number.parseInt(part, 10))
}
