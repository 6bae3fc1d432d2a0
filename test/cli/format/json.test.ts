// JSON: byte for byte what Python's json prints with sorted keys, indent 4 and `,` and `: ` as separators.
import { formatJson, jsonOf } from '../../../src/cli/format/json.ts'
import { t } from '../../tap.ts'

t.test('N84: json: indent 4, sorted keys, empty lists and objects, one line break at the end', async t => {
  const data = { type: 'openssh', pid: 7, tags: ['a', {}, []], on: true, none: null }
  t.equal(
    formatJson({ path: '/a', data, children: [{ path: '/a/b', data: null, children: [] }] }),
    `{
    "/a": {
        "children": [
            {
                "/a/b": {
                    "children": [],
                    "data": null
                }
            }
        ],
        "data": {
            "none": null,
            "on": true,
            "pid": 7,
            "tags": [
                "a",
                {},
                []
            ],
            "type": "openssh"
        }
    }
}
`,
  )
  t.equal(formatJson({ path: '/a' }), '{\n    "/a": {}\n}\n')
})

t.test('N84: json: strings are ASCII', async t => {
  t.equal(
    jsonOf('\u007f\u00e9\u{1f600}"\\/\n\b\ud800'),
    '"\\u007f\\u00e9\\ud83d\\ude00\\"\\\\/\\n\\b\\ud800"',
  )
})

t.test('N84: json: numbers in the notation of Python', async t => {
  const numbers = new Map<number | bigint, string>([
    [0, '0'],
    [-0, '0'],
    [-12, '-12'],
    [1.5, '1.5'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1.25e-7, '1.25e-07'],
    [1e15, '1000000000000000'],
    [9007199254740994, '9007199254740994.0'],
    [1e16, '1e+16'],
    [1.5e300, '1.5e+300'],
    [12345678901234567890n, '12345678901234567890'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
  ])
  for (const [number, expected] of numbers) t.equal(jsonOf(number), expected)
})

t.test('N84: json: keys in the order of their code points', async t => {
  const keys = ['\u{10000}', '\uffff', '\ud800', '', 'b', 'a', 'ab', 'B', '10', '9', '\u{10001}', '\ud800x']
  const sorted = ['', '10', '9', 'B', 'a', 'ab', 'b', '\ud800', '\ud800x', '\uffff', '\u{10000}', '\u{10001}']
  const printed = jsonOf(Object.fromEntries(keys.map(key => [key, null])))
  // Not JSON.parse as a whole: objects put keys that are numbers first.
  const found = [...printed.matchAll(/^ {4}(".*"): null/gm)].map(([, key = '']) => JSON.parse(key))
  t.same(found, sorted)
})
