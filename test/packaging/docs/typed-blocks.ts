// Compiles the TypeScript blocks of pages as a user's program would be. A block stands in the scope of those before it on
// its page: it sees what they import and declare, and may declare it anew. Besides, it knows what the page says in words:
// "`registry` is a `ServiceRegistry`". Nothing else is known to it, and there is no way to leave a block out.
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Block, Page } from './pages.ts'
import { root } from './pages.ts'

/** What a page may say that a name is, and where it comes from; null: every program knows it. */
const TYPES: Readonly<Record<string, string | null>> = {
  AbortSignal: null,
  FaultProxy: 'nd-service-registry/testing',
  ServiceRegistry: 'nd-service-registry',
  View: 'nd-service-registry',
  ZooKeeper: 'nd-service-registry/protocol',
}
const GIVEN = /`(\w+)`(?:\s+is|,)\s+an?\s+(?:\w+\s+)?`(\w+)`/g
const IMPORT = /^import (type )?\{([^}]*)\} from '([^']+)'$/gm
const DIAGNOSTIC = /^(\S+)\((\d+),(\d+)\): error (.*)$/

export interface Outcome {
  /** How many blocks were compiled. */
  readonly compiled: number
  /** `page:line:column TS1234: message`, or whatever else the compiler said. */
  readonly complaints: readonly string[]
}

/** `folder` is an empty one below the root, so that packages are found from there. */
export async function compileBlocks(pages: readonly Page[], folder: string): Promise<Outcome> {
  const modules = new Map<string, Module>()
  for (const page of pages) {
    const blocks = page.blocks.filter(({ language }) => language === 'ts')
    for (const index of blocks.keys()) {
      const name = `${page.path.replaceAll('/', '-')}-${index + 1}.ts`
      modules.set(name, new Module(page, blocks.slice(0, index + 1)))
    }
  }
  await Promise.all([...modules].map(([name, module]) => writeFile(join(folder, name), module.text)))
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(await configuration(folder)))
  const said = await compilerOn(folder)
  return { compiled: modules.size, complaints: said.flatMap(line => complaintOf(line, modules, folder)) }
}

/** The last of the blocks, within the scopes of the others. */
class Module {
  readonly #page: Page
  readonly #last: Block
  readonly #lines: string[] = []
  /** For each line of the module, the line of the page that it comes from. */
  readonly #origins: (number | null)[] = []

  constructor(page: Page, blocks: readonly Block[]) {
    this.#page = page
    this.#last = blocks.at(-1)!
    this.#addImports(blocks)
    this.#addGiven()
    this.#add('export async function page(): Promise<void> {', null)
    for (const { text, line } of blocks) {
      this.#add('{', null)
      const body = text.replace(IMPORT, statement => statement.replace(/[^\n]/g, ''))
      for (const [index, code] of body.split('\n').entries()) this.#add(code, line + index)
    }
    this.#add('}'.repeat(blocks.length + 1), null)
  }

  get text(): string {
    return this.#lines.join('\n')
  }

  /** Null: what is wrong there, the module of an earlier block tells. */
  place(line: number, column: number): string | null {
    const origin = this.#origins[line - 1] ?? null
    if (origin === null) return `${this.#page.path}, above line ${this.#last.line}:`
    return origin < this.#last.line ? null : `${this.#page.path}:${origin}:${column}`
  }

  /** A name that several blocks import from the same place is imported once. */
  #addImports(blocks: readonly Block[]): void {
    const seen = new Set<string>()
    for (const { text, line } of blocks) {
      for (const { index, 1: type = '', 2: names, 3: from } of text.matchAll(IMPORT)) {
        const isNew = (name: string): boolean => seen.size < seen.add(`${name} ${from}`).size
        const added = names!
          .split(',')
          .flatMap(name => (name.trim() === '' ? [] : name.trim()))
          .filter(isNew)
        const origin = line + text.slice(0, index).split('\n').length - 1
        if (added.length > 0) this.#add(`import ${type}{ ${added.join(', ')} } from '${from}'`, origin)
      }
    }
  }

  #addGiven(): void {
    const before = this.#page.prose
      .split('\n')
      .slice(0, this.#last.line - 1)
      .join('\n')
    const given = new Map([...before.matchAll(GIVEN)].map(match => [match[1]!, match[2]!]))
    for (const [name, type] of given) {
      const from = TYPES[type]
      if (from === undefined) continue
      this.#add(`declare const ${name}: ${from === null ? type : `import('${from}').${type}`}`, null)
    }
  }

  #add(code: string, origin: number | null): void {
    this.#lines.push(code)
    this.#origins.push(origin)
  }
}

/** The project's own strictness, and the names of package.json, which mean the sources here. */
async function configuration(folder: string): Promise<object> {
  const manifest = JSON.parse(await readFile(`${root}package.json`, 'utf8'))
  const up = relative(folder, root)
  const entries = Object.entries<{ types?: string }>(manifest.exports).flatMap(([name, { types }]) => {
    const source = types?.replace(/^\.\/dist\/(.*)\.d\.ts$/, `${up}/$1.ts`)
    return source === undefined ? [] : [[manifest.name + name.slice(1), [source]]]
  })
  return {
    extends: `${up}/tsconfig.json`,
    compilerOptions: {
      paths: Object.fromEntries(entries),
      declaration: false,
      isolatedDeclarations: false,
      noUnusedLocals: false,
      noUnusedParameters: false,
    },
    include: ['*.ts'],
  }
}

/** The lines that it printed. */
function compilerOn(folder: string): Promise<string[]> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  return new Promise(resolve => {
    // Without the loaders that tap adds to each process that Node starts.
    const args = ['-u', 'NODE_OPTIONS', process.execPath, tsc, '-p', folder, '--pretty', 'false']
    execFile('env', args, { cwd: folder }, (error, stdout, stderr) => {
      const lines = (stdout + stderr).split('\n').filter(line => line.trim() !== '')
      resolve(error !== null && lines.length === 0 ? [String(error)] : lines)
    })
  })
}

function complaintOf(said: string, modules: ReadonlyMap<string, Module>, folder: string): string[] {
  const { 1: file = '', 2: line, 3: column, 4: message } = DIAGNOSTIC.exec(said) ?? []
  const module = modules.get(relative(folder, join(folder, file)))
  if (module === undefined) return [said]
  const place = module.place(Number(line), Number(column))
  return place === null ? [] : [`${place} ${message}`]
}
