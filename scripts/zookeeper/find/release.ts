// What a source of servers gives back: the jars of one ZooKeeper release.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { VersionRequest } from '../versions.ts'
import type { Env } from './tools.ts'

export interface Release {
  readonly version: string
  // Class path entries, jars or `folder/*`.
  readonly classPath: readonly string[]
  // The source that had it, for people to read.
  readonly source: string
}

export interface Source {
  readonly name: string
  // Rejects with a short reason when this source cannot give the version.
  find(request: VersionRequest, env: Env): Promise<Release>
}

// The version that a folder's `zookeeper-<version>.jar` names, or null when the folder holds no server.
export const versionIn = async (folder: string): Promise<string | null> => {
  for (const name of (await namesIn(folder)).sort()) {
    const version = /^zookeeper-(\d+\.\d+\.\d+(?:-[\w.]+)?)\.jar$/.exec(name)?.[1]
    if (version !== undefined) return version
  }
  return null
}

export const namesIn = async (folder: string): Promise<string[]> => {
  try {
    return await readdir(folder)
  } catch {
    return []
  }
}

export const releaseIn = (folder: string, version: string, source: string): Release => ({
  version,
  classPath: [join(folder, '*')],
  source,
})
