// One registry for a whole process, for frameworks whose parts do not know each other.
import { isDeepStrictEqual } from 'node:util'
import { abortable } from '../../protocol/support/abort.ts'
import { ServiceRegistryError } from './errors.ts'
import type { ServiceRegistryOptions, Settings } from './options.ts'
import { checkSignal, settingsOf } from './options.ts'
import { ServiceRegistry } from './service-registry.ts'
import { sharedDefaults } from './shared-defaults.ts'

interface Shared {
  readonly options: ServiceRegistryOptions
  readonly settings: Settings
  readonly registry: Promise<ServiceRegistry>
}

/** Modules are loaded once for each thread, so this is one for each thread too. */
let shared: Shared | null = null
/** The one that was handed out, once it has connected or given up waiting. */
let current: ServiceRegistry | null = null

/**
 * The registry that all parts of this process share; each thread and each child process has its own. The first call
 * makes it, from its options, the environment (`NDSR_SERVERS`, `NDSR_TIMEOUT`, ...) and the defaults of the Python
 * package's Django helper: `127.0.0.1:2181`, read-only, lazy, 15 seconds. It resolves when there is a connection, or
 * when `connectTimeout` is over. Later calls get the same object, also after `stop`; after disposal a new one.
 * Errors: CONFLICTING_OPTIONS when a later call gives an option another value than it has; those of
 * `ServiceRegistry.connect`, after which the next call tries again; the signal's reason, which ends this call alone.
 */
export async function getServiceRegistry(
  options: ServiceRegistryOptions = {},
  call: { signal?: AbortSignal | undefined } = {},
): Promise<ServiceRegistry> {
  const signal = checkSignal(call.signal)
  signal?.throwIfAborted()
  if (current?.disposed) forget(null)
  if (shared === null) shared = open(options)
  else checkSame(shared, options)
  return abortable(shared.registry, signal)
}

function open(options: ServiceRegistryOptions): Shared {
  const all = merge(sharedDefaults(process.env), options)
  const opened: Shared = {
    options: all,
    settings: settingsOf(all),
    registry: ServiceRegistry.connect(all),
  }
  opened.registry.then(
    registry => {
      if (shared === opened) current = registry
    },
    () => forget(opened),
  )
  return opened
}

function forget(which: Shared | null): void {
  if (which !== null && shared !== which) return
  shared = null
  current = null
}

/** What a call does not mention is as it is. The values are not shown: a password may be among them. */
function checkSame(present: Shared, options: ServiceRegistryOptions): void {
  const asked = settingsOf(merge(present.options, options))
  const names = Object.keys(asked) as (keyof Settings)[]
  // Of a mechanism, what makes it another one cannot be seen.
  const isSame = (name: keyof Settings): boolean =>
    name === 'sasl'
      ? asked.sasl === present.settings.sasl
      : isDeepStrictEqual(asked[name], present.settings[name])
  const different = names.filter(name => !isSame(name))
  if (different.length === 0) return
  const message = `the shared registry has another ${different.join(', ')} already`
  throw new ServiceRegistryError('CONFLICTING_OPTIONS', message)
}

/** An option that is undefined is not given. */
function merge(base: ServiceRegistryOptions, options: ServiceRegistryOptions): ServiceRegistryOptions {
  settingsOf(options)
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...base, ...Object.fromEntries(given) }
}
