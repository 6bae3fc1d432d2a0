// Finds import cycles: one shortest loop for each knot of files that import each other.

/** For each file, the files it imports. */
export type Graph = ReadonlyMap<string, readonly string[]>

/** Each cycle as the files on it, in order; the last one imports the first. */
export function findCycles(graph: Graph): string[][] {
  const cycles: string[][] = []
  const told = new Set<string>()
  for (const file of [...graph.keys()].sort()) {
    if (told.has(file)) continue
    const cycle = shortestLoop(graph, file)
    if (!cycle) continue
    cycles.push(cycle)
    for (const member of cycle) told.add(member)
  }
  return cycles
}

// Breadth first from the start until an edge leads back to it.
function shortestLoop(graph: Graph, start: string): string[] | null {
  const cameFrom = new Map<string, string | null>([[start, null]])
  for (const file of cameFrom.keys()) {
    for (const next of graph.get(file) ?? []) {
      if (next === start) return pathTo(cameFrom, file)
      if (!cameFrom.has(next)) cameFrom.set(next, file)
    }
  }
  return null
}

function pathTo(cameFrom: ReadonlyMap<string, string | null>, end: string): string[] {
  const path: string[] = []
  for (let at: string | null = end; at !== null; at = cameFrom.get(at) ?? null) path.unshift(at)
  return path
}
