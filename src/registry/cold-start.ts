// The first connection of a registry that has its cache file to begin with: nobody waits for a server that is down.
import type { RequestOptions, ZooKeeper } from '../../protocol/index.ts'
import { ZooKeeperError } from '../../protocol/index.ts'
import { withEither } from '../../protocol/support/abort.ts'

/**
 * As `connect` of the client, but rejects with REQUEST_TIMEOUT as soon as every server was tried in vain; it goes on
 * connecting all the same.
 */
export async function connectAtOnce(
  zk: Pick<ZooKeeper, 'connect' | 'on' | 'status'>,
  { signal, ...options }: RequestOptions,
): Promise<void> {
  const tried = new AbortController()
  const off = zk.on('attemptFailed', cause => {
    if (zk.status().laps === 0) return
    tried.abort(new ZooKeeperError('REQUEST_TIMEOUT', { operation: 'connect', cause }))
  })
  try {
    await withEither([signal, tried.signal], either => zk.connect({ ...options, signal: either }))
  } finally {
    off()
  }
}
