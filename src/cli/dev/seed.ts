// Znodes from a file: the form that `ndsr get -d -r` prints, as YAML or JSON.
import { parseDocument } from 'yaml'
import type { ZooKeeperView } from '../../../protocol/index.ts'
import { validatePath } from '../../../protocol/index.ts'
import type { NodeData } from '../../registry/codec.ts'
import { encode } from '../../registry/codec.ts'

export interface SeedNode {
  readonly path: string
  /** null: a znode without data. */
  readonly data: Uint8Array | null
}

/**
 * `/path: { data: ..., children: [{ /path/child: ... }] }`, any number of paths. Data is written as `setData` writes it.
 * Throws an error that says where in the file something else stands.
 */
export function parseSeed(text: string): SeedNode[] {
  const content = parseYaml(text)
  const nodes: SeedNode[] = []
  collect(content ?? {}, 'the file', nodes)
  return nodes
}

/** What a server keeps there is its own, and in a seed only because it was printed with the rest. */
const SYSTEM = /^\/zookeeper(?:\/|$)/

/** Parents come before their children, and those that nobody names are made too. Returns how many were planted. */
export async function plant(zk: ZooKeeperView, nodes: readonly SeedNode[]): Promise<number> {
  const own = nodes.filter(({ path }) => !SYSTEM.test(path))
  for (const { path, data } of own) {
    await zk.ensurePath(path)
    if (data !== null) await zk.set(path, data)
  }
  return own.length
}

/** The library's own messages quote the file, in which there may be secrets: only the place and the kind are told. */
function parseYaml(text: string): unknown {
  // Integers of any size stay what they are.
  const document = parseDocument(text, { intAsBigInt: true, logLevel: 'error' })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) {
    const { code, linePos } = problem
    const where = linePos === undefined ? '' : ` at line ${linePos[0].line}, column ${linePos[0].col}`
    throw new Error(`not YAML: ${code.toLowerCase().replaceAll('_', ' ')}${where}`)
  }
  try {
    return document.toJS()
  } catch {
    throw new Error('not YAML: an alias that cannot be resolved')
  }
}

function collect(content: unknown, at: string, nodes: SeedNode[]): void {
  for (const [path, node] of Object.entries(mapping(content, at))) {
    try {
      validatePath(path)
    } catch (cause) {
      throw new Error(`${at}: ${(cause as Error).message}`, { cause })
    }
    const { data, children = [], ...rest } = mapping(node ?? {}, path)
    const [unknown] = Object.keys(rest)
    if (unknown !== undefined) throw new Error(`${path}: a node has data and children, not ${unknown}`)
    nodes.push({ path, data: bytesOf(data, path) })
    if (!Array.isArray(children)) throw new Error(`${path}: children must be a list`)
    for (const child of children) collect(child, `a child of ${path}`, nodes)
  }
}

function bytesOf(data: unknown, path: string): Uint8Array | null {
  if (data === undefined || data === null) return null
  try {
    return encode(data as NodeData)
  } catch (cause) {
    throw new Error(`${path}: ${(cause as Error).message}`, { cause })
  }
}

function mapping(value: unknown, at: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new Error(`${at}: a mapping is expected`)
}
