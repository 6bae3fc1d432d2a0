// The harness for the real server, as far as it can be tested without one: its files, its arguments, its ports.
import { parseCommand } from '../../scripts/zookeeper/args.ts'
import { onFreePorts, PortTakenError } from '../../scripts/zookeeper/run/attempt.ts'
import { formatConfig, jaasFile, serverConfig } from '../../scripts/zookeeper/run/config.ts'
import { modeOf } from '../../scripts/zookeeper/run/four-letter-word.ts'
import { jvmArguments } from '../../scripts/zookeeper/run/jvm.ts'
import { PINNED, requestVersion } from '../../scripts/zookeeper/versions.ts'
import { t } from '../tap.ts'

const place = { dataFolder: '/d', clientPort: 2181, securePort: null, membership: null }

t.test('zoo.cfg: the defaults of a single server', async t => {
  t.same(serverConfig(place, {}), {
    tickTime: '2000',
    dataDir: '/d',
    clientPort: '2181',
    clientPortAddress: '127.0.0.1',
    'admin.enableServer': 'false',
    '4lw.commands.whitelist': '*',
    maxClientCnxns: '0',
    forceSync: 'no',
  })
})

t.test('zoo.cfg: a member listens on loopback only and names all members', async t => {
  const members = [1, 2, 3].map(n => ({ client: 1000 + n, quorum: 2000 + n, election: 3000 + n }))
  const config = serverConfig({ ...place, membership: { id: 2, members } }, { reconfig: true })
  t.equal(config['server.1'], '127.0.0.1:2001:3001;127.0.0.1:1001')
  t.equal(config['server.3'], '127.0.0.1:2003:3003;127.0.0.1:1003')
  t.equal(config.reconfigEnabled, 'true')
  t.notOk('clientPort' in config, 'the client port is in the member line')
})

t.test('zoo.cfg: options', async t => {
  const tls = {
    keyStore: '/k.pem',
    trustStore: '/t.jks',
    trustStorePassword: 'p',
    clientAuth: 'need',
  } as const
  const config = serverConfig(
    { ...place, securePort: 2281 },
    { tls, tickTime: 100, fourLetterWords: 'ruok, srvr', config: { tickTime: '7', snapCount: '10' } },
  )
  t.equal(config.tickTime, '7', 'lines of the caller win')
  t.equal(config.snapCount, '10')
  t.equal(config['4lw.commands.whitelist'], 'ruok,srvr,conf', 'readiness needs two of them')
  t.equal(config.secureClientPort, '2281')
  t.equal(config.serverCnxnFactory, 'org.apache.zookeeper.server.NettyServerCnxnFactory')
  t.equal(config['ssl.trustStore.password'], 'p')
  t.equal(config['ssl.clientAuth'], 'need')
  t.notOk('ssl.keyStore.password' in config)
  t.match(serverConfig(place, { sasl: { users: {} } }), {
    'authProvider.sasl': /SASLAuthenticationProvider$/,
  })
})

t.test('zoo.cfg: escapes what a properties file would read otherwise', async t => {
  t.equal(formatConfig({ a: 'b', dataDir: 'C:\\x\u00e9' }), 'a=b\ndataDir=C:\\\\x\\u00e9\n')
  t.throws(() => formatConfig({ a: 'b\nc=d' }), /line break/)
})

t.test('JAAS file: users, with quotes escaped', async t => {
  t.match(jaasFile({ bob: 'a"b\\c', eve: 'x' }), 'user_bob="a\\"b\\\\c"\n  user_eve="x";\n};\n')
})

t.test('JVM: options become system properties, and the flags can be replaced', async t => {
  const files = { folder: '/f', configFile: '/f/zoo.cfg', jaasFile: '/j', classPath: ['/lib/*'] }
  const plain = jvmArguments({ ...files, jaasFile: null }, {})
  t.ok(plain.includes('-Xmx256m'))
  t.ok(plain.includes('-XX:+UseSerialGC'))
  t.notMatch(plain.join(' '), /extendedTypes|readonlymode|maxbuffer|superDigest|login\.config/)
  t.same(plain.slice(-2), ['org.apache.zookeeper.server.quorum.QuorumPeerMain', '/f/zoo.cfg'])
  const all = jvmArguments(files, {
    ttl: true,
    readOnlyMode: true,
    maxBuffer: 5,
    superDigest: 'super:x',
    heap: '1g',
    flags: [],
    jvm: ['-Dmine=1'],
  })
  for (const wanted of [
    '-Xmx1g',
    '-Dzookeeper.extendedTypesEnabled=true',
    '-Dreadonlymode.enabled=true',
    '-Djute.maxbuffer=5',
    '-Dzookeeper.DigestAuthenticationProvider.superDigest=super:x',
    '-Djava.security.auth.login.config=/j',
    '-Dmine=1',
  ]) {
    t.ok(all.includes(wanted), wanted)
  }
  t.notOk(all.includes('-XX:+UseSerialGC'))
})

t.test('versions: a line, a full version, or nothing', async t => {
  for (const [line, version] of Object.entries(PINNED)) {
    t.ok(version.startsWith(`${line}.`), `${version} belongs to ${line}`)
    t.equal(requestVersion(line).version, version)
  }
  t.equal(requestVersion().version, PINNED['3.9'])
  t.ok(requestVersion().accepts('3.5.0'), 'any supported server will do when nothing was asked')
  t.notOk(requestVersion().accepts('3.4.14'))
  t.ok(requestVersion('3.6').accepts('3.6.1'))
  t.notOk(requestVersion('3.6').accepts('3.7.1'))
  t.ok(requestVersion('3.8.0').accepts('3.8.0'))
  t.notOk(requestVersion('3.8.0').accepts('3.8.1'))
  for (const bad of ['3.4', '3.4.14', '4', 'latest', '../3.9.4', '3.9.4/..']) {
    t.throws(() => requestVersion(bad), /is not supported/, bad)
  }
})

t.test('ports: a start whose port was taken gets others, a named port gets one attempt', async t => {
  const seen: number[][] = []
  const got = await onFreePorts(2, undefined, async ports => {
    seen.push(ports)
    if (seen.length < 3) throw new PortTakenError('taken')
    return ports
  })
  t.equal(seen.length, 3)
  t.equal(new Set(got).size, 2)
  let attempts = 0
  const taken = onFreePorts(0, 2181, async () => {
    attempts++
    throw new PortTakenError('taken')
  })
  await t.rejects(taken, { name: 'PortTakenError' })
  t.equal(attempts, 1)
  const other = onFreePorts(1, undefined, async () => {
    attempts++
    throw new Error('broken')
  })
  await t.rejects(other, /broken/)
  t.equal(attempts, 2, 'another failure is not tried again')
})

t.test('modes: only a server that serves has one', async t => {
  t.equal(modeOf('Zookeeper version: 3.9.5\nMode: leader\nNode count: 5\n'), 'leader')
  t.equal(modeOf('Zookeeper version: 3.9.5\nMode: read-only\n'), 'read-only')
  t.equal(modeOf('This ZooKeeper instance is not currently serving requests\n'), null)
  t.equal(modeOf(''), null)
})

t.test('command line', async t => {
  t.same(parseCommand([]), { kind: 'run', members: 1, options: { config: {} } })
  t.same(parseCommand(['--help']), { kind: 'help' })
  t.same(parseCommand(['--fetch', '--version', '3.8']), { kind: 'fetch', version: '3.8' })
  const args = '--version 3.6 --ensemble 3 --port 2181 --tick-time 500 --ttl --reconfig --read-only-mode'
  const more =
    '--max-buffer 9 --four-letter-words ruok --super-digest super:x= --heap 1g --jvm=-Da=b --jvm=-Dc=d'
  t.same(parseCommand([...`${args} ${more}`.split(' '), '--config', 'snapCount=1=2']), {
    kind: 'run',
    members: 3,
    options: {
      version: '3.6',
      port: 2181,
      tickTime: 500,
      ttl: true,
      reconfig: true,
      readOnlyMode: true,
      maxBuffer: 9,
      fourLetterWords: 'ruok',
      superDigest: 'super:x=',
      config: { snapCount: '1=2' },
      jvm: ['-Da=b', '-Dc=d'],
      heap: '1g',
    },
  })
  t.throws(() => parseCommand(['--port', '70000']), /--port takes a whole number from 1 to 65535/)
  t.throws(() => parseCommand(['--ensemble', '0']), /--ensemble takes/)
  t.throws(() => parseCommand(['--tick-time', '1e3']), /--tick-time takes/)
  t.throws(() => parseCommand(['--config', '=x']), /KEY=VALUE/)
  t.throws(() => parseCommand(['--unknown']), /--unknown/)
})
