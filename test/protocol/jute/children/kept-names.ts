// A process that keeps one name of each of many long listings, and prints how many bytes of heap each of them takes.
import { Buffer } from 'node:buffer'
import { JuteReader } from '../../../../protocol/jute/reader.ts'
import { JuteWriter } from '../../../../protocol/jute/writer.ts'

const LISTINGS = 200
const NAMES = 5000

const writer = new JuteWriter()
const names = Array.from({ length: NAMES }, (_, i) => `a-name-of-some-length-${String(i).padStart(8, '0')}`)
writer.writeVector(names, (to, name) => to.writeString(name))
const bytes = Buffer.from(writer.bytes)

function heap(): number {
  for (let i = 0; i < 4; i++) globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

function keep(): string[] {
  return Array.from(
    { length: LISTINGS },
    (_, i) => new JuteReader(bytes).readStrings()[(i * 23) % NAMES] as string,
  )
}

// What the runtime compiles on the way takes its place once.
let kept = keep()
kept = []
const before = heap()
kept = keep()
const each = (heap() - before) / kept.length
process.stdout.write(`${JSON.stringify({ each, listing: bytes.length })}\n`)
