// A folder that the test removes.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from '../tap.ts'

export async function folder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ndsr-test-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}
