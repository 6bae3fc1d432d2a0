// The release archive of the Apache project, taken only when its SHA-512 is right.
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { cp } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { addToCache } from './cache.ts'
import type { Source } from './release.ts'
import { withTemporaryFolder } from './temporary.ts'
import type { Env } from './tools.ts'
import { runTool } from './tools.ts'

const ARCHIVE = 'https://archive.apache.org/dist/zookeeper'
const SHORT_MS = 20_000
const LONG_MS = 300_000

export const archive: Source = {
  name: 'Apache archive',
  find: async ({ version }, env) =>
    await addToCache(env, version, 'Apache archive', async folder => {
      await withTemporaryFolder(
        async work => await unpackRelease(archiveUrl(version, env), work, folder, env),
      )
    }),
}

export const archiveUrl = (version: string, env: Env): string =>
  `${(env.NDSR_ZOOKEEPER_ARCHIVE || ARCHIVE).replace(/\/+$/, '')}/zookeeper-${version}/apache-zookeeper-${version}-bin.tar.gz`

// A sum file is `<hex> <name>`, `<hex> *<name>`, or `<name>: <hex in groups over several lines>`.
export const parseSha512 = (text: string, file: string): string => {
  const at = text.indexOf(file)
  const rest = at === -1 ? text : text.slice(0, at) + text.slice(at + file.length)
  const sum = rest.replace(/[\s:*]/g, '').toLowerCase()
  if (!/^[0-9a-f]{128}$/.test(sum)) throw new Error(`the SHA-512 file of ${file} holds no single SHA-512 sum`)
  return sum
}

// The sum is fetched first: it is small, and without it the archive is of no use.
const unpackRelease = async (url: string, work: string, folder: string, env: Env): Promise<void> => {
  const name = basename(url)
  const expected = parseSha512(await (await get(`${url}.sha512`, SHORT_MS)).text(), name)
  const file = join(work, name)
  const actual = await download(url, file)
  if (actual !== expected) throw new Error(`${name} has SHA-512 ${actual}, not ${expected}`)
  await runTool('tar', ['-xzf', file, '-C', work], { env })
  await cp(join(work, name.replace(/\.tar\.gz$/, ''), 'lib'), folder, { recursive: true })
}

const download = async (url: string, file: string): Promise<string> => {
  const hash = createHash('sha512')
  const response = await get(url, LONG_MS)
  if (response.body === null) throw new Error(`${url} has no content`)
  const hashed = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      hash.update(chunk)
      yield chunk
    }
  }
  await pipeline(Readable.fromWeb(response.body), hashed, createWriteStream(file))
  return hash.digest('hex')
}

const get = async (url: string, timeout: number): Promise<Response> => {
  let response: Response
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(timeout) })
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    throw new Error(`${url} cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return response
}
