// What the tests of one-shot watches share: one that is armed, and what it hears.
import type { Stat } from '../../../protocol/records/data.ts'
import type { WatchedEvent } from '../../../protocol/session/watch-table.ts'
import { outcomeOf } from '../../support/outcome.ts'
import type { World } from '../../support/scripted-client.ts'
import { aStat } from '../../support/scripted-server.ts'

export const data: { readonly data: null; readonly stat: Stat } = { data: null, stat: aStat }

/** Watches `path` with `get`, and returns what the watcher hears. */
export async function watchData(
  { zk, clock, ensemble }: World,
  path: string,
  zxid?: bigint,
): Promise<WatchedEvent[]> {
  const heard: WatchedEvent[] = []
  outcomeOf(zk.get(path, { watch: event => heard.push(event) }))
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('getData'), data, zxid)
  await clock.settle()
  return heard
}
