// Where the links of a page lead, and the files that it names.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Found, Page } from './pages.ts'
import { findAll, inlineCodes, root } from './pages.ts'

const OF_OTHERS = /^(?:https?|mailto):/
const FOLDERS = ['docs', 'protocol', 'scripts', 'src', 'test']

/** All files and folders that the pages may mean, from the root. */
export async function readFiles(): Promise<Set<string>> {
  const below = FOLDERS.map(async folder => {
    const names = await readdir(root + folder, { recursive: true })
    return [folder, ...names.map(name => `${folder}/${name}`)]
  })
  return new Set([...(await readdir(root)), ...(await Promise.all(below)).flat()])
}

/** Links into the project that lead nowhere. */
export function deadLinks(page: Page, pages: readonly Page[], files: ReadonlySet<string>): string[] {
  return linksOf(page).flatMap(({ line, text }) => {
    const [file = '', anchor] = text.split('#')
    const path = file === '' ? page.path : join(page.path, '..', file)
    const target = pages.find(other => other.path === path)
    const isThere = target !== undefined || files.has(path)
    const found = anchor === undefined ? isThere : target !== undefined && anchorsOf(target).has(anchor)
    return found ? [] : [`${page.path}:${line}: ${text}`]
  })
}

/** Paths between back-ticks at which nothing is; those of tests may begin below their folders. */
export function deadPaths(page: Page, files: ReadonlySet<string>): string[] {
  const path = new RegExp(`^(?:${FOLDERS.join('|')})/[\\w./-]*$`)
  return inlineCodes(page).flatMap(({ line, text }) => {
    const name = text.replace(/\/$/, '')
    const candidates = ['', 'test/', 'test/integration/'].flatMap(folder =>
      ['', '.ts', '.test.ts'].map(end => folder + name + end),
    )
    return !path.test(text) || candidates.some(candidate => files.has(candidate))
      ? []
      : [`${page.path}:${line}: ${text}`]
  })
}

/** Targets of links and pictures, written in the line or below the text; those of others are not looked at. */
export function linksOf(page: Page): Found[] {
  const text = page.prose.replace(/`[^`\n]+`/g, code => code.replace(/[^\n]/g, '.'))
  const targets = [...findAll(text, /\]\(([^)\s]+)/g), ...findAll(text, /^\[[^\]]+\]:\s+(\S+)/gm)]
  return targets.filter(target => !OF_OTHERS.test(target.text))
}

/** The anchors that GitHub gives to the headings. */
function anchorsOf(page: Page): Set<string> {
  const anchors = new Set<string>()
  for (const { text } of findAll(page.prose, /^#{1,6} (.+)$/gm)) {
    const plain = text
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
    const anchor = plain.replace(/[^\p{L}\p{N}\p{M} _-]/gu, '').replaceAll(' ', '-')
    let name = anchor
    for (let count = 1; anchors.has(name); count++) name = `${anchor}-${count}`
    anchors.add(name)
  }
  return anchors
}
