// The folder of one server: its data, its configuration and its log, under the system's temporary folder.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Membership } from './config.ts'
import { formatConfig, jaasFile, LOGGING_FILES, serverConfig } from './config.ts'
import type { JvmFiles } from './jvm.ts'
import type { ServerOptions } from './options.ts'

const LOG_TAIL = 1024 * 1024

export interface ServerPorts {
  readonly client: number
  readonly secure: number | null
  readonly membership: Membership | null
}

export interface ServerFolder extends Omit<JvmFiles, 'classPath'> {
  readonly logFile: string
}

export const makeServerFolder = async (ports: ServerPorts, options: ServerOptions): Promise<ServerFolder> => {
  const folder = await mkdtemp(join(tmpdir(), 'ndsr-zookeeper-'))
  try {
    await fillServerFolder(folder, ports, options)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  return {
    folder,
    configFile: join(folder, 'zoo.cfg'),
    jaasFile: jaasPath(folder, options),
    logFile: join(folder, 'server.log'),
  }
}

const fillServerFolder = async (
  folder: string,
  ports: ServerPorts,
  options: ServerOptions,
): Promise<void> => {
  const place = {
    dataFolder: join(folder, 'data'),
    clientPort: ports.client,
    securePort: ports.secure,
    membership: ports.membership,
  }
  await mkdir(place.dataFolder)
  await writeFile(join(folder, 'zoo.cfg'), formatConfig(serverConfig(place, options)))
  for (const [name, text] of Object.entries(LOGGING_FILES)) await writeFile(join(folder, name), text)
  if (ports.membership !== null) await writeFile(join(place.dataFolder, 'myid'), `${ports.membership.id}\n`)
  if (options.sasl !== undefined && 'users' in options.sasl) {
    await writeFile(join(folder, 'jaas.conf'), jaasFile(options.sasl.users), { mode: 0o600 })
  }
}

const jaasPath = (folder: string, { sasl }: ServerOptions): string | null => {
  if (sasl === undefined) return null
  return 'jaasFile' in sasl ? resolve(sasl.jaasFile) : join(folder, 'jaas.conf')
}

// The end of the log, which is what a person wants to see of a long one.
export const readLog = (file: string): string => {
  const descriptor = openSync(file, 'r')
  try {
    const size = fstatSync(descriptor).size
    const tail = Buffer.alloc(Math.min(size, LOG_TAIL))
    return tail.toString('utf8', 0, readSync(descriptor, tail, 0, tail.length, size - tail.length))
  } finally {
    closeSync(descriptor)
  }
}
