// Watches: which call arms what, which change fires what, and what a client missed while it was away.
import { parentOf } from '../../protocol/paths.ts'
import type { Acl, Id } from '../../protocol/records/data.ts'
import { Permission } from '../../protocol/records/data.ts'
import type { SetWatches2 } from '../../protocol/records/watches.ts'
import { EventType, WatcherType } from '../../protocol/records/watches.ts'
import { permits } from './acl.ts'
import type { Change } from './transaction.ts'
import { WatchMode, WatchTable } from './watch-table.ts'
import type { Znode } from './znode.ts'

/** The receiver of events: a connection. */
export interface Watcher {
  readonly identities: readonly Id[]
  notify(type: number, path: string, zxid: bigint): void
}

interface Firing {
  readonly type: number
  readonly path: string
  readonly zxid: bigint
  /** Decides who may hear of it. */
  readonly acl: readonly Acl[]
}

/** The zxid of an event that stands for a change in the past. */
const NO_ZXID = -1n

export class WatchManager<W extends Watcher = Watcher> {
  readonly data: WatchTable<W> = new WatchTable()
  readonly child: WatchTable<W> = new WatchTable()

  addPersistent(path: string, watcher: W): void {
    this.data.add(path, watcher, WatchMode.persistent)
    this.child.add(path, watcher, WatchMode.persistent)
  }

  addRecursive(path: string, watcher: W): void {
    this.data.add(path, watcher, WatchMode.recursive)
  }

  publish(change: Change, zxid: bigint): void {
    const { path, acl } = change
    switch (change.type) {
      case 'created':
        this.#fire(this.data, { type: EventType.created, path, zxid, acl })
        this.#fire(this.child, parentEvent(change, zxid))
        return
      case 'deleted': {
        const event = { type: EventType.deleted, path, zxid, acl }
        const told = this.#fire(this.data, event)
        this.#fire(this.child, event, told)
        this.#fire(this.child, parentEvent(change, zxid))
        return
      }
      default:
        this.#fire(this.data, { type: EventType.dataChanged, path, zxid, acl })
    }
  }

  /** A watch whose owner may not read the znode is used up in silence; those who were told already are left out. */
  #fire(table: WatchTable<W>, { type, path, zxid, acl }: Firing, told?: ReadonlySet<W>): Set<W> {
    const found = table.take(path)
    for (const watcher of found) {
      if (told?.has(watcher) === true) continue
      if (permits(acl, Permission.READ, watcher.identities)) watcher.notify(type, path, zxid)
    }
    return found
  }

  /** Arms what a client had before its connection broke, and reports what happened meanwhile. */
  restore(watcher: W, sets: SetWatches2, find: (path: string) => Znode | undefined): void {
    const tell = (type: number, path: string): void => watcher.notify(type, path, NO_ZXID)
    for (const path of sets.dataWatches) {
      const node = find(path)
      if (node === undefined) tell(EventType.deleted, path)
      else if (node.mzxid > sets.relativeZxid) tell(EventType.dataChanged, path)
      else this.data.add(path, watcher, WatchMode.standard)
    }
    for (const path of sets.existWatches) {
      if (find(path) !== undefined) tell(EventType.created, path)
      else this.data.add(path, watcher, WatchMode.standard)
    }
    for (const path of sets.childWatches) {
      const node = find(path)
      if (node === undefined) tell(EventType.deleted, path)
      else if (node.pzxid > sets.relativeZxid) tell(EventType.childrenChanged, path)
      else this.child.add(path, watcher, WatchMode.standard)
    }
    for (const path of sets.persistentWatches) this.addPersistent(path, watcher)
    for (const path of sets.persistentRecursiveWatches) this.addRecursive(path, watcher)
  }

  /** undefined: there is no such type. */
  has(path: string, watcher: W, type: number): boolean | undefined {
    const modes = modesOf(type)
    if (modes === undefined) return undefined
    return this.data.has(path, watcher, modes.data) || this.child.has(path, watcher, modes.child)
  }

  remove(path: string, watcher: W, type: number): boolean | undefined {
    const modes = modesOf(type)
    if (modes === undefined) return undefined
    const fromData = this.data.remove(path, watcher, modes.data)
    const fromChild = this.child.remove(path, watcher, modes.child)
    return fromData || fromChild
  }

  removeAll(watcher: W): void {
    this.data.removeAll(watcher)
    this.child.removeAll(watcher)
  }
}

function parentEvent({ path, parentAcl }: Change & { parentAcl: readonly Acl[] }, zxid: bigint): Firing {
  return { type: EventType.childrenChanged, path: parentOf(path), zxid, acl: parentAcl }
}

/** What a WatcherType means in each table. */
function modesOf(type: number): { data: number; child: number } | undefined {
  switch (type) {
    case WatcherType.children:
      return { data: 0, child: WatchMode.standard }
    case WatcherType.data:
      return { data: WatchMode.standard, child: 0 }
    case WatcherType.any:
      return { data: WatchMode.any, child: WatchMode.any }
    case WatcherType.persistent:
      return { data: WatchMode.persistent, child: WatchMode.persistent }
    case WatcherType.persistentRecursive:
      return { data: WatchMode.recursive, child: 0 }
    default:
      return undefined
  }
}
