// Debian's packages, unpacked without being installed: the last resort, with the one version that Debian has.
import { copyFile, mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { addToCache, cacheFolder } from './cache.ts'
import { jarsOf } from './debian-jars.ts'
import type { Release, Source } from './release.ts'
import { namesIn, releaseIn, versionIn } from './release.ts'
import { withTemporaryFolder } from './temporary.ts'
import type { Env } from './tools.ts'
import { runTool } from './tools.ts'

// The server and what it loads at run time. The package's full list of dependencies pulls in a web server and more.
const PACKAGES = [
  'libzookeeper-java',
  'libslf4j-java',
  'libnetty-java',
  'libdropwizard-metrics-java',
  'libsnappy-java',
  'libcommons-io-java',
  'libcommons-cli-java',
  'libjctools-java',
]

export const debian: Source = {
  name: 'Debian packages',
  find: async (request, env) => {
    const policy = await runTool('apt-cache', ['policy', 'libzookeeper-java'], { env })
    const version = candidateVersion(policy)
    if (version === null) throw new Error('apt knows no libzookeeper-java (apt-get update may help)')
    if (!request.accepts(version)) throw new Error(`Debian has ZooKeeper ${version}, not ${request.version}`)
    return (await cached(version, env)) ?? (await unpack(version, env))
  },
}

// The upstream version: `3.8.0-11+deb12u2` is 3.8.0.
export const candidateVersion = (policy: string): string | null =>
  /^\s*Candidate:\s*(?:\d+:)?(\d+\.\d+\.\d+)/m.exec(policy)?.[1] ?? null

const cached = async (version: string, env: Env): Promise<Release | null> => {
  const folder = cacheFolder(env, version)
  return (await versionIn(folder)) === version ? releaseIn(folder, version, `cache, ${folder}`) : null
}

const unpack = async (version: string, env: Env): Promise<Release> =>
  await addToCache(env, version, 'Debian packages', async folder => {
    await withTemporaryFolder(async work => {
      await runTool('apt-get', ['download', '-q', ...PACKAGES], { env, cwd: work })
      const root = join(work, 'root')
      await mkdir(root)
      for (const name of await namesIn(work)) {
        if (name.endsWith('.deb')) await runTool('dpkg-deb', ['-x', join(work, name), root], { env })
      }
      for (const jar of await jarsOf(join(root, 'usr/share/java'))) {
        const name = basename(jar) === 'zookeeper.jar' ? `zookeeper-${version}.jar` : basename(jar)
        await copyFile(jar, join(folder, name))
      }
    })
  })
