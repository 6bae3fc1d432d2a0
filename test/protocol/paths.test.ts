// Paths: what the server would refuse is refused here, with the place; and the arithmetic of chroots.
import type { InvalidPathError } from '../../protocol/errors.ts'
import { childOf, intoChroot, nameOf, outOfChroot, parentOf, validatePath } from '../../protocol/paths.ts'
import { t } from '../tap.ts'

function refusal(path: string, sequential = false): InvalidPathError | undefined {
  try {
    validatePath(path, sequential)
    return undefined
  } catch (error) {
    return error as InvalidPathError
  }
}

t.test('H29: paths: what the server takes', async t => {
  const good = [
    '/',
    '/a',
    '/a/b',
    '/.a',
    '/a.',
    '/..a',
    '/a..',
    '/...',
    '/a/.../b',
    '/a b',
    '/größe',
    '/文/字',
  ]
  for (const path of good) t.equal(refusal(path), undefined, path)
})

const bad: readonly [path: string, index: number, character: string, reason: RegExp][] = [
  ['', 0, '', /empty/],
  ['a', 0, 'a', /starts with a slash/],
  ['a/b', 0, 'a', /starts with a slash/],
  ['/a/', 2, '/', /cannot end in a slash/],
  ['//', 1, '/', /name is empty/],
  ['//a', 1, '/', /name is empty/],
  ['/a//b', 3, '/', /name is empty/],
  ['/.', 1, '.', /relative/],
  ['/..', 1, '.', /relative/],
  ['/./a', 1, '.', /relative/],
  ['/a/../b', 3, '.', /relative/],
  ['/a/..', 3, '.', /relative/],
  ['/a\u0000b', 2, '\u0000', /null character/],
  ['/\u{1f600}', 1, '\ud83d', /forbids/],
]

t.test('H29: paths: what the server refuses, with the index and the character', async t => {
  for (const [path, index, character, reason] of bad) {
    t.match(
      refusal(path),
      { code: 'INVALID_PATH', number: -8, path, index, character, message: reason },
      path,
    )
  }
})

t.test('H29: paths: the borders of each forbidden range', async t => {
  const ranges: readonly [first: number, last: number][] = [
    [0x0000, 0x001f],
    [0x007f, 0x009f],
    [0xd800, 0xf8ff],
    [0xfff0, 0xffff],
  ]
  for (const [first, last] of ranges) {
    for (const code of [first, last]) {
      t.match(refusal(`/x${String.fromCharCode(code)}y`), { index: 2 }, `U+${code.toString(16)}`)
    }
    for (const code of [first - 1, last + 1].filter(code => code >= 0 && code <= 0xffff)) {
      t.equal(refusal(`/x${String.fromCharCode(code)}y`), undefined, `U+${code.toString(16)}`)
    }
  }
})

t.test('paths: a sequential name is judged with its number, so it may end in a slash or in dots', async t => {
  for (const path of ['/', '/a/', '/a/.', '/a/..', '/a']) t.equal(refusal(path, true), undefined, path)
  t.match(refusal('/a//', true), { path: '/a//', index: 3 })
  t.match(refusal('', true), { path: '', index: 0 })
  t.match(refusal('a', true), { index: 0 })
  t.match(refusal('/a/./b', true), { index: 3 })
})

t.test('paths: the message is one short line, whatever the path is', async t => {
  t.match(refusal('/a\nb')?.message, /^invalid path "\/a\\nb": .* at index 2 \(U\+000A\)$/)
  t.ok((refusal(`/${'x'.repeat(10_000)}/`)?.message.length ?? 0) < 400)
})

t.test('paths: something else than a string is an InvalidArgumentError', async t => {
  for (const path of [undefined, null, 5, {}, ['/a']]) {
    t.match(refusal(path as string), { code: 'INVALID_ARGUMENT', argument: 'path' }, typeof path)
  }
})

t.test('paths: parents, names and children', async t => {
  t.strictSame(['/', '/a', '/a/b'].map(parentOf), ['/', '/', '/a'])
  t.strictSame(['/', '/a', '/a/b'].map(nameOf), ['', 'a', 'b'])
  t.equal(childOf('/', 'a'), '/a')
  t.equal(childOf('/a', 'b'), '/a/b')
})

t.test('H29: chroot: into it and out of it again', async t => {
  t.equal(intoChroot('', '/a'), '/a')
  t.equal(intoChroot('/app', '/'), '/app')
  t.equal(intoChroot('/app', '/a'), '/app/a')
  t.equal(intoChroot('/app', '/', true), '/app/', 'a number alone is a name below the chroot')
  t.equal(outOfChroot('', '/a'), '/a')
  t.equal(outOfChroot('/app', '/app'), '/')
  t.equal(outOfChroot('/app', '/app/a'), '/a')
})

t.test('H29: chroot: /application is not inside /app', async t => {
  t.equal(outOfChroot('/app', '/application'), '/application')
  t.equal(outOfChroot('/zoo', '/zookeeper/config'), '/zookeeper/config')
  t.equal(outOfChroot('/app', '/other'), '/other')
})
