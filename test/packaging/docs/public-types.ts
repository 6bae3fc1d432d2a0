// The options and events that the package exports, read from the sources: Biome lays out each in the same way.
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { root } from './pages.ts'

export interface Member {
  readonly name: string
  readonly documented: boolean
}

interface Declaration {
  readonly file: string
  /** What it takes from others. */
  readonly heritage: string
  readonly members: readonly Member[]
}

/** By the entry point and their name: `src/index.ts ReadOptions`. */
export async function publicTypes(): Promise<Map<string, readonly Member[]>> {
  const { exports } = JSON.parse(await readFile(`${root}package.json`, 'utf8'))
  const entries = Object.values<{ types?: string }>(exports).flatMap(
    ({ types }) => types?.replace(/^\.\/dist\/(.*)\.d\.ts$/, '$1.ts') ?? [],
  )
  const found = new Map<string, readonly Member[]>()
  for (const entry of entries) {
    for (const name of exportedNames(await readFile(root + entry, 'utf8'))) {
      if (/(?:Options|Limit|Ports|Events)$/.test(name))
        found.set(`${entry} ${name}`, await membersOf(entry, name))
    }
  }
  return found
}

/** Its own and those that it takes from others of the project; what it takes from Node is described there. */
async function membersOf(file: string, name: string): Promise<Member[]> {
  const declaration = await find(file, name)
  if (declaration === null) return []
  const members = [...declaration.members]
  for (const [whole, base] of declaration.heritage.matchAll(
    /\b(?:(?:Pick|Omit)<)?([A-Z]\w+)(?:, [^>]*>)?/g,
  )) {
    const inherited = await membersOf(declaration.file, base!)
    const words: readonly string[] = whole.match(/(?<=')\w+(?=')/g) ?? []
    const keeps = (member: string): boolean =>
      whole.startsWith('Pick') ? words.includes(member) : !words.includes(member)
    members.push(...inherited.filter(member => keeps(member.name)))
  }
  return members
}

/** Follows imports and re-exports within the project; null for what comes from elsewhere. */
async function find(file: string, name: string): Promise<Declaration | null> {
  const source = await readFile(root + file, 'utf8')
  const pattern = new RegExp(
    `^(?:export )?(?:interface|type) ${name}\\b([^{;]*?)(?:\\{\\n([\\s\\S]*?)^\\}|\\n\\n)`,
    'm',
  )
  const found = pattern.exec(source)
  if (found !== null) return { file, heritage: found[1]!, members: membersIn(found[2] ?? '') }
  for (const [, names, from] of source.matchAll(
    /^(?:import|export) (?:type )?\{([^}]*)\} from '(\.[^']*)'/gm,
  )) {
    if (names!.split(',').some(word => word.trim() === name)) return find(join(dirname(file), from!), name)
  }
  return null
}

function membersIn(body: string): Member[] {
  const lines = body.split('\n')
  return lines.flatMap((line, index) => {
    const name = /^ {2}(?:readonly )?(\w+)\??[:(<]/.exec(line)?.[1]
    return name === undefined ? [] : { name, documented: /\*\/$/.test(lines[index - 1] ?? '') }
  })
}

function exportedNames(source: string): string[] {
  const lists = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(match => match[1]!.split(','))
  const own = [...source.matchAll(/^export (?:interface|type) (\w+)/gm)].map(match => match[1]!)
  return [...lists.map(name => name.trim()), ...own]
}
