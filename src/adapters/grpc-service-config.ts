// Service configs for gRPC channels, checked: the channel takes what a resolver gives as it is.
import type { MethodConfig, ServiceConfig } from '@grpc/grpc-js'
import { experimental } from '@grpc/grpc-js'
import { ServiceRegistryError } from '../registry/errors.ts'

/** As gRPC defines service configs in JSON. Default of `loadBalancingConfig`: round robin. */
export interface GrpcServiceConfig extends Partial<Omit<ServiceConfig, 'methodConfig'>> {
  methodConfig?: (Omit<MethodConfig, 'timeout'> & {
    /** Such as `1.5s`. */
    timeout?: string | experimental.Duration
  })[]
}

export const ROUND_ROBIN: ServiceConfig = { loadBalancingConfig: [{ round_robin: {} }], methodConfig: [] }

/** With all that has defaults. Throws INVALID_OPTION. */
export function checkedServiceConfig(config: GrpcServiceConfig): ServiceConfig {
  if (typeof config !== 'object' || config === null) throw invalid('must be an object')
  const { loadBalancingConfig = ROUND_ROBIN.loadBalancingConfig, methodConfig = [], ...rest } = config
  checkBalancing(loadBalancingConfig)
  if (!Array.isArray(methodConfig)) throw invalid('methodConfig must be an array')
  return { ...rest, loadBalancingConfig, methodConfig: methodConfig.map(methodOf) }
}

function checkBalancing(list: ServiceConfig['loadBalancingConfig']): void {
  try {
    if (experimental.selectLbConfigFromList(list, false) !== null) return
  } catch (cause) {
    throw invalid(`loadBalancingConfig: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  throw invalid('loadBalancingConfig names no policy that is known here')
}

/** gRPC turns texts into durations where it reads JSON, which is not here. */
function methodOf(method: NonNullable<GrpcServiceConfig['methodConfig']>[number]): MethodConfig {
  if (!Array.isArray(method?.name)) throw invalid('methodConfig needs names')
  const { timeout, ...rest } = method
  if (timeout === undefined) return rest
  const duration = typeof timeout === 'string' ? experimental.parseDuration(timeout) : timeout
  if (duration === null) throw invalid(`timeout ${timeout} is no duration such as 1.5s`)
  return { ...rest, timeout: duration }
}

function invalid(message: string, cause?: unknown): ServiceRegistryError {
  return new ServiceRegistryError('INVALID_OPTION', `serviceConfig: ${message}`, { cause })
}
