// The floors of the code, bottom to top, and what each folder may import from outside the project.

/**
 * One floor. A member is a file (`protocol/errors.ts`), a folder with all below it (`src/cache/`),
 * or the files that lie directly in a folder (`protocol/*.ts`).
 */
export interface Floor {
  readonly name: string
  readonly members: readonly string[]
}

export const FLOORS: readonly Floor[] = [
  { name: 'protocol/support', members: ['protocol/support/'] },
  { name: 'protocol/jute', members: ['protocol/jute/'] },
  {
    name: 'protocol constants',
    members: [
      'protocol/error-codes.ts',
      'protocol/errors.ts',
      'protocol/create-mode.ts',
      'protocol/opcodes.ts',
    ],
  },
  { name: 'protocol/records', members: ['protocol/records/'] },
  { name: 'protocol/*.ts', members: ['protocol/*.ts'] },
  { name: 'protocol/net', members: ['protocol/net/'] },
  { name: 'protocol/session', members: ['protocol/session/'] },
  { name: 'protocol/client', members: ['protocol/client/'] },
  { name: 'protocol/index.ts', members: ['protocol/index.ts'] },
  { name: 'src/recipes', members: ['src/recipes/'] },
  { name: 'src/cache', members: ['src/cache/'] },
  { name: 'src/registry', members: ['src/registry/'] },
  { name: 'src/embedded', members: ['src/embedded/'] },
  { name: 'src/testing', members: ['src/testing/'] },
  { name: 'src/index.ts', members: ['src/index.ts'] },
  { name: 'src/adapters', members: ['src/adapters/'] },
  { name: 'src/cli', members: ['src/cli/'] },
  { name: 'scripts and test', members: ['scripts/', 'test/'] },
]

/** Downward imports that are forbidden all the same. */
export const BANS: readonly {
  readonly from: string
  readonly to: readonly string[]
  readonly why: string
}[] = [
  {
    from: 'src/embedded/',
    to: [
      'protocol/session/',
      'protocol/client/',
      'protocol/index.ts',
      'src/recipes/',
      'src/cache/',
      'src/registry/',
    ],
    why: 'the embedded server must not share code with the client that is tested against it',
  },
]

const SOCKET_MODULES: readonly string[] = ['net', 'tls', 'dns', 'dgram']
const SOCKET_FOLDERS: readonly string[] = ['protocol/net/', 'src/embedded/', 'src/testing/']

/** The npm packages a folder may import; the first row that matches counts. */
const PACKAGES: readonly { readonly folder: string; readonly names: readonly string[] }[] = [
  { folder: 'protocol/', names: ['debug'] },
  { folder: 'src/cli/', names: ['debug', 'yaml', 'commander'] },
  { folder: 'src/adapters/', names: ['debug', 'undici', '@grpc/grpc-js'] },
  { folder: 'src/', names: ['debug'] },
]

/** The index of the floor that a file is on, or -1 if it is on none. */
export function floorOf(file: string): number {
  const exact = FLOORS.findIndex(floor => floor.members.includes(file))
  if (exact >= 0) return exact
  return FLOORS.findIndex(floor => floor.members.some(member => holds(member, file)))
}

function holds(member: string, file: string): boolean {
  if (member.endsWith('/')) return file.startsWith(member)
  if (!member.endsWith('/*.ts')) return false
  const folder = member.slice(0, -'*.ts'.length)
  return file.startsWith(folder) && !file.slice(folder.length).includes('/')
}

/** Why a file may not import another file of the project, or null if it may. */
export function whyNotFile(from: string, to: string): string | null {
  const [upper, lower] = [floorOf(from), floorOf(to)]
  if (upper < 0) return `${from} is on no floor: add it to scripts/layers/floors.ts`
  if (lower < 0) return `${to} is on no floor: add it to scripts/layers/floors.ts`
  if (lower > upper) return `points up, from ${FLOORS[upper]!.name} to ${FLOORS[lower]!.name}`
  const ban = BANS.find(row => from.startsWith(row.from) && row.to.some(target => covers(target, to)))
  return ban ? ban.why : null
}

function covers(target: string, file: string): boolean {
  return target.endsWith('/') ? file.startsWith(target) : file === target
}

/** Why a file may not import a package or a built-in module, or null if it may. */
export function whyNotPackage(from: string, specifier: string): string | null {
  const row = PACKAGES.find(candidate => from.startsWith(candidate.folder))
  if (!row) return null
  if (specifier.startsWith('node:')) {
    const builtin = specifier.slice('node:'.length).split('/')[0]!
    if (!SOCKET_MODULES.includes(builtin)) return null
    if (SOCKET_FOLDERS.some(folder => from.startsWith(folder))) return null
    return `only ${SOCKET_FOLDERS.join(', ')} may use sockets`
  }
  if (row.names.includes(packageName(specifier))) return null
  return `${row.folder} may import only ${row.names.join(', ')} and node: modules`
}

function packageName(specifier: string): string {
  const parts = specifier.split('/')
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!
}
