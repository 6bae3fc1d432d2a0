// A folder for one test, with what is asked for in it.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Text is a file, an object a folder. */
export interface Fixture {
  readonly [name: string]: string | Fixture
}

export function makeFolder(content: Fixture): string {
  const folder = mkdtempSync(join(tmpdir(), 'ndsr-test-'))
  fill(folder, content)
  return folder
}

function fill(folder: string, content: Fixture): void {
  for (const [name, entry] of Object.entries(content)) {
    const path = join(folder, name)
    if (typeof entry === 'string') {
      writeFileSync(path, entry)
    } else {
      mkdirSync(path)
      fill(path, entry)
    }
  }
}
