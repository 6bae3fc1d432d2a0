// What `ndsr get` prints, byte for byte beside that of the Python package, on znodes that both wrote.
import { Buffer } from 'node:buffer'
import { runHere } from '../cli/support.ts'
import { sideBySide } from './python-pair.ts'

const test = await sideBySide()

const contents: readonly string[] = [
  '{"pid":7,"created":"2026-11-22 13:17:17","type":"openssh","port":22}',
  '{"zeta":[1,{"b":[],"a":{}},null],"alpha":{"on":true,"load":0.5,"big":12345678901234567890}}',
  '{"text":"sch\\u00f6n \u20ac \\ud83d\\ude00","yes":"yes","number":"017","empty":"","lines":"a\\nb"}',
  `{"long":"${'word '.repeat(40)}end"}`,
  'plain text: with a colon',
  '[1,2]',
  ' ',
  '',
]

test(
  'N83, N84: the formats are those of the Python package, to the byte',
  async (t, pair) => {
    const { python, ours, servers } = await pair()
    const server = `--server=${servers}`
    await ours.setNode('/pool/ours:1', { type: 'web', tags: ['a', 'b'] })
    await python.call('set_node', { path: '/pool/python:1', data: 'sch\u00f6n' })
    const paths = ['/pool', '/pool/ours:1', '/pool/python:1']
    for (const [i, content] of contents.entries()) {
      await python.call('write', { path: `/content/${i}`, data: Buffer.from(content).toString('base64') })
      paths.push(`/content/${i}`)
    }
    for (const path of paths) {
      for (const outputformat of ['yaml', 'json', 'dir']) {
        for (const data of [false, true]) {
          const theirs = await python.call<string>('cli', { path, outputformat, data })
          const argv = [server, '-q', 'get', path, `--outputformat=${outputformat}`, data ? '-d' : '--nodata']
          const { code, stdout } = await runHere(argv)
          // Python prints one more line break, which doubles that of YAML.
          t.equal(stdout, theirs.endsWith('\n') ? theirs : `${theirs}\n`, argv.join(' '))
          t.equal(code, 0)
        }
      }
    }
  },
  true,
)

test(
  'N84, N87: an absent path is an empty object in both; here it has an exit code of its own',
  async (t, pair) => {
    const { python, servers } = await pair()
    for (const outputformat of ['yaml', 'json']) {
      const theirs = await python.call<string>('cli', { path: '/no', outputformat })
      const { code, stdout } = await runHere([
        `--server=${servers}`,
        '-q',
        '/no',
        `--outputformat=${outputformat}`,
      ])
      t.equal(stdout, theirs.endsWith('\n') ? theirs : `${theirs}\n`)
      t.equal(code, 3)
    }
  },
  true,
)
