// Debug namespaces of the package: DEBUG=nd-service-registry:* shows them on stderr.
import createDebug from 'debug'

export type Log = ReturnType<typeof createDebug>

/** Never pass passwords, session passwords or node data to a log. */
export function logger(area: string): Log {
  return createDebug(`nd-service-registry:${area}`)
}
