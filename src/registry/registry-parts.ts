// What a registry consists of, put together.
import { parseConnectString } from '../../protocol/net/connect-string.ts'
import { isolated } from '../../protocol/support/isolated.ts'
import { CheckedWrites } from './checked-writes.ts'
import { DiscoveryBook } from './discovery/discovery-book.ts'
import { authFailed } from './errors.ts'
import { InstanceBook } from './instances/instance-book.ts'
import { Link } from './link.ts'
import { LockBook } from './lock-book.ts'
import type { Settings } from './options.ts'
import { RegistrationBook } from './registration-book.ts'
import { RegistryEvents } from './registry-events.ts'
import { RegistryLife } from './registry-life.ts'
import { SnapshotCache } from './snapshot-cache.ts'
import { StateCallbacks } from './state-callbacks.ts'
import { WatcherBook } from './watcher-book.ts'

export interface RegistryParts {
  readonly link: Link
  readonly life: RegistryLife
  readonly events: RegistryEvents
  readonly states: StateCallbacks
  readonly cache: SnapshotCache | null
  readonly watchers: WatcherBook
  readonly registrations: RegistrationBook
  readonly writes: CheckedWrites
  readonly locks: LockBook
  readonly instances: InstanceBook
  readonly views: DiscoveryBook
}

export function partsOf(settings: Settings): RegistryParts {
  const events = new RegistryEvents()
  const { warn } = events
  const link: Link = new Link(settings, { forked: () => void life.own(), warning: warn })
  const cache = cacheOf(settings, warn)
  const watchers = new WatcherBook(link, cache, warn)
  const registrations = new RegistrationBook(link, warn)
  const locks = new LockBook(link)
  const instances = new InstanceBook(link, registrations, warn)
  const views = new DiscoveryBook(link, cache, warn)
  const books = { cache, watchers, registrations, locks, instances, views }
  const life: RegistryLife = new RegistryLife({ link, warn, ...books })
  const states = new StateCallbacks(
    task => isolated(task, warn),
    up => events.changed(up),
  )
  link.zk.on('state', ({ state }) => {
    states.follow(state)
    if (state === 'authFailed') warn(authFailed())
  })
  link.zk.on('warning', warn)
  return { link, life, events, states, writes: new CheckedWrites(), ...books }
}

function cacheOf({ cacheFile, servers }: Settings, warn: (error: unknown) => void): SnapshotCache | null {
  if (cacheFile === null) return null
  return new SnapshotCache({ file: cacheFile, chroot: parseConnectString(servers).chroot, warn })
}
