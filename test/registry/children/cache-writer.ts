// Writes paths of its own into a cache file, one write each: `cache-writer.ts FILE NAME COUNT`, COUNT 0 without end.
import { CacheFile } from '../../../src/registry/cache-file.ts'

const [file, name, count] = process.argv.slice(2)
const failures: unknown[] = []
const cache = new CacheFile(file!, error => failures.push(error))
for (let i = 0; i < (Number(count) || Number.POSITIVE_INFINITY); i++) {
  const node = { data: `{"i":${i}}`, stat: null, children: [], asOf: Date.now() }
  await cache.write(new Map([[`/${name}/${i % 1000}`, { node }]]), 30_000)
  if (i === 0) process.stdout.write('writing\n')
}
for (const failure of failures) process.stderr.write(`${failure}\n`)
process.exitCode = failures.length === 0 ? 0 : 1
