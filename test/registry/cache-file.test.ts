// The cache file on a real disk: who may read it, what is left of a bad one, and many processes at once.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmod, mkdir, open, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CacheFile } from '../../src/registry/cache-file.ts'
import type { SavedPaths } from '../../src/registry/cache-format.ts'
import { parse, render } from '../../src/registry/cache-format.ts'
import { FileLock } from '../../src/registry/file-lock.ts'
import { onNode, programArgs, scriptArgs } from '../support/child.ts'
import { folder } from '../support/folder.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

const one = (path: string, asOf = 1): SavedPaths =>
  new Map([[path, { node: { data: '{"n":1}', stat: null, children: [], asOf } }]])
const keys = (paths: SavedPaths): string[] => [...paths.keys()].sort()

interface Scene {
  readonly at: string
  readonly file: string
  readonly cache: CacheFile
  readonly warnings: unknown[]
}

async function scene(t: Test, user?: number): Promise<Scene> {
  const at = await folder(t)
  const file = join(at, 'registry.cache')
  const warnings: unknown[] = []
  const cache = new CacheFile(file, error => warnings.push(error), user)
  return { at, file, cache, warnings }
}

t.test('N45: cache file: written beside its place, for the owner only, and nothing else is left', async t => {
  const { at, file, cache, warnings } = await scene(t)
  t.same(await cache.read(), new Map(), 'none yet')
  t.equal(await cache.write(one('/a'), 1000), true)
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.strictSame(await readdir(at), ['registry.cache'])
  const { ino } = await stat(file)
  t.equal(await cache.write(one('/b'), 1000), true)
  t.not((await stat(file)).ino, ino, 'replaced as a whole, not written over')
  t.strictSame(keys(await cache.read()), ['/a', '/b'])
  t.strictSame(warnings, [])
})

t.test('N46: cache file: a damaged one is a cold start, and is moved aside by the next write', async t => {
  const { file, cache, warnings } = await scene(t)
  const damaged = render(one('/a')).slice(0, -20)
  await writeFile(file, damaged)
  t.same(await cache.read(), new Map())
  t.match(warnings, [{ code: 'CACHE_FILE', path: file, message: /cut short: starting without it/ }])
  t.equal(await readFile(file, 'utf8'), damaged, 'reading destroys nothing')
  t.equal(await cache.write(one('/b'), 1000), true)
  t.equal(await readFile(`${file}.damaged`, 'utf8'), damaged)
  t.strictSame(keys(await cache.read()), ['/b'])
  t.match(warnings[1], { message: /moved to .*\.damaged/ })
})

t.test('N46: cache file: one of another format, version, kind or user is left as it is', async t => {
  const python = Buffer.from('80027d710158010000006171024b01732e', 'hex')
  const newer = render(one('/a')).replace('"version":1', '"version":2')
  for (const content of [python, newer]) {
    const { file, cache, warnings } = await scene(t)
    await writeFile(file, content)
    t.same(await cache.read(), new Map())
    t.equal(await cache.write(one('/b'), 1000), false)
    t.equal(await cache.write(one('/b'), 1000), false)
    t.same(await readFile(file), Buffer.from(content))
    t.equal(warnings.length, 2, 'told once for reading and once for writing')
  }
  const kinds: ((file: string) => Promise<unknown>)[] = [
    file => mkdir(file),
    async file => {
      await writeFile(`${file}.target`, render(one('/planted')))
      await symlink(`${file}.target`, file)
    },
  ]
  for (const make of kinds) {
    const { file, cache, warnings } = await scene(t)
    await make(file)
    t.same(await cache.read(), new Map())
    t.equal(await cache.write(one('/b'), 1000), false)
    t.match(warnings, [{ code: 'CACHE_FILE' }, { code: 'CACHE_FILE' }])
  }
  const { file, cache, warnings } = await scene(t, 54321)
  await writeFile(file, render(one('/planted')))
  t.same(await cache.read(), new Map())
  t.match(warnings, [{ message: /belongs to another user/ }])
})

t.test('N46: cache file: a folder that is not there, or a file system that refuses', async t => {
  const at = await folder(t)
  const warnings: unknown[] = []
  const missing = new CacheFile(join(at, 'no', 'such', 'file'), error => warnings.push(error))
  t.same(await missing.read(), new Map())
  t.equal(await missing.write(one('/a'), 1000), false)
  t.match(warnings, [{ code: 'CACHE_FILE', cause: { code: 'ENOENT' } }])
  // No user may create files here, root included.
  const refused = new CacheFile('/proc/registry.cache', error => warnings.push(error))
  t.same(await refused.read(), new Map())
  t.equal(await refused.write(one('/a'), 1000), false)
  t.equal(warnings.length, 2)
})

const skipUser = onNode ? false : 'not applicable: Node alone changes its user in the same way'

t.test(
  'N46: cache file: without permission to read or to write, as an ordinary user',
  { skip: skipUser },
  async t => {
    const { at, file } = await scene(t)
    await writeFile(file, render(one('/a')), { mode: 0o000 })
    await chmod(at, 0o555)
    t.teardown(() => chmod(at, 0o755))
    const source = new URL('../../src/registry/cache-file.ts', import.meta.url)
    const program = `
    import { CacheFile } from ${JSON.stringify(source.href)}
    const user = process.geteuid()
    if (user === 0) process.seteuid(65534)
    const cache = new CacheFile(${JSON.stringify(file)}, error => console.log(error.code))
    console.log((await cache.read()).size, await cache.write(new Map(), 100))
    process.seteuid(user)
  `
    const child = run(programArgs(program))
    t.strictSame(await child.done, { code: 0, output: 'CACHE_FILE\nCACHE_FILE\n0 false\n' })
  },
)

t.test('N46: cache file: a disk that is full costs one write, and leaves neither lock nor draft', async t => {
  const { at, file, cache, warnings } = await scene(t)
  const probe = await open(at, 'r')
  const handle = Object.getPrototypeOf(probe) as { writeFile(data: string): Promise<void> }
  await probe.close()
  const { writeFile: whole } = handle
  t.teardown(() => {
    handle.writeFile = whole
  })
  for (const which of ['lock', 'draft']) {
    let left = which === 'lock' ? 0 : 1
    handle.writeFile = async function (data) {
      if (left-- > 0) return whole.call(this, data)
      await whole.call(this, data.slice(0, 5))
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
    }
    t.equal(await cache.write(one('/a'), 0), false)
    t.strictSame(await readdir(at), [], which)
  }
  t.match(warnings, [{ code: 'CACHE_FILE', path: file, cause: { code: 'ENOSPC' } }])
  handle.writeFile = whole
  t.equal(await cache.write(one('/a'), 0), true, 'at once')
})

t.test('N45: cache file: processes that write at the same time lose nothing of each other', async t => {
  const { at, file, cache } = await scene(t)
  const names = ['a', 'b', 'c']
  const writers = names.map(name => run(writer(file, name, 25)))
  for (const { done } of writers) t.match(await done, { code: 0 })
  const expected = names.flatMap(name => Array.from({ length: 25 }, (_, i) => `/${name}/${i}`)).sort()
  t.strictSame(keys(await cache.read()), expected)
  t.strictSame(await readdir(at), ['registry.cache'])
})

t.test('N45: cache file: a process killed while it writes leaves a whole file, and stops nobody', async t => {
  const { at, file, cache, warnings } = await scene(t)
  await cache.write(one('/mine'), 1000)
  for (let round = 0; round < 6; round++) {
    const victim = run(writer(file, `victim${round}`, 0))
    await victim.started
    await new Promise(resolve => setTimeout(resolve, Math.random() * 30))
    victim.kill()
    await victim.done
    t.equal(parse(await readFile(file, 'utf8')).kind, 'ok')
    t.equal(await cache.write(one(`/round${round}`), 15_000), true)
  }
  const all = keys(await cache.read())
  for (const path of ['/mine', '/round0', '/round5', '/victim0/0', '/victim5/0'])
    t.ok(all.includes(path), path)
  t.strictSame(warnings, [])
  t.strictSame(await readdir(at), ['registry.cache'], 'what they left is cleared away')
})

t.test('file lock: one holder; a dead or a frozen one is replaced, and notices', async t => {
  const at = await folder(t)
  const path = join(at, 'lock')
  const orphans: string[] = []
  const orphaned = async (token: string): Promise<void> => void orphans.push(token)
  const first = (await FileLock.take(path, 0, orphaned))!
  t.equal(await FileLock.take(path, 50, orphaned), null)
  t.equal(await first.held(), true)
  const longAgo = new Date(Date.now() - 60_000)
  await utimes(path, longAgo, longAgo)
  const second = (await FileLock.take(path, 0, orphaned))!
  t.strictSame(orphans, [first.token])
  t.equal(await first.held(), false)
  await first.release()
  t.equal(await second.held(), true, 'the former holder takes nothing away')
  await second.release()
  const dead = run(programArgs(''))
  await dead.done
  const token = randomUUID()
  await writeFile(path, JSON.stringify({ token, pid: dead.pid, host: hostname() }))
  const third = (await FileLock.take(path, 0, orphaned))!
  t.strictSame(orphans, [first.token, token])
  await third.release()
  await writeFile(path, '')
  t.equal(await FileLock.take(path, 20, orphaned), null, 'perhaps just being made')
  await utimes(path, longAgo, longAgo)
  const fourth = (await FileLock.take(path, 0, orphaned))!
  await rm(path)
  t.equal(await fourth.held(), false)
  await fourth.release()
})

t.test('file lock: what somebody else left in its place leads nowhere', async t => {
  const { at, file, cache, warnings } = await scene(t)
  const longAgo = new Date(Date.now() - 60_000)
  const precious = join(at, 'precious.tmp')
  await writeFile(precious, 'theirs')
  await mkdir(`${file}.`)
  for (const token of ['/../precious', ['/../precious'], 7, '']) {
    await writeFile(`${file}.lock`, JSON.stringify({ token, pid: 2 ** 22 + 1, host: hostname() }))
    await utimes(`${file}.lock`, longAgo, longAgo)
    t.equal(await cache.write(one('/a'), 0), true)
    t.equal(await readFile(precious, 'utf8'), 'theirs', 'the draft of no holder')
  }
  await writeFile(`${file}.lock`, 'null')
  t.equal(await cache.write(one('/a'), 0), false, 'held by somebody who says nothing')
  await rm(`${file}.lock`)
  await symlink(precious, `${file}.lock`)
  t.equal(await cache.write(one('/a'), 0), false)
  await rm(`${file}.lock`)
  await mkdir(`${file}.lock`)
  await utimes(`${file}.lock`, longAgo, longAgo)
  t.equal(await cache.write(one('/a'), 0), false)
  t.ok((await stat(`${file}.lock`)).isDirectory(), 'a folder is left where it is')
  await rm(`${file}.lock`, { recursive: true })
  t.match(warnings, [{ code: 'CACHE_FILE' }, { code: 'CACHE_FILE' }])
  if (process.platform === 'win32') return
  const pipe = run(
    programArgs(`(await import('node:child_process')).execFileSync('mkfifo', ['${file}.lock'])`),
  )
  t.equal((await pipe.done).code, 0)
  t.equal(await cache.write(one('/a'), 0), false, 'does not wait at a pipe')
})

function writer(file: string, name: string, count: number): string[] {
  const program = fileURLToPath(new URL('children/cache-writer.ts', import.meta.url))
  return scriptArgs(program, [file, name, String(count)])
}

interface Child {
  readonly pid: number | undefined
  /** It has printed something. */
  readonly started: Promise<void>
  readonly done: Promise<{ code: number | null; output: string }>
  kill(): void
}

/** A process that ends within half a minute, one way or the other. */
function run(args: readonly string[]): Child {
  const child = spawn(process.execPath, args, {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const started = new Promise<void>(resolve => child.stdout.once('data', () => resolve()))
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (output += data))
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
  const done = new Promise<{ code: number | null; output: string }>(resolve => {
    child.once('close', code => {
      clearTimeout(timer)
      resolve({ code, output })
    })
  })
  return { pid: child.pid, started, done, kill: () => void child.kill('SIGKILL') }
}
