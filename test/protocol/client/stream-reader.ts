// Reads streams of watches in the background, for their tests.
import type { WatchedEvent } from '../../../protocol/session/watch-table.ts'
import type { World } from '../../support/scripted-client.ts'

export interface Reader {
  readonly events: string[]
  state: 'open' | 'over' | 'failed'
  error: unknown
}

export function read(stream: AsyncIterable<WatchedEvent>): Reader {
  const reader: Reader = { events: [], state: 'open', error: undefined }
  const run = async (): Promise<void> => {
    for await (const { type, path } of stream) reader.events.push(`${type} ${path}`)
    reader.state = 'over'
  }
  run().catch(error => {
    reader.state = 'failed'
    reader.error = error
  })
  return reader
}

/** Answers the addWatch that is on its way. */
export async function armed({ clock, ensemble }: World): Promise<void> {
  await clock.settle()
  ensemble.link.reply(ensemble.link.take('addWatch'), { err: 0 })
  await clock.settle()
}
