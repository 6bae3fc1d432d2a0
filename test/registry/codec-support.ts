// What the tests of the forms of data share: a process and a time that stand still, and reading from text.
import { Buffer } from 'node:buffer'
import { decode } from '../../src/registry/codec.ts'

export const envelope = { pid: 7, created: '2020-01-02 03:04:05' }
export const HEAD = '{"pid":7,"created":"2020-01-02 03:04:05"'
export const read = (text: string): unknown => decode(Buffer.from(text, 'utf8'))
