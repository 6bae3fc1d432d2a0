// What is needed to run any server: the jars of a release and a Java, both found before anything is started.
import { findRelease } from '../find/find.ts'
import { findJava } from '../find/java.ts'
import type { Release } from '../find/release.ts'
import { requestVersion } from '../versions.ts'
import type { ServerOptions } from './options.ts'

export interface Installation {
  readonly release: Release
  readonly java: string
}

export const findInstallation = async ({ version, signal }: ServerOptions): Promise<Installation> => {
  const { env } = process
  const request = requestVersion(version ?? env.ZOOKEEPER_VERSION)
  const java = await findJava(env)
  const release = await findRelease(request, { env, signal })
  signal?.throwIfAborted()
  return { java, release }
}
