// A resolver for @grpc/grpc-js: the target ndsr:///app/users stands for the instances of /app/users.
import type { ChannelOptions, ServiceConfig } from '@grpc/grpc-js'
import { experimental, Metadata, status } from '@grpc/grpc-js'
import { nameOf, validatePath } from '../../protocol/index.ts'
import type { View } from '../registry/discovery/view.ts'
import type { DiscoverOptions } from '../registry/discovery/view-options.ts'
import { viewSettings } from '../registry/discovery/view-options.ts'
import { ServiceRegistryError } from '../registry/errors.ts'
import type { Instance } from '../registry/formats/instance.ts'
import type { ServiceRegistry } from '../registry/service-registry.ts'
import type { GrpcServiceConfig } from './grpc-service-config.ts'
import { checkedServiceConfig, ROUND_ROBIN } from './grpc-service-config.ts'

export type { GrpcServiceConfig } from './grpc-service-config.ts'

export interface NdsrResolverOptions extends Pick<DiscoverOptions, 'format' | 'minInstances' | 'holdDown'> {
  /** What targets begin with. Default `ndsr`. */
  scheme?: string
  /** Connects to the `sslPort` of instances that have one. Default false. */
  secure?: boolean
  /** For every channel. Default: that of the channel (`grpc.service_config`), or else round robin. */
  serviceConfig?: GrpcServiceConfig
}

/** A resolver class, as `experimental.registerResolver` takes it. */
export type NdsrResolverClass = Parameters<typeof experimental.registerResolver>[1]

const TAKEN: ReadonlySet<string> = new Set(['dns', 'ipv4', 'ipv6', 'unix', 'unix-abstract', 'xds'])

/**
 * From now on `ndsr:///app/users` is a target for every client of this process. Registering a scheme again replaces it
 * for channels that are made later. Each channel follows the instances until it is closed or idle; while ZooKeeper is
 * down it keeps the addresses it knows. Throws INVALID_OPTION.
 */
export function registerNdsrResolver(
  registry: Pick<ServiceRegistry, 'discover' | 'on'>,
  options: NdsrResolverOptions = {},
): void {
  const { scheme = 'ndsr' } = options
  if (typeof scheme !== 'string' || !/^[A-Za-z][\w+.-]*$/.test(scheme) || scheme.includes('_')) {
    throw invalid('scheme must be letters, digits and + . -')
  }
  if (TAKEN.has(scheme.toLowerCase())) throw invalid(`the scheme ${scheme} is one of gRPC's own`)
  experimental.registerResolver(scheme, ndsrResolver(registry, options))
}

/** The class alone, for those who register it themselves. Throws INVALID_OPTION. */
export function ndsrResolver(
  registry: Pick<ServiceRegistry, 'discover' | 'on'>,
  options: NdsrResolverOptions = {},
): NdsrResolverClass {
  const { format, minInstances, holdDown, secure = false, serviceConfig } = options
  const config = serviceConfig === undefined ? null : checkedServiceConfig(serviceConfig)
  // gRPC never tells how calls went, so that nothing could ever be ejected here.
  const discover: DiscoverOptions = {
    outliers: false,
    ...(format !== undefined && { format }),
    ...(minInstances !== undefined && { minInstances }),
    ...(holdDown !== undefined && { holdDown }),
  }
  viewSettings(discover)
  return class extends NdsrResolver {
    static getDefaultAuthority(target: Target): string {
      return encodeURIComponent(nameOf(pathOf(target)))
    }

    constructor(target: Target, listener: experimental.ResolverListener, channel: ChannelOptions) {
      const path = pathOf(target)
      super({ registry, discover, path, secure, listener, config: config ?? implied(channel) })
    }
  }
}

type Target = experimental.GrpcUri

interface Port {
  readonly registry: Pick<ServiceRegistry, 'discover' | 'on'>
  readonly discover: DiscoverOptions
  readonly path: string
  readonly secure: boolean
  readonly listener: experimental.ResolverListener
  readonly config: ServiceConfig | null
}

type State =
  | { readonly kind: 'idle' }
  /** The registry is stopped, and may be started again. */
  | { readonly kind: 'stopped'; readonly off: () => void }
  /** `told`: the addresses that the channel knows, as JSON; null: none yet. */
  | { readonly kind: 'open'; readonly view: View; told: string | null }

class NdsrResolver implements experimental.Resolver {
  readonly #port: Port
  #state: State = { kind: 'idle' }

  constructor(port: Port) {
    this.#port = port
  }

  /** What is known was told already: a view needs no asking. */
  updateResolution(): void {
    if (this.#state.kind === 'idle') this.#open()
  }

  destroy(): void {
    const state = this.#state
    this.#state = { kind: 'idle' }
    if (state.kind === 'open') state.view.dispose()
    if (state.kind === 'stopped') state.off()
  }

  #open(): void {
    const { registry, path, discover } = this.#port
    try {
      const view = registry.discover(path, discover)
      const state: State = { kind: 'open', view, told: null }
      this.#state = state
      const look = (): void => {
        if (this.#state === state) this.#look(state)
      }
      view.on('changed', look)
      view.ready.then(look, error => {
        if (this.#state === state) this.#tellNone(error.message)
      })
    } catch (error) {
      this.#wait(error instanceof Error ? error.message : String(error))
    }
  }

  #wait(why: string): void {
    const off = this.#port.registry.on('state', up => {
      if (!up || this.#state !== state) return
      off()
      this.#open()
    })
    const state: State = { kind: 'stopped', off }
    this.#state = state
    // Never from within updateResolution: the channel is not ready for it there.
    queueMicrotask(() => {
      if (this.#state === state) this.#tellNone(why)
    })
  }

  #look(state: State & { kind: 'open' }): void {
    const endpoints = endpointsOf(state.view.candidates, this.#port.secure)
    const { told } = state
    const now = JSON.stringify(endpoints)
    if (now === told) return
    state.told = now
    if (endpoints.length > 0) {
      this.#tell(experimental.statusOrFromValue(endpoints))
      return
    }
    // Of an error alone a balancer would keep what it had; of an empty list alone round_robin lets calls wait for ever.
    if (told !== null) this.#tell(experimental.statusOrFromValue([]))
    this.#tellNone(`${this.#port.path}: there is no instance`)
  }

  #tellNone(details: string): void {
    const error = { code: status.UNAVAILABLE, details, metadata: new Metadata() }
    this.#tell(experimental.statusOrFromError(error))
  }

  #tell(endpoints: experimental.StatusOr<experimental.Endpoint[]>): void {
    const { listener, config } = this.#port
    listener(endpoints, {}, config === null ? null : experimental.statusOrFromValue(config), '')
  }
}

/** One for each address, however many instances say it; those without a port cannot be called. */
function endpointsOf(instances: readonly Instance[], secure: boolean): experimental.Endpoint[] {
  const addresses = new Map<string, { host: string; port: number }>()
  for (const { host, port, sslPort } of instances) {
    const called = secure ? (sslPort ?? port) : port
    if (called !== null) addresses.set(`${host} ${called}`, { host, port: called })
  }
  return [...addresses.values()].map(address => ({ addresses: [address] }))
}

/** What the channel says itself goes before our own default. */
function implied(channel: ChannelOptions): ServiceConfig | null {
  const said = channel['grpc.service_config'] !== undefined
  return said || channel['grpc.service_config_disable_resolution'] === 1 ? null : ROUND_ROBIN
}

/** Throws INVALID_OPTION, INVALID_PATH. */
function pathOf({ scheme = 'ndsr', authority, path }: Target): string {
  if (authority) {
    throw invalid(
      `${scheme}://${authority}/${path} names a host: write ${scheme}:///${authority}/${path} for a path`,
    )
  }
  const absolute = path.startsWith('/') ? path : `/${path}`
  validatePath(absolute)
  return absolute
}

function invalid(message: string): ServiceRegistryError {
  return new ServiceRegistryError('INVALID_OPTION', message)
}
