// Where the real server comes from: the search and its order, the cache, each source, and the tools that they run.
import { createHash } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { archive, archiveUrl, parseSha512 } from '../../scripts/zookeeper/find/archive.ts'
import { addToCache, cache, cacheFolder } from '../../scripts/zookeeper/find/cache.ts'
import { candidateVersion } from '../../scripts/zookeeper/find/debian.ts'
import { findRelease, NoServerError, SOURCES } from '../../scripts/zookeeper/find/find.ts'
import { home } from '../../scripts/zookeeper/find/home.ts'
import { findJava } from '../../scripts/zookeeper/find/java.ts'
import { pomFor } from '../../scripts/zookeeper/find/maven.ts'
import type { Source } from '../../scripts/zookeeper/find/release.ts'
import { runTool } from '../../scripts/zookeeper/find/tools.ts'
import { requestVersion } from '../../scripts/zookeeper/versions.ts'
import type { Test } from '../tap.ts'
import { t } from '../tap.ts'

t.test('search: in order, and the first that has it ends it', async t => {
  t.same(
    SOURCES.map(source => source.name),
    ['ZOOKEEPER_HOME', 'cache', 'Maven', 'Apache archive', 'Debian packages'],
  )
  const asked: string[] = []
  const source = (name: string, has: boolean): Source => ({
    name,
    find: async ({ version }) => {
      asked.push(name)
      if (!has) throw new Error(`nothing in ${name}`)
      return { version, classPath: [], source: name }
    },
  })
  const sources = [source('a', false), source('b', true), source('c', true)]
  const found = await findRelease(requestVersion('3.8'), { sources, env: {} })
  t.equal(found.source, 'b')
  t.same(asked, ['a', 'b'])
})

t.test('search: when nothing is found, every step says why', async t => {
  const failing = (name: string, reason: unknown): Source => ({ name, find: () => Promise.reject(reason) })
  const sources = [failing('first', new Error('not set')), failing('second', 'gone')]
  const error = await findRelease(requestVersion('3.7'), { sources, env: {} }).catch(caught => caught)
  t.ok(error instanceof NoServerError)
  t.same(error.steps, [
    { name: 'first', reason: 'not set' },
    { name: 'second', reason: 'gone' },
  ])
  t.match(error.message, 'no ZooKeeper 3.7.2 server was found')
  t.match(error.message, '1. first: not set')
  t.match(error.message, '2. second: gone')
  t.match(error.message, 'ZOOKEEPER_HOME')
})

t.test('search: an aborted signal ends it between two sources', async t => {
  const ending = new AbortController()
  const sources: Source[] = [
    {
      name: 'a',
      find: () => {
        ending.abort()
        return Promise.reject(new Error('no'))
      },
    },
    { name: 'b', find: async () => t.fail('must not be asked') as never },
  ]
  await t.rejects(findRelease(requestVersion(), { sources, env: {}, signal: ending.signal }), {
    name: 'AbortError',
  })
})

const withJar = async (folder: string, version: string): Promise<string> => {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, `zookeeper-${version}.jar`), version)
  return folder
}

t.test('ZOOKEEPER_HOME: a release, the wrong version, not a server, not set', async t => {
  const root = t.testdir()
  await withJar(join(root, 'lib'), '3.8.4')
  const env = { ZOOKEEPER_HOME: root }
  t.match(await home.find(requestVersion('3.8'), env), {
    version: '3.8.4',
    classPath: [join(root, 'lib', '*')],
  })
  await t.rejects(home.find(requestVersion('3.9'), env), /is ZooKeeper 3\.8\.4, not 3\.9/)
  await t.rejects(home.find(requestVersion(), { ZOOKEEPER_HOME: join(root, 'lib', 'x') }), /has no lib/)
  await t.rejects(home.find(requestVersion(), {}), /not set/)
})

t.test("ZOOKEEPER_HOME: Debian's folder of jars gives only the jars of the server", async t => {
  const root = t.testdir()
  const java = await withJar(join(root, 'usr/share/java'), '3.8.0')
  for (const name of ['zookeeper.jar', 'slf4j-simple.jar', 'slf4j-nop.jar', 'netty-codec.jar', 'other.jar']) {
    await writeFile(join(java, name), '')
  }
  const found = await home.find(requestVersion(), { ZOOKEEPER_HOME: root })
  t.equal(found.version, '3.8.0')
  t.same(
    found.classPath,
    ['netty-codec.jar', 'slf4j-simple.jar', 'zookeeper.jar'].map(name => join(java, name)),
  )
})

t.test('cache: where it is', async t => {
  t.equal(cacheFolder({ NDSR_CACHE: '/n', XDG_CACHE_HOME: '/x' }, '3.9.5'), '/n/zookeeper/3.9.5')
  t.equal(cacheFolder({ XDG_CACHE_HOME: '/x' }, '3.9.5'), '/x/nd-service-registry/zookeeper/3.9.5')
  t.equal(cacheFolder({ HOME: '/h' }, '3.9.5'), '/h/.cache/nd-service-registry/zookeeper/3.9.5')
})

t.test('cache: a failed download leaves nothing, and what is not whole is not found', async t => {
  const env = { NDSR_CACHE: t.testdir() }
  const broken = addToCache(env, '3.9.5', 'test', async folder => {
    await writeFile(join(folder, 'half.jar'), '')
    throw new Error('the line is dead')
  })
  await t.rejects(broken, /the line is dead/)
  const wrong = addToCache(env, '3.9.5', 'test', async folder => {
    await withJar(folder, '3.9.4')
  })
  await t.rejects(wrong, /expected ZooKeeper 3\.9\.5, got 3\.9\.4/)
  t.same(await readdir(join(env.NDSR_CACHE, 'zookeeper')), [])
  await t.rejects(cache.find(requestVersion('3.9.5'), env), /is not there/)
})

t.test('cache: writers at the same time leave one whole copy', async t => {
  const env = { NDSR_CACHE: t.testdir() }
  // All have written before any of them renames.
  let waiting = 4
  let open = (): void => {}
  const all = new Promise<void>(resolve => {
    open = resolve
  })
  const writers = Array.from({ length: 4 }, () =>
    addToCache(env, '3.6.4', 'test', async folder => {
      await withJar(folder, '3.6.4')
      if (--waiting === 0) open()
      await all
    }),
  )
  for (const found of await Promise.all(writers)) t.equal(found.version, '3.6.4')
  t.same(await readdir(join(env.NDSR_CACHE, 'zookeeper')), ['3.6.4'])
  t.match(await cache.find(requestVersion('3.6'), env), { version: '3.6.4' })
})

t.test('cache: a folder without a server in it is replaced', async t => {
  const env = { NDSR_CACHE: t.testdir({ zookeeper: { '3.6.4': { 'left.over': '' } } }) }
  await addToCache(env, '3.6.4', 'test', async folder => {
    await withJar(folder, '3.6.4')
  })
  t.same(await readdir(cacheFolder(env, '3.6.4')), ['zookeeper-3.6.4.jar'])
})

t.test('Maven: the generated POM', async t => {
  const pom = pomFor('3.6.4')
  t.match(pom, '<artifactId>zookeeper</artifactId><version>3.6.4</version>')
  t.ok(pom.indexOf('slf4j-simple') < pom.indexOf('>zookeeper<'), 'the newer slf4j-api is nearest')
})

t.test('archive: checksum files as they come', async t => {
  const sum = 'ab12'.repeat(32)
  const name = 'apache-zookeeper-3.9.5-bin.tar.gz'
  t.equal(parseSha512(`${sum}  ${name}\n`, name), sum)
  t.equal(parseSha512(`${sum.toUpperCase()} *${name}\n`, name), sum)
  t.equal(parseSha512(`${sum}\n`, name), sum)
  const grouped = sum.toUpperCase().replace(/(.{8})/g, '$1 ')
  t.equal(parseSha512(`${name}: ${grouped.slice(0, 72)}\n   ${grouped.slice(72)}\n`, name), sum)
  for (const bad of ['', sum.slice(1), `${sum}0`, `${sum} other-file.tar.gz`, '<html>not found</html>']) {
    t.throws(() => parseSha512(bad, name), /no single SHA-512/, bad.slice(-20))
  }
})

t.test('archive: where it is', async t => {
  const env = { NDSR_ZOOKEEPER_ARCHIVE: 'http://127.0.0.1:1/zk/' }
  t.equal(archiveUrl('3.9.5', env), 'http://127.0.0.1:1/zk/zookeeper-3.9.5/apache-zookeeper-3.9.5-bin.tar.gz')
  t.match(archiveUrl('3.9.5', {}), /^https:\/\/.+\/zookeeper-3\.9\.5\/apache-zookeeper-3\.9\.5-bin\.tar\.gz$/)
})

// An archive on loopback with one release in it, whose checksum file says `sum`, or the truth.
const serveArchive = async (t: Test, folder: string, sum?: string): Promise<string> => {
  const name = 'apache-zookeeper-3.9.5-bin'
  await withJar(join(folder, name, 'lib'), '3.9.5')
  await runTool('tar', ['-czf', `${name}.tar.gz`, name], { env: process.env, cwd: folder })
  const content = await readFile(join(folder, `${name}.tar.gz`))
  const truth = createHash('sha512').update(content).digest('hex')
  const files: Record<string, string | Buffer> = {
    [`/zookeeper-3.9.5/${name}.tar.gz`]: content,
    [`/zookeeper-3.9.5/${name}.tar.gz.sha512`]: `${sum ?? truth}  ${name}.tar.gz\n`,
  }
  const server = createServer((request, response) => {
    const file = files[request.url ?? '']
    response.writeHead(file === undefined ? 404 : 200, { connection: 'close' }).end(file)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('archive: a release with the right checksum is unpacked into the cache', async t => {
  const root = t.testdir({ archive: {}, cache: {} })
  const base = await serveArchive(t, join(root, 'archive'))
  const env = { ...process.env, NDSR_ZOOKEEPER_ARCHIVE: base, NDSR_CACHE: join(root, 'cache') }
  await archive.find(requestVersion('3.9.5'), env)
  t.match(await cache.find(requestVersion('3.9.5'), env), { version: '3.9.5' })
  await t.rejects(archive.find(requestVersion('3.8'), env), /answered 404/)
})

t.test('archive: a wrong checksum is refused, and nothing is kept', async t => {
  const root = t.testdir({ archive: {}, cache: {} })
  const base = await serveArchive(t, join(root, 'archive'), 'f'.repeat(128))
  const env = { ...process.env, NDSR_ZOOKEEPER_ARCHIVE: base, NDSR_CACHE: join(root, 'cache') }
  await t.rejects(archive.find(requestVersion('3.9.5'), env), /has SHA-512 [0-9a-f]{128}, not f{128}/)
  t.same(await readdir(join(env.NDSR_CACHE, 'zookeeper')), [])
})

t.test("Debian: the version in apt's answer", async t => {
  const policy = 'libzookeeper-java:\n  Installed: (none)\n  Candidate: 3.8.0-11+deb12u2\n'
  t.equal(candidateVersion(policy), '3.8.0')
  t.equal(candidateVersion('x:\n  Candidate: 1:3.9.3-2\n'), '3.9.3')
  t.equal(candidateVersion('x:\n  Candidate: (none)\n'), null)
  t.equal(candidateVersion(''), null)
})

t.test('Java: JAVA_HOME, then the folders, then a message that says what to do', async t => {
  const root = t.testdir({ jdk: { bin: { java: '' } }, path: { java: '' } })
  const inHome = join(root, 'jdk/bin/java')
  const onPath = join(root, 'path/java')
  await chmod(inHome, 0o755)
  await chmod(onPath, 0o755)
  t.equal(await findJava({ JAVA_HOME: join(root, 'jdk'), PATH: join(root, 'path') }), inHome)
  t.equal(await findJava({ JAVA_HOME: join(root, 'none'), PATH: join(root, 'path') }), onPath)
  await t.rejects(findJava({}, []), /JAVA_HOME is not set.*Install a Java runtime, version 11 or newer/)
  await t.rejects(findJava({ JAVA_HOME: '/none' }, []), /\/none.* has no bin\/java/)
})

t.test('tools: what went wrong is one line', async t => {
  const { env } = process
  await t.rejects(runTool('no-such-tool', [], { env }), { message: 'no no-such-tool on the PATH' })
  const script = 'echo noise >&2; echo "[ERROR] the reason" >&2; echo "[ERROR] more" >&2; exit 3'
  await t.rejects(runTool('sh', ['-c', script], { env }), { message: 'sh failed: the reason' })
  await t.rejects(runTool('sleep', ['30'], { env, timeout: 50 }), /gave no answer within 50 ms/)
  t.equal(await runTool('sh', ['-c', 'echo fine'], { env: {} }), 'fine\n', 'without a PATH')
})
