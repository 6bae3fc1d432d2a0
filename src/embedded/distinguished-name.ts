// The subject of a certificate as ZooKeeper writes it: RFC 2253, read from the bytes of the certificate itself.
import { Buffer } from 'node:buffer'

/** DER: a tag, a length, and the content. Only the tags that lead to the subject. */
const OBJECT_IDENTIFIER = 6
const VERSION = 0xa0
/** UTF8String, PrintableString, TeletexString, IA5String, UniversalString, GeneralString, BMPString. */
const STRINGS: ReadonlySet<number> = new Set([12, 19, 20, 22, 27, 28, 30])

/** The attributes that RFC 2253 has a word for; others are told by number, with their value in hex. */
const WORDS: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
}

interface Element {
  readonly tag: number
  readonly content: Buffer
  /** Tag and length too. */
  readonly whole: Buffer
}

/** From the narrowest part to the widest, as `CN=alice,O=Example`. Throws a RangeError on what is no certificate. */
export function subjectOf(certificate: Uint8Array): string {
  const [outer] = elements(Buffer.from(certificate))
  const [toBeSigned] = elements(contentOf(outer))
  const fields = elements(contentOf(toBeSigned))
  // version (may be missing), serial number, algorithm, issuer, validity, subject
  const subject = fields[fields[0]?.tag === VERSION ? 5 : 4]
  return elements(contentOf(subject))
    .reverse()
    .map(part => elements(part.content).map(attribute).join('+'))
    .join(',')
}

function attribute({ content }: Element): string {
  const [type, value] = elements(content)
  if (type?.tag !== OBJECT_IDENTIFIER || value === undefined) throw new RangeError('no attribute')
  const number = identifier(type.content)
  const word = WORDS[number]
  if (word === undefined || !STRINGS.has(value.tag)) return `${number}=#${value.whole.toString('hex')}`
  return `${word}=${escaped(value.content.toString())}`
}

/** Blanks at the ends, and wherever they stand, characters that mean something in a name. */
function escaped(text: string): string {
  return text
    .replace(/[,=+<>#;"\\]/g, '\\$&')
    .replace(/^[ \r]+|[ \r]+$/g, blanks => blanks.replace(/[ \r]/g, '\\$&'))
}

/** The first byte holds two numbers; seven bits a byte, with the eighth set where more follow. */
function identifier(bytes: Buffer): string {
  const numbers: number[] = []
  let number = 0
  for (const byte of bytes) {
    number = number * 128 + (byte & 0x7f)
    if ((byte & 0x80) !== 0) continue
    if (numbers.length > 0) numbers.push(number)
    else numbers.push(...(number < 80 ? [Math.floor(number / 40), number % 40] : [2, number - 80]))
    number = 0
  }
  return numbers.join('.')
}

function contentOf(element: Element | undefined): Buffer {
  if (element === undefined) throw new RangeError('no certificate')
  return element.content
}

function elements(bytes: Buffer): Element[] {
  const found: Element[] = []
  for (let at = 0; at < bytes.length; ) {
    const start = at
    const tag = bytes.readUInt8(at)
    let length = bytes.readUInt8(at + 1)
    at += 2
    if (length >= 0x80) {
      const width = length - 0x80
      length = bytes.readUIntBE(at, width)
      at += width
    }
    found.push({ tag, content: bytes.subarray(at, at + length), whole: bytes.subarray(start, at + length) })
    at += length
  }
  return found
}
