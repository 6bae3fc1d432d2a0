// The documentation as tests see it: pages, their code blocks, and what is left of the text without them.
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../../..', import.meta.url))

/** `text` is for what no program reads, such as a drawing of folders. */
const LANGUAGES = ['ts', 'sh', 'yaml', 'text'] as const
type Language = (typeof LANGUAGES)[number]

export interface Block {
  readonly language: Language
  /** Number of its first line within the page, from 1. */
  readonly line: number
  readonly text: string
}

export interface Page {
  /** From the root of the project. */
  readonly path: string
  readonly blocks: readonly Block[]
  /** The page with every code block replaced by empty lines. */
  readonly prose: string
}

/** A piece of a text, and where it stands. */
export interface Found {
  readonly line: number
  readonly text: string
}

/** README.md, CONTRIBUTING.md, CHANGELOG.md and all pages below docs. */
export async function readPages(): Promise<Page[]> {
  const docs = (await readdir(`${root}docs`, { recursive: true })).filter(name => name.endsWith('.md'))
  const paths = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docs.sort().map(name => `docs/${name}`)]
  return Promise.all(paths.map(async path => pageOf(path, await readFile(root + path, 'utf8'))))
}

/** The docstrings with code blocks in them, a page for each source. */
export async function readDocstrings(): Promise<Page[]> {
  const folders = ['protocol', 'src'].map(async folder => {
    const names = await readdir(root + folder, { recursive: true })
    return names.filter(name => name.endsWith('.ts')).map(name => `${folder}/${name}`)
  })
  const paths = (await Promise.all(folders)).flat().sort()
  const texts = await Promise.all(paths.map(path => readFile(root + path, 'utf8')))
  const pages = paths.map((path, index) => pageOf(path, docstringsOf(texts[index]!)))
  return pages.filter(page => page.blocks.length > 0)
}

/** Throws for a code block that does not end, or does not say in what language it is: no test would look into it. */
export function pageOf(path: string, text: string): Page {
  const blocks: Block[] = []
  const prose: string[] = []
  let open: { language: Language; line: number; lines: string[] } | null = null
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^ *```(.*)$/.exec(line)?.[1]
    if (open !== null && fence === undefined) open.lines.push(line)
    else if (open !== null) {
      blocks.push({ language: open.language, line: open.line, text: open.lines.join('\n') })
      open = null
    } else if (fence !== undefined) {
      open = { language: languageOf(fence, `${path}:${index + 1}`), line: index + 2, lines: [] }
    }
    prose.push(open !== null || fence !== undefined ? '' : line)
  }
  if (open !== null) throw new Error(`${path}:${open.line - 1}: a code block without an end`)
  return { path, blocks, prose: prose.join('\n') }
}

/** Every match of the pattern's first group. */
export function findAll(text: string, pattern: RegExp): Found[] {
  return [...text.matchAll(pattern)].map(match => ({ line: lineAt(text, match.index), text: match[1]! }))
}

/** What stands between single back-ticks. */
export function inlineCodes(page: Page): Found[] {
  return findAll(page.prose, /`([^`\n]+)`/g)
}

export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

function languageOf(info: string, where: string): Language {
  const known = LANGUAGES.find(language => language === info)
  if (known !== undefined) return known
  throw new Error(
    `${where}: the language of a code block must be one of ${LANGUAGES.join(', ')}, not '${info}'`,
  )
}

/** The lines of docstrings, without what frames them; all others are empty. */
function docstringsOf(source: string): string {
  let within = false
  const lines = source.split('\n').map(line => {
    if (/^ *\/\*\*(?!.*\*\/)/.test(line)) within = true
    else if (within && /^ *\*\//.test(line)) within = false
    else if (within) return line.replace(/^ *\* ?/, '')
    return ''
  })
  return lines.join('\n')
}
