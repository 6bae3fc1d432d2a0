// YAML of trees, and of texts that take more than one line: byte for byte what PyYAML prints.
import { formatYaml, yamlOf } from '../../../src/cli/format/yaml.ts'
import { t } from '../../tap.ts'
import type { Case } from './yaml-cases.ts'

/** The lines are PyYAML's. */
const cases: readonly Case[] = [
  {
    name: 'empty lists and objects',
    value: { a: [], b: {}, c: [[], {}], d: { e: [], f: {} } },
    lines: ['a: []', 'b: {}', 'c:', '- []', '- {}', 'd:', '  e: []', '  f: {}'],
  },
  {
    name: 'lists stand under their key without an indent',
    value: { list: [[1, [2, 3]], { a: 1, b: [{ c: 2 }, [4]] }], map: { list: [1, { x: { y: [1] } }] } },
    lines: [
      'list:',
      '- - 1',
      '  - - 2',
      '    - 3',
      '- a: 1',
      '  b:',
      '  - c: 2',
      '  - - 4',
      'map:',
      '  list:',
      '  - 1',
      '  - x:',
      '      y:',
      '      - 1',
    ],
  },
  {
    name: 'line breaks',
    value: { s: ['one\ntwo', 'one\n\ntwo\n', '\nx', 'a\n b', 'a \nb'], k: 'last line\n' },
    lines: [
      "k: 'last line",
      '',
      "  '",
      's:',
      "- 'one",
      '',
      "  two'",
      "- 'one",
      '',
      '',
      '  two',
      '',
      "  '",
      "- '",
      '',
      "  x'",
      '- "a\\n b"',
      '- "a \\nb"',
    ],
  },
  {
    name: 'what looks like a date is quoted, as `created` is',
    value: { s: ['2026-11-22 13:17:17', '2026-11-22', '2026-1-2T3:04:05Z', '2026-11-22 13:17', '13:17:17'] },
    lines: [
      's:',
      "- '2026-11-22 13:17:17'",
      "- '2026-11-22'",
      "- '2026-1-2T3:04:05Z'",
      '- 2026-11-22 13:17',
      "- '13:17:17'",
    ],
  },
  {
    name: 'long texts are folded after column 80',
    value: {
      key: 'word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word',
      q: "it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's: it's:: ",
      e: '\u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9 \u00e9',
      solid:
        'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
      list: [
        'word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word',
      ],
    },
    lines: [
      'e: "\\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9\\',
      '  \\ \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9 \\xE9"',
      'key: word word word word word word word word word word word word word word word word',
      '  word word word word word word word word word word word word word word',
      'list:',
      '- word word word word word word word word word word word word word word word word',
      '  word word word word word word word word word word word word word word',
      "q: 'it''s: it''s: it''s: it''s: it''s: it''s: it''s: it''s: it''s: it''s: it''s: it''s:",
      "  it''s: it''s: it''s: it''s: it''s: it''s: it''s: it''s: it''s: it''s: it''s: it''s:",
      "  it''s: it''s: it''s: it''s: it''s: it''s:: '",
      'solid: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    ],
  },
  {
    name: 'long and empty keys and those with line breaks stand after a question mark',
    value: {
      '/kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk': 1,
      '/kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk':
        { a: 1 },
      '/llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll':
        [1],
      '': 0,
      'two\nlines': 2,
    },
    lines: [
      "? ''",
      ': 0',
      '/kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk: 1',
      '? /kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk',
      ': a: 1',
      '? /llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll',
      ': - 1',
      "? 'two",
      '',
      "  lines'",
      ': 2',
    ],
  },
  {
    name: 'keys in the order of their code points',
    value: { b: 1, B: 1, a: 1, '10': 1, '9': 1, '\uffff': 1, '\ud800\udc00': 1 },
    lines: ["'10': 1", "'9': 1", 'B: 1', 'a: 1', 'b: 1', '"\\uFFFF": 1', '"\\U00010000": 1'],
  },
  {
    name: 'a text that begins beyond column 80',
    value: {
      deep: [
        [
          [
            [
              [
                [
                  {
                    kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk: [
                      'a b c',
                      "it''s: b",
                      '\u00e9 \u65e5 "x y" z',
                    ],
                  },
                ],
              ],
            ],
          ],
        ],
      ],
    },
    lines: [
      'deep:',
      '- - - - - - kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk:',
      '            - a b c',
      "            - 'it''''s: b'",
      '            - "\\xE9 \\u65E5 \\"x y\\" z"',
    ],
  },
  {
    name: 'the shape of a tree',
    value: {
      '/a': {
        children: [
          { '/a/b': { children: [], data: { created: '2026-11-22 13:17:17', pid: 7, type: 'openssh' } } },
          { '/a/c': { children: [], data: null } },
        ],
        data: {},
      },
    },
    lines: [
      '/a:',
      '  children:',
      '  - /a/b:',
      '      children: []',
      '      data:',
      "        created: '2026-11-22 13:17:17'",
      '        pid: 7',
      '        type: openssh',
      '  - /a/c:',
      '      children: []',
      '      data: null',
      '  data: {}',
    ],
  },
]

for (const { name, value, lines } of cases) {
  t.test(`N84: yaml: ${name}`, async t => {
    t.equal(yamlOf(value), `${lines.join('\n')}\n`)
  })
}

t.test('N84: yaml: a branch is one object with its path as the key, and ends in one line break', async t => {
  const branch = { path: '/a', data: null, children: [{ path: '/a/b', data: { x: 1 }, children: [] }] }
  const lines = [
    '/a:',
    '  children:',
    '  - /a/b:',
    '      children: []',
    '      data:',
    '        x: 1',
    '  data: null',
    '',
  ]
  t.equal(formatYaml(branch), lines.join('\n'))
  t.equal(formatYaml({ path: '/a' }), '/a: {}\n')
})

t.test('N84: yaml: equal objects are written out each time, without anchors', async t => {
  const same = { a: [1] }
  t.equal(yamlOf([same, same]), '- a:\n  - 1\n- a:\n  - 1\n')
})
