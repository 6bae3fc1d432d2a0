// What the tests of the formats share: instances at random, and nodes read back from what was written.
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import type { Json, NodeObject } from '../../../src/registry/codec.ts'
import type { InstanceFormat } from '../../../src/registry/formats/format.ts'
import type { Instance, InstanceInput } from '../../../src/registry/formats/instance.ts'

export const NOW: number = Date.UTC(2026, 0, 15, 12)

const word = fc.stringMatching(/^[a-z][a-z0-9.-]{0,12}$/)
const host: fc.Arbitrary<string> = fc.oneof(word, fc.ipV4(), fc.ipV6())
const port = fc.integer({ min: 1, max: 65_535 })
const key = fc.stringMatching(/^[a-z][A-Za-z]{0,8}$/).filter(name => !RESERVED.has(name))

/** Words that some format uses for itself. */
const RESERVED: ReadonlySet<string> = new Set(
  'pid created weight zone enabled disabled sslPort timestamp interface metadata name id address port payload'.split(
    ' ',
  ),
)

/** JSON that a double can hold. */
export const payload: fc.Arbitrary<NodeObject> = fc.dictionary(
  key,
  fc
    .jsonValue({ maxDepth: 2 })
    .map(value => JSON.stringify(value))
    .filter(text => !/[0-9]{16}/.test(text))
    .map(text => JSON.parse(text) as Json),
  { minKeys: 1, maxKeys: 4, noNullPrototype: true },
)
export const texts: fc.Arbitrary<NodeObject> = fc.dictionary(key, word, {
  minKeys: 1,
  maxKeys: 4,
  noNullPrototype: true,
})

export function inputs(
  data: fc.Arbitrary<Json>,
  more: Partial<Record<keyof InstanceInput, fc.Arbitrary<unknown>>> = {},
): fc.Arbitrary<InstanceInput> {
  return fc.record(
    {
      host,
      port,
      weight: fc.integer({ min: 0, max: 1000 }),
      zone: word,
      enabled: fc.boolean(),
      registeredAt: fc.integer({ min: 0, max: 10_000 }).map(seconds => NOW + seconds * 1000),
      data,
      ...more,
    },
    { requiredKeys: ['host', 'port'] },
  ) as fc.Arbitrary<InstanceInput>
}

/** Writes and reads; the server adds a number to sequential names. */
export function thereAndBack(
  format: InstanceFormat,
  input: InstanceInput,
): { written: Instance; read: Instance } {
  const written = format.complete(input, 'service', NOW)
  const node = format.nodeName(written) + (format.naming === 'sequential' ? '0000000007' : '')
  const read = format.decode({ node, data: format.encode(written), service: 'service' })
  return { written, read }
}

export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

export const nodeOf = (
  json: unknown,
  node = 'host:1',
): { node: string; data: Uint8Array; service: string } => ({
  node,
  data: Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)),
  service: 'service',
})
