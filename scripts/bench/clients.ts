// The clients that take part: how each is started, or why it cannot be.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, dirname } from 'node:path'
import { findPython } from '../peers/python.ts'
import { findRuntime } from '../peers/runtimes.ts'
import { runTool } from '../zookeeper/find/tools.ts'
import { findInstallation } from '../zookeeper/run/installation.ts'
import { built, ownPackage, peer, peersPackage, program } from './places.ts'
import type { Operation } from './programs/task.ts'
import type { ClientInfo, MissingClient } from './results.ts'

export interface Client extends ClientInfo {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly ops: readonly Operation[]
}

interface Identity {
  readonly id: string
  readonly name: string
}

type Finding = Omit<Client, 'id' | 'name'>

const REQUESTS: readonly Operation[] = ['get', 'set', 'create', 'list']
const OTHERS: readonly Operation[] = [...REQUESTS, 'watch']
const OURS: readonly Operation[] = [...OTHERS, 'encode', 'decode']
const PROBE_MS = 30_000
const require = createRequire(peersPackage)

const known: readonly (Identity & { find(): Promise<Finding> })[] = [
  {
    id: 'floor',
    name: 'bare socket (the floor)',
    find: async () => node('floor', [], process.version, REQUESTS),
  },
  { id: 'ours', name: 'ours', find: async () => node('ours', [built], await ourVersion(), OURS) },
  { id: 'ours-deno', name: 'ours on Deno', find: deno },
  { id: 'ours-bun', name: 'ours on Bun', find: bun },
  { id: 'node-zookeeper-client', name: 'node-zookeeper-client', find: () => npm('node-zookeeper-client') },
  { id: 'zookeeper', name: 'zookeeper (native addon)', find: native },
  { id: 'kazoo', name: 'kazoo (Python)', find: kazoo },
  { id: 'java', name: 'Java client', find: java },
]

/** `only`: ids, or null for all. `notInstalled`: why the packages are not there, or null. */
export async function findClients(
  only: readonly string[] | null,
  notInstalled: string | null,
): Promise<{ clients: Client[]; missing: MissingClient[] }> {
  const clients: Client[] = []
  const missing: MissingClient[] = []
  const ids = known.map(one => one.id)
  const unknown = only?.filter(id => !ids.includes(id)) ?? []
  if (unknown.length > 0) throw new RangeError(`--clients takes ${ids.join(', ')}, not ${unknown.join(', ')}`)
  for (const { id, name, find } of known) {
    if (only !== null && !only.includes(id)) continue
    try {
      clients.push({ id, name, ...(await find()) })
    } catch (error) {
      missing.push({ id, name, reason: reasonOf(error, notInstalled) })
    }
  }
  return { clients, missing }
}

function reasonOf(error: unknown, notInstalled: string | null): string {
  const reason = error instanceof Error ? (error.message.split('\n')[0] as string) : String(error)
  if (!reason.startsWith('Cannot find module')) return reason
  return (
    notInstalled ?? 'npm could not fetch or compile it; without scripts/bench/node_modules it would try again'
  )
}

function node(name: string, args: readonly string[], version: string, ops: readonly Operation[]): Finding {
  return { command: process.execPath, args: ['--expose-gc', program(name), ...args], env: {}, version, ops }
}

async function ourVersion(): Promise<string> {
  return `${await versionIn(ownPackage)} on Node ${process.version}`
}

async function versionIn(packageFile: string): Promise<string> {
  return (JSON.parse(await readFile(packageFile, 'utf8')) as { version: string }).version
}

async function npm(name: string): Promise<Finding> {
  const version = await versionIn(require.resolve(`${name}/package.json`))
  return node(name, [peersPackage], version, OTHERS)
}

/** It is compiled on installation; whether that worked shows when it is loaded. */
async function native(): Promise<Finding> {
  const version = await versionIn(require.resolve('zookeeper/package.json'))
  const load = ['-e', `require(${JSON.stringify(require.resolve('zookeeper'))})`]
  await runTool('node', load, { env: process.env, timeout: PROBE_MS, folders: [dirname(process.execPath)] })
  return node('native-zookeeper', [peersPackage], version, OTHERS)
}

async function deno(): Promise<Finding> {
  const { command, args, env, version } = await findRuntime('deno')
  return {
    command,
    args: [...args, '--v8-flags=--expose-gc', program('ours'), built],
    env,
    version,
    ops: OURS,
  }
}

async function bun(): Promise<Finding> {
  const { command, env, version } = await findRuntime('bun')
  return { command, args: [program('ours'), built], env, version, ops: OURS }
}

async function kazoo(): Promise<Finding> {
  const found = await findPython()
  if (typeof found === 'string') throw new Error(found)
  const version = `${found.versions.kazoo} on Python ${found.versions.python}`
  return { command: found.python, args: [peer('kazoo_client.py')], env: {}, version, ops: OTHERS }
}

async function java(): Promise<Finding> {
  const { release, java } = await findInstallation({})
  // The folder of the peers comes first, for its logging configuration.
  const classPath = [peer(''), ...release.classPath].join(delimiter)
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'
  const args = [quiet, '-cp', classPath, peer('JavaClient.java')]
  return { command: java, args, env: {}, version: release.version, ops: OTHERS }
}
