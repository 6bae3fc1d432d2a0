// The layer check: which imports it refuses, and that it reads imports and nothing else.
import { checkLayers } from '../../scripts/layers/check.ts'
import { findImports } from '../../scripts/layers/imports.ts'
import { t } from '../tap.ts'

function check(files: Record<string, string>): string[] {
  return checkLayers(new Map(Object.entries(files)))
}

/** The offences of one file that imports one thing. */
function one(file: string, specifier: string): string[] {
  return check({ [file]: `import { a } from '${specifier}'\n` })
}

t.test('layers: imports of the own floor and of floors below are fine', async t => {
  const offences = check({
    'protocol/support/fifo.ts':
      "import createDebug from 'debug'\nimport { EventEmitter } from 'node:events'\n",
    'protocol/errors.ts': "import type { Fifo } from './support/fifo.ts'\n",
    'protocol/records/nodes.ts':
      "import { ZooKeeperError } from '../errors.ts'\nimport '../jute/writer.ts'\n",
    'protocol/jute/writer.ts': '',
    'protocol/net/tcp.ts': "import { connect } from 'node:net'\nimport { lookup } from 'node:dns/promises'\n",
    'src/registry/codec.ts': "export type { Fifo } from '../../protocol/support/fifo.ts'\n",
    'src/embedded/server.ts': "import { connect } from '../../protocol/net/tcp.ts'\n",
    'src/cli/main.ts': "const yaml = await import('yaml')\nimport { x } from '../adapters/x.ts'\n",
    'test/tap.ts': "export { t } from 'tap'\nimport '../scripts/a.ts'\nimport p from '../package.json'\n",
  })
  t.strictSame(offences, [])
})

t.test('layers: an import that points up is an offence', async t => {
  for (const [file, specifier] of [
    ['protocol/support/fifo.ts', '../frame.ts'],
    ['protocol/jute/writer.ts', '../records/data.ts'],
    ['protocol/errors.ts', './frame.ts'],
    ['protocol/records/data.ts', '../operations.ts'],
    ['protocol/client/zookeeper.ts', '../index.ts'],
    ['protocol/frame.ts', '../src/recipes/lock.ts'],
    ['src/recipes/lock.ts', '../cache/node.ts'],
    ['src/testing/proxy.ts', '../index.ts'],
    ['src/registry/codec.ts', '../../test/tap.ts'],
    ['src/registry/codec.ts', '../../scripts/demo/main.ts'],
  ] as const) {
    const offences = one(file, specifier)
    t.equal(offences.length, 1, `${file} -> ${specifier}`)
    t.match(offences[0], /points up/)
  }
})

t.test('layers: a type import and a dynamic import point up just as well', async t => {
  t.match(check({ 'protocol/frame.ts': "import type { S } from './session/session.ts'\n" }), [/points up/])
  t.match(check({ 'protocol/frame.ts': "type S = import('./session/session.ts').S\n" }), [/points up/])
  t.match(check({ 'protocol/frame.ts': "export * from './session/session.ts'\n" }), [/points up/])
  t.match(check({ 'protocol/frame.ts': "import './session/session.ts'\n" }), [/points up/])
})

t.test('layers: a cycle is an offence, through types and through folders', async t => {
  const offences = check({
    'protocol/session/a.ts': "import type { B } from './b.ts'\n",
    'protocol/session/b.ts': "import { c } from './c.ts'\n",
    'protocol/session/c.ts': "export type { A } from './a.ts'\n",
    'protocol/session/d.ts': "import { a } from './a.ts'\n",
  })
  t.strictSame(offences, [
    'protocol/session/a.ts -> protocol/session/b.ts: import cycle: ' +
      'protocol/session/a.ts -> protocol/session/b.ts -> protocol/session/c.ts -> protocol/session/a.ts',
  ])
  t.match(one('src/cache/self.ts', './self.ts'), [/import cycle/])
})

t.test('layers: packages and sockets are for those folders that may have them', async t => {
  t.match(one('protocol/frame.ts', 'long'), [/protocol\/ may import only debug/])
  t.match(one('protocol/frame.ts', '@scope/debug'), [/may import only/])
  t.match(one('src/registry/codec.ts', 'yaml'), [/may import only/])
  t.match(one('src/cli/main.ts', 'tap'), [/may import only/])
  t.match(one('src/registry/codec.ts', 'nd-service-registry/protocol'), [/may import only/])
  t.match(one('protocol/session/session.ts', 'node:net'), [/sockets/])
  t.match(one('src/recipes/lock.ts', 'node:dns/promises'), [/sockets/])
  t.strictSame(one('protocol/session/session.ts', 'node:events'), [])
  t.strictSame(one('scripts/bench/peers.ts', 'anything'), [])
})

t.test('layers: the embedded server shares nothing with the client', async t => {
  for (const target of [
    '../../protocol/session/session.ts',
    '../../protocol/client/zookeeper.ts',
    '../../protocol/index.ts',
    '../recipes/lock.ts',
  ]) {
    t.match(one('src/embedded/server.ts', target), [/embedded server must not share/], target)
  }
})

t.test('layers: missing extensions, inline types and homeless files are offences', async t => {
  t.match(one('src/cache/node.ts', './tree'), [/ends in \.ts/])
  t.match(one('src/cache/node.ts', './tree.js'), [/ends in \.ts/])
  t.match(check({ 'src/cache/node.ts': "import { a, type B } from './tree.ts'\n" }), [/inline `type`/])
  t.match(check({ 'src/cache/node.ts': "export { type B } from './tree.ts'\n" }), [/inline `type`/])
  t.strictSame(check({ 'src/cache/node.ts': "import type { type } from './tree.ts'\n" }), [])
  t.match(one('src/elsewhere/a.ts', './b.ts'), [/on no floor/])
  t.match(one('src/cache/node.ts', '../loose.ts'), [/on no floor/])
})

t.test('layers: only real imports are read', async t => {
  const source = `
    // import a from "comment"
    /* import a from "block" */
    const text = 'import a from "string"'
    const template = \`import a from "template" \${\`\${call('x')} import 'nested'\`} import 'tail'\`
    const quote = /['"\`/]/.test(text) ? 1 / 2 : '2' / 3
    const braces = \`\${{ a: { b: 1 } }} import 'after'\`
    const url = import.meta.url
    thing.import('method')
    export const from = 1
    import real, { other as from2 } from './real.ts' // import b from 'late'
    import {
      a, // a comment with a quote: it's fine
      b,
    } from './multi-line.ts'
    const late = \`\${await import('./in-template.ts')}\`
    import './side-effect.ts'
    export * as all from "./all.ts"
    import type * as types from './types.ts'
    await import(\`./back-tick.ts\`)
  `
  t.strictSame(
    findImports(source)
      .map(found => found.specifier)
      .sort(),
    [
      './all.ts',
      './back-tick.ts',
      './in-template.ts',
      './multi-line.ts',
      './real.ts',
      './side-effect.ts',
      './types.ts',
    ],
  )
})
