// Scalars as PyYAML writes them: plain if a reader takes them for what they are, else quoted; folded at 80 columns.
import type { Json } from '../../registry/codec.ts'
import { formatNumber } from './number.ts'

/** Where a scalar begins. */
export interface Place {
  readonly column: number
  /** What lines that follow begin with. */
  readonly indent: string
  /** A key before a colon stays on its line. */
  readonly isKey: boolean
}

const WIDTH = 80
/** Keys of this length and more stand after a question mark: 128 with the tag, `!!str`, that nobody sees. */
const LONG_KEY = 123

export function isSimpleKey(key: string): boolean {
  return key !== '' && !/[\n\u0085\u2028\u2029]/.test(key) && [...key].length < LONG_KEY
}

export function scalarOf(value: Json, place: Place): string {
  if (typeof value === 'string') return textOf(value, place)
  if (typeof value !== 'number') return String(value)
  if (Number.isNaN(value)) return '.nan'
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf'
  // A float of YAML 1.1 has a point.
  return formatNumber(value).replace(/^(-?\d+)e/, '$1.0e')
}

function textOf(text: string, place: Place): string {
  if (needsEscapes(text)) return doubleQuoted(text, place)
  if (isPlain(text)) return folded(text, '', place)
  return folded(text.replaceAll("'", "''"), "'", place)
}

/** Anything but ASCII text, and blanks around line breaks, which the other styles lose. */
function needsEscapes(text: string): boolean {
  return /[^\n -~]|\n | \n/.test(text)
}

function isPlain(text: string): boolean {
  if (text === '' || text.includes('\n') || text.startsWith(' ') || text.endsWith(' ')) return false
  if (/^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[-?:](?: |$))/.test(text)) return false
  return !/:(?: |$)| #/.test(text) && !OTHER_TYPES.some(type => type.test(text))
}

/** What YAML 1.1 readers take for something else than a string. */
const OTHER_TYPES: readonly RegExp[] = [
  /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  /^(?:~|null|Null|NULL)$/,
  // Merge key and default value.
  /^(?:<<|=)$/,
  // Integers: binary, octal, decimal, hexadecimal, base 60.
  /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
  // Floats: with a point, in base 60, the special ones.
  /^[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?$/,
  /^\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?$/,
  /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/,
  /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  // Dates, and dates with times.
  /^\d{4}-\d\d-\d\d$/,
  /^\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?$/,
]

/**
 * Breaks the line at a single space once it is too long. Line breaks of the text are doubled once, because a
 * reader takes a single one for a space.
 */
function folded(text: string, quote: string, { column: start, indent, isKey }: Place): string {
  let out = quote
  let column = start + quote.length
  for (const { 0: run, index } of text.matchAll(/ +|\n+|[^ \n]+/g)) {
    const inside = index > 0 && index + 1 < text.length
    if (run.startsWith('\n')) {
      out += `\n${run}${indent}`
      column = indent.length
    } else if (run === ' ' && inside && column > WIDTH && !isKey) {
      out += `\n${indent}`
      column = indent.length
    } else {
      out += run
      column += run.length
    }
  }
  return out + quote
}

/** Breaks the line with a backslash, at a blank or where an escape ends, once it is too long. */
function doubleQuoted(text: string, { column: start, indent, isKey }: Place): string {
  const characters = [...text]
  let out = '"'
  let column = start + 1
  /** Characters that stand for themselves, up to the one at hand. */
  let pending = ''
  const put = (piece: string): void => {
    out += pending + piece
    column += pending.length + piece.length
    pending = ''
  }
  for (const [i, character] of characters.entries()) {
    const shown = escaped(character)
    const isEscape = shown !== character
    if (isEscape) put(shown)
    const inside = i > 0 && i < characters.length - 1
    const mayBreak = inside && !isKey && (character === ' ' || pending === '')
    // PyYAML counts an escape one column short.
    if (mayBreak && column + pending.length - (isEscape ? 1 : 0) > WIDTH) {
      const next = isEscape ? characters[i + 1] : character
      put(`\\\n${indent}`)
      column = indent.length
      if (next === ' ') put('\\')
    }
    if (!isEscape) pending += character
  }
  return `${out}${pending}"`
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\0', '\\0'],
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\v', '\\v'],
  ['\f', '\\f'],
  ['\r', '\\r'],
  ['\u001b', '\\e'],
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\u0085', '\\N'],
  ['\u00a0', '\\_'],
  ['\u2028', '\\L'],
  ['\u2029', '\\P'],
])

function escaped(character: string): string {
  const short = SHORT_ESCAPES.get(character)
  if (short !== undefined) return short
  if (/^[ -~]$/.test(character)) return character
  const code = character.codePointAt(0) as number
  const hex = (digits: number): string => code.toString(16).toUpperCase().padStart(digits, '0')
  if (code <= 0xff) return `\\x${hex(2)}`
  return code <= 0xffff ? `\\u${hex(4)}` : `\\U${hex(8)}`
}
