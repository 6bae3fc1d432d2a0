// The embedded server as a target: one member, which comes back with its data.
import { EmbeddedZooKeeper } from '../../../src/embedded/index.ts'
import type { Target } from './target.ts'

export interface EmbeddedTarget extends Target, AsyncDisposable {}

export async function embeddedTarget(): Promise<EmbeddedTarget> {
  const server = await EmbeddedZooKeeper.start({ tickTime: 250 })
  const member = {
    address: server.connectString,
    // It goes down and comes back in one step.
    kill: () => server.restart(),
    revive: () => Promise.resolve(),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
  }
  return {
    name: 'embedded',
    members: [member],
    sessionTimeout: 1500,
    connectString: server.connectString,
    blindness: null,
    ready: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
