// dir: paths only.
import { formatDir } from '../../../src/cli/format/dir.ts'
import { format } from '../../../src/cli/format/format.ts'
import { t } from '../../tap.ts'

t.test('N84: dir: every path on its own line, parents before children, never the data', async t => {
  const leaf = { path: '/a/b/c', data: { '/x': {} }, children: [] }
  const branch = {
    path: '/a',
    data: { secret: 1 },
    children: [{ path: '/a/b', data: null, children: [leaf] }, { path: '/a/d' }],
  }
  t.equal(formatDir(branch), '/a\n/a/b\n/a/b/c\n/a/d\n')
  t.equal(formatDir({ path: '/' }), '/\n')
})

t.test('N84: dir: double slashes are collapsed', async t => {
  t.equal(formatDir({ path: '//a///b' }), '/a/b\n')
})

t.test('N84, N87: format: a missing node is an empty object, and no line of dir', async t => {
  t.equal(format('yaml', '/no', null), '/no: {}\n')
  t.equal(format('json', '/no', null), '{\n    "/no": {}\n}\n')
  t.equal(format('dir', '/no', null), '')
})
