// The command line: words, flags, their defaults and negations, and what is refused.
import type { GetOptions } from '../../src/cli/program.ts'
import { parseArguments } from '../../src/cli/program.ts'
import { t } from '../tap.ts'
import { Kept } from './support.ts'

const defaults: GetOptions = {
  path: '/',
  server: 'localhost:2181',
  username: null,
  password: null,
  sasl: false,
  tls: null,
  data: false,
  recursive: false,
  loglevel: 20,
  outputformat: 'yaml',
  allowMissing: false,
  timeout: 5000,
}

interface Parsed {
  readonly options: GetOptions | null
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

function parse(argv: readonly string[], env: Record<string, string> = {}): Parsed {
  const stdout = new Kept()
  const stderr = new Kept()
  const invocation = parseArguments(argv, { stdout, stderr, env })
  return {
    options: invocation.kind === 'get' ? invocation.options : null,
    exitCode: invocation.kind === 'done' ? invocation.exitCode : null,
    stdout: stdout.text,
    stderr: stderr.text,
  }
}

const accepted: readonly (readonly [argv: readonly string[], options: Partial<GetOptions>])[] = [
  [[], {}],
  [['get'], {}],
  [['/a/b'], { path: '/a/b' }],
  [['get', '/a/b'], { path: '/a/b' }],
  [['GeT', '/a'], { path: '/a' }],
  [['/get'], { path: '/get' }],
  [['//a///b/'], { path: '/a/b' }],
  [['//'], { path: '/' }],
  [
    ['-s', 'h1:1,h2:2/app', 'get', '-u', 'joe', '/a', '-p', 'pw', '-d', '-r'],
    { path: '/a', server: 'h1:1,h2:2/app', username: 'joe', password: 'pw', data: true, recursive: true },
  ],
  [
    ['/a', '--server=h', '--username', 'joe', '--password=-x', '--data', '--recursive', '--allow-missing'],
    {
      path: '/a',
      server: 'h',
      username: 'joe',
      password: '-x',
      data: true,
      recursive: true,
      allowMissing: true,
    },
  ],
  [['-rd', '/a'], { path: '/a', data: true, recursive: true }],
  [['-q'], { loglevel: Number.POSITIVE_INFINITY }],
  [['--loglevel', '10'], { loglevel: 10 }],
  [['-q', '--noquiet', '--loglevel=-1'], { loglevel: -1 }],
  [['--outputformat', 'json'], { outputformat: 'json' }],
  [['--outputformat=dir'], { outputformat: 'dir' }],
  [['--timeout', '0.25'], { timeout: 250 }],
  [['--tls'], { tls: {} }],
  [['--tls', '--no-tls'], {}],
  [['--ca-file', 'ca.pem'], { tls: { caFile: 'ca.pem' } }],
  [['--cert-file', 'me.pem'], { tls: { certFile: 'me.pem', keyFile: 'me.pem' } }],
  [
    ['--tls', '--ca-file=ca.pem', '--cert-file=me.pem', '--key-file=key.pem'],
    { tls: { caFile: 'ca.pem', certFile: 'me.pem', keyFile: 'key.pem' } },
  ],
  [['--sasl', '-u', 'joe', '-p', 'pw'], { sasl: true, username: 'joe', password: 'pw' }],
  [['--sasl', '--nosasl'], {}],
  [['--data', '--nodata'], {}],
  [['--data', '--no-data'], {}],
  [['--nodata', '--data'], { data: true }],
  [['--no-data', '-d'], { data: true }],
  [['-r', '--norecursive'], {}],
  [['--allow-missing', '--noallow-missing'], {}],
  [['--', '/a'], { path: '/a' }],
]

for (const [argv, options] of accepted) {
  t.test(`N79, N80: program: ndsr ${argv.join(' ')}`, async t => {
    const parsed = parse(argv)
    t.same(parsed.options, { ...defaults, ...options })
    t.equal(parsed.stdout + parsed.stderr, '')
  })
}

const refused: readonly (readonly [argv: readonly string[], why: RegExp])[] = [
  [['list'], /unknown command 'list'/],
  [['foo', '/a'], /unknown command 'foo'/],
  [['get', 'a'], /a path starts with a slash/],
  [['get', ''], /a path cannot be empty/],
  [['/a/../b'], /no relative parts/],
  [['/a', '/b'], /one path is expected, not 2/],
  [['--nonsense'], /unknown option '--nonsense'/],
  [['--outputformat', 'xml'], /'xml' is invalid. Allowed choices are yaml, json, dir/],
  [['--loglevel', 'info'], /'info' is invalid/],
  [['--timeout', '0'], /'0' is invalid/],
  [['-s'], /argument missing/],
  [['--sasl', '-u', 'joe'], /--sasl needs a username and a password/],
  [['--sasl', '-p', 'pw'], /--sasl needs a username and a password/],
  [['--key-file', 'key.pem'], /--key-file is for a certificate/],
  [['--no-tls', '--ca-file', 'ca.pem'], /--no-tls, and files for TLS/],
]

for (const [argv, why] of refused) {
  t.test(`N80, N81, N84: program: ndsr ${argv.join(' ')} is refused on stderr, with the usage`, async t => {
    const { exitCode, stdout, stderr } = parse(argv)
    t.equal(exitCode, 2)
    t.match(stderr, why)
    t.match(stderr, /^ndsr: .*Usage: ndsr \[get\] \[PATH\] \[options\]\n/s)
    t.equal(stdout, '')
  })
}

t.test('program: a password in the environment, which one on the command line overrides', async t => {
  const env = { NDSR_PASSWORD: 'from-env' }
  t.equal(parse(['-u', 'joe'], env).options?.password, 'from-env')
  t.equal(parse(['-u', 'joe', '-p', 'flag'], env).options?.password, 'flag')
  t.equal(parse([], { NDSR_PASSWORD: '' }).options?.password, null)
})

t.test('N79: program: help and version go to stdout', async t => {
  for (const argv of [['--help'], ['-h'], ['get', '/a', '--help']]) {
    const { exitCode, stdout, stderr } = parse(argv, { NDSR_PASSWORD: 'geheim' })
    t.equal(exitCode, 0)
    t.match(stdout, /^Usage: ndsr \[get\] \[PATH\] \[options\]\n/)
    for (const code of ['0', '1', '2', '3', '4', '5']) t.match(stdout, `\n  ${code}  `)
    t.match(stdout, /NDSR_PASSWORD/)
    t.match(stdout, '"yaml", "json", "dir"')
    t.notMatch(stdout, 'geheim')
    t.equal(stderr, '')
  }
  const { exitCode, stdout } = parse(['--version'])
  t.equal(exitCode, 0)
  t.match(stdout, /^\d+\.\d+\.\d+\S*\n$/)
})
