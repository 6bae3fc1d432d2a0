// Masks TypeScript source: comments, regular expressions and the text of strings go, the code stays.

/** `code` has every string literal replaced by `"n"`, where n is its index in `strings`. */
export interface MaskedSource {
  readonly code: string
  readonly strings: readonly string[]
}

// After one of these words a slash starts a regular expression and not a division.
const WORDS_BEFORE_REGEX =
  /(?:^|[^\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|await|yield|else|do)$/
const REGEX_LITERAL = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y
const QUOTED = /'((?:\\[\s\S]|[^'\\\n])*)'|"((?:\\[\s\S]|[^"\\\n])*)"/y
const TEMPLATE_TEXT = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*/y
const LINE_COMMENT = /\/\/[^\n]*/y
const BLOCK_COMMENT = /\/\*[\s\S]*?(?:\*\/|$)/y
const PLAIN = /[\w$]+|\s+|[^\w$\s]/y

export function maskSource(source: string): MaskedSource {
  const mask = new Mask(source)
  mask.run()
  return { code: mask.code, strings: mask.strings }
}

class Mask {
  readonly strings: string[] = []
  code = ''
  readonly #source: string
  #position = 0
  // For each open template, the number of braces open inside its current substitution.
  readonly #templates: number[] = []

  constructor(source: string) {
    this.#source = source
  }

  run(): void {
    while (this.#position < this.#source.length) this.#step()
  }

  #step(): void {
    if (this.#take(LINE_COMMENT) || this.#take(BLOCK_COMMENT)) {
      this.code += ' '
      return
    }
    const quoted = this.#take(QUOTED)
    if (quoted) this.#keepString(quoted[1] ?? quoted[2] ?? '')
    else if (this.#regexMayStart() && this.#take(REGEX_LITERAL)) this.code += '0'
    else this.#plain(this.#take(PLAIN)![0])
  }

  #plain(text: string): void {
    if (text === '`') {
      this.#templateText(true)
    } else if (text === '}' && this.#templates.at(-1) === 0) {
      this.#templateText(false)
    } else {
      if (this.#templates.length > 0) this.#countBrace(text)
      this.code += text
    }
  }

  #countBrace(text: string): void {
    if (text === '{') this.#templates[this.#templates.length - 1]! += 1
    if (text === '}') this.#templates[this.#templates.length - 1]! -= 1
  }

  // Reads template text up to the closing back-tick, or into the next substitution.
  #templateText(opening: boolean): void {
    const text = this.#take(TEMPLATE_TEXT)?.[0] ?? ''
    const closes = this.#source[this.#position] !== '$'
    this.#position += closes ? 1 : 2
    if (opening && closes) {
      this.#keepString(text)
      return
    }
    if (opening) this.#templates.push(0)
    else if (closes) this.#templates.pop()
    this.code += opening ? '(' : closes ? ')' : ','
  }

  #keepString(text: string): void {
    this.code += `"${this.strings.length}"`
    this.strings.push(text)
  }

  #regexMayStart(): boolean {
    if (this.#source[this.#position] !== '/') return false
    const before = this.code.slice(-40).trimEnd()
    return before === '' || /[([{,;=:!&|?+\-*%<>~^]$/.test(before) || WORDS_BEFORE_REGEX.test(before)
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position
    const match = pattern.exec(this.#source)
    if (match) this.#position += match[0].length
    return match
  }
}
