// Starts one real ZooKeeper server on a free loopback port.
import { onFreePorts } from './run/attempt.ts'
import { findInstallation } from './run/installation.ts'
import type { ServerOptions } from './run/options.ts'
import { ServerProcess } from './run/server-process.ts'

export type { SaslOptions, ServerOptions, TlsOptions } from './run/options.ts'
export type { RestartOptions, WaitOptions } from './run/server-process.ts'

export type Server = ServerProcess

// Resolves when the server serves. The caller stops it: `await using server = await startServer()`.
export const startServer = async (options: ServerOptions = {}): Promise<Server> => {
  const installation = await findInstallation(options)
  const count = (options.port === undefined ? 1 : 0) + (options.tls === undefined ? 0 : 1)
  return await onFreePorts(count, options.port, async free => {
    const [client, secure] = options.port === undefined ? free : [options.port, ...free]
    const ports = { client: client!, secure: secure ?? null, membership: null }
    const server = await ServerProcess.launch(installation, ports, options)
    try {
      await server.ready({ signal: options.signal })
    } catch (error) {
      await server.stop()
      throw error
    }
    return server
  })
}
