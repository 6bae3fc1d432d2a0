// The links between a seat of clients and the members: a fault proxy for each member.
import { FaultProxy } from '../../../src/testing/index.ts'
import type { Target } from '../targets/target.ts'

export class Links implements AsyncDisposable {
  readonly proxies: readonly FaultProxy[]

  static async to(target: Target): Promise<Links> {
    return new Links(
      await Promise.all(target.members.map(({ address }) => FaultProxy.start({ target: address }))),
    )
  }

  private constructor(proxies: readonly FaultProxy[]) {
    this.proxies = proxies
  }

  get connectString(): string {
    return this.proxies.map(proxy => proxy.connectString).join(',')
  }

  /** How many connections were let in. */
  get accepted(): number {
    return this.proxies.reduce((sum, proxy) => sum + proxy.accepted, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.proxies.map(proxy => proxy.close()))
  }
}
