// Arming, checking and taking away watches, and restoring them on a new connection.
import type { Codec } from '../../../protocol/jute/codec.ts'
import type { JuteReader } from '../../../protocol/jute/reader.ts'
import { operations } from '../../../protocol/operations.ts'
import type {
  AddWatchRequest,
  ErrorReply,
  SetWatches2,
  WatcherTypeRequest,
} from '../../../protocol/records/watches.ts'
import { AddWatchMode } from '../../../protocol/records/watches.ts'
import type { Client } from '../client.ts'
import { isListNull } from '../nulls.ts'
import { refuse } from '../refusal.ts'
import type { World } from '../world.ts'

export function addWatch(world: World, client: Client, { path, mode }: AddWatchRequest): ErrorReply {
  if (mode === AddWatchMode.persistent) world.watches.addPersistent(path, client)
  else if (mode === AddWatchMode.persistentRecursive) world.watches.addRecursive(path, client)
  else refuse('MARSHALLING_ERROR')
  return { err: 0 }
}

/** Only looks: the watch stays. */
export function checkWatches(world: World, client: Client, { path, type }: WatcherTypeRequest): void {
  demandWatch(world.watches.has(path, client, type))
}

export function removeWatches(world: World, client: Client, { path, type }: WatcherTypeRequest): void {
  demandWatch(world.watches.remove(path, client, type))
}

function demandWatch(found: boolean | undefined): void {
  if (found === undefined) refuse('MARSHALLING_ERROR')
  if (!found) refuse('NO_WATCHER')
}

export function setWatches(world: World, client: Client, frame: JuteReader): void {
  const request = readLists(operations.setWatches.request!, frame, 3)
  restore(world, client, { ...request, persistentWatches: [], persistentRecursiveWatches: [] })
}

export function setWatches2(world: World, client: Client, frame: JuteReader): void {
  restore(world, client, readLists(operations.setWatches2.request!, frame, 5))
}

/** An empty list is one, a null one is a fault. */
function readLists<Request>(codec: Codec<Request>, frame: JuteReader, lists: number): Request {
  if (isListNull(frame, lists)) refuse('MARSHALLING_ERROR')
  return codec.read(frame)
}

function restore(world: World, client: Client, request: SetWatches2): void {
  world.watches.restore(client, request, path => world.tree.get(path))
}
