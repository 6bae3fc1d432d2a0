// YAML: byte for byte what PyYAML 6.0.3 prints with default_flow_style=False.

import { formatYaml, yamlOf } from '../../../src/cli/format/yaml.ts'
import type { Json } from '../../../src/registry/codec.ts'
import { t } from '../../tap.ts'

interface Case {
  readonly name: string
  readonly value: Json
  readonly lines: readonly string[]
}

/** The lines are PyYAML's. */
const cases: readonly Case[] = [
  {
    name: 'strings that a reader would take for something else, or for syntax, are quoted',
    value: {
      s: [
        'yes',
        'no',
        'on',
        'Off',
        '1',
        '0x1f',
        '017',
        '1:30',
        '1_000',
        'null',
        '~',
        '',
        '=',
        '<<',
        'true',
        '1.5',
        '.5',
        '1e5',
        '1.0e+5',
        '.inf',
        '.nan',
        'a: b',
        'a:b',
        'a:',
        '#a',
        'a #b',
        'a#b',
        '- a',
        '-a',
        '-',
        '? a',
        '?',
        '[a',
        '{a',
        '!a',
        '&a',
        '*a',
        '%a',
        '@a',
        '`a',
        '|',
        '>',
        "it's",
        '"q"',
        'a, b',
        '---',
        '...x',
        ' a',
        'a ',
        '/a/b',
        'server1:22',
      ],
    },
    lines: [
      's:',
      "- 'yes'",
      "- 'no'",
      "- 'on'",
      "- 'Off'",
      "- '1'",
      "- '0x1f'",
      "- '017'",
      "- '1:30'",
      "- '1_000'",
      "- 'null'",
      "- '~'",
      "- ''",
      "- '='",
      "- '<<'",
      "- 'true'",
      "- '1.5'",
      "- '.5'",
      '- 1e5',
      "- '1.0e+5'",
      "- '.inf'",
      "- '.nan'",
      "- 'a: b'",
      '- a:b',
      "- 'a:'",
      "- '#a'",
      "- 'a #b'",
      '- a#b',
      "- '- a'",
      '- -a',
      "- '-'",
      "- '? a'",
      "- '?'",
      "- '[a'",
      "- '{a'",
      "- '!a'",
      "- '&a'",
      "- '*a'",
      "- '%a'",
      "- '@a'",
      "- '`a'",
      "- '|'",
      "- '>'",
      "- it's",
      '- \'"q"\'',
      '- a, b',
      "- '---'",
      "- '...x'",
      "- ' a'",
      "- 'a '",
      '- /a/b',
      '- server1:22',
    ],
  },
  {
    name: 'what is not ASCII is escaped',
    value: {
      s: [
        '\u00e9',
        '\u65e5\u672c',
        '\ud83d\ude00',
        '\u0000\u0007\t\r\u001b\u007f',
        '\u0085\u00a0\u2028\u2029\ufeff',
        'back\\slash "q" \u00e9',
      ],
    },
    lines: [
      's:',
      '- "\\xE9"',
      '- "\\u65E5\\u672C"',
      '- "\\U0001F600"',
      '- "\\0\\a\\t\\r\\e\\x7F"',
      '- "\\N\\_\\L\\P\\uFEFF"',
      '- "back\\\\slash \\"q\\" \\xE9"',
    ],
  },
  {
    name: 'null, booleans and numbers',
    value: {
      n: [
        null,
        true,
        false,
        0,
        -1,
        12345678901234567890n,
        1.5,
        -0.25,
        1e16,
        1.5e300,
        1e-5,
        0.0001,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
      ],
    },
    lines: [
      'n:',
      '- null',
      '- true',
      '- false',
      '- 0',
      '- -1',
      '- 12345678901234567890',
      '- 1.5',
      '- -0.25',
      '- 1.0e+16',
      '- 1.5e+300',
      '- 1.0e-05',
      '- 0.0001',
      '- .nan',
      '- .inf',
      '- -.inf',
    ],
  },
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
