// Looks for a server in every place it may be, in order, and says why each place had none when none has.
import type { VersionRequest } from '../versions.ts'
import { archive } from './archive.ts'
import { cache } from './cache.ts'
import { debian } from './debian.ts'
import { home } from './home.ts'
import { maven } from './maven.ts'
import type { Release, Source } from './release.ts'
import type { Env } from './tools.ts'

export const SOURCES: readonly Source[] = [home, cache, maven, archive, debian]

export interface FailedStep {
  readonly name: string
  readonly reason: string
}

export class NoServerError extends Error {
  override readonly name = 'NoServerError'
  readonly steps: readonly FailedStep[]

  constructor(version: string, steps: readonly FailedStep[]) {
    super(
      [
        `no ZooKeeper ${version} server was found:`,
        ...steps.map(({ name, reason }, index) => `  ${index + 1}. ${name}: ${reason}`),
        'Install Maven and Java 11 or newer, or set ZOOKEEPER_HOME to an unpacked ZooKeeper release.',
      ].join('\n'),
    )
    this.steps = steps
  }
}

export interface FindOptions {
  readonly env?: Env
  readonly sources?: readonly Source[]
  // Heard between one source and the next.
  readonly signal?: AbortSignal | undefined
}

export const findRelease = async (
  request: VersionRequest,
  { env = process.env, sources = SOURCES, signal }: FindOptions = {},
): Promise<Release> => {
  const steps: FailedStep[] = []
  for (const source of sources) {
    signal?.throwIfAborted()
    try {
      return await source.find(request, env)
    } catch (error) {
      steps.push({ name: source.name, reason: error instanceof Error ? error.message : String(error) })
    }
  }
  throw new NoServerError(request.version, steps)
}
