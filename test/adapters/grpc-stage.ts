// gRPC servers that register themselves, and clients of a service written by hand.
import { Buffer } from 'node:buffer'
import type { ChannelOptions, ServiceError } from '@grpc/grpc-js'
import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js'
import { EmbeddedZooKeeper } from '../../src/embedded/index.ts'
import type { InstanceInput } from '../../src/registry/formats/instance.ts'
import type { RegisteredInstance } from '../../src/registry/instances/registered-instance.ts'
import { ServiceRegistry } from '../../src/registry/service-registry.ts'
import type { Test } from '../tap.ts'

export interface Backend {
  readonly port: number
  readonly server: Server
  readonly instance: RegisteredInstance
  served: number
  /** Calls are kept waiting until it resolves. */
  gate: Promise<void>
}

export interface Stage {
  readonly zookeeper: EmbeddedZooKeeper
  readonly registry: ServiceRegistry
  readonly backend: (input?: Partial<InstanceInput>) => Promise<Backend>
}

export const PATH = '/app/echo'
const METHOD = '/test.Echo/Port'

const bytes = (value: Buffer): Buffer => value
const SERVICE = {
  port: {
    path: METHOD,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
} as const

export async function stage(t: Test): Promise<Stage> {
  const zookeeper = await EmbeddedZooKeeper.start({ port: 0 })
  t.teardown(() => zookeeper.close())
  const registry = await ServiceRegistry.connect({ servers: zookeeper.connectString })
  t.teardown(() => registry[Symbol.asyncDispose]())
  const backend = async (input: Partial<InstanceInput> = {}): Promise<Backend> => {
    const server = new Server()
    server.addService(SERVICE, {
      port: (_call: unknown, answer: (error: null, value: Buffer) => void) => {
        self.served++
        void self.gate.then(() => answer(null, Buffer.from(String(self.port))))
      },
    })
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    )
    t.teardown(() => server.forceShutdown())
    const instance = await registry.register(PATH, { host: '127.0.0.1', port, ...input })
    const self: Backend = { port, server, instance, served: 0, gate: Promise.resolve() }
    return self
  }
  return { zookeeper, registry, backend }
}

export interface Caller {
  readonly client: Client
  /** The port of the server that answered. Errors: as gRPC's, with `code`. */
  readonly call: (within?: number) => Promise<number>
}

export function caller(t: Test, target: string, options: ChannelOptions = {}): Caller {
  const client = new Client(target, credentials.createInsecure(), options)
  t.teardown(() => client.close())
  const call = (within = 30_000): Promise<number> =>
    new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, value?: Buffer): void =>
        error === null ? resolve(Number(value)) : reject(error)
      const deadline = Date.now() + within
      client.makeUnaryRequest(METHOD, bytes, bytes, Buffer.alloc(0), { deadline }, done)
    })
  return { client, call }
}
