// An undici dispatcher for names of services: each request goes to an instance that the view picks.
import type { Buffer } from 'node:buffer'
import { Readable } from 'node:stream'
// The file, since Bun has a stand-in of its own for the bare name, and that knows no dispatchers.
import { DecoratorHandler, Dispatcher, Pool } from 'undici/index.js'
import type { Lease } from '../registry/discovery/leases.ts'
import type { View } from '../registry/discovery/view.ts'
import { ServiceRegistryError } from '../registry/errors.ts'
import type { Instance } from '../registry/formats/instance.ts'
import { hostPort } from '../registry/formats/instance.ts'

export interface ServiceDispatcherOptions {
  /** The views by the host of a URL: `{ users: view }` serves `http://users/path`. They stay the caller's. */
  readonly views: Readonly<Record<string, View>>
  /** Options of the pool of each instance. */
  readonly pool?: Pool.Options
  /** Requests to hosts that have no view. Default: they fail. */
  readonly otherwise?: Dispatcher
  /** How often a request that could not be sent is tried at another instance. Default 2. */
  readonly retries?: number
  /** Header whose value is the key to pick by, such as `x-user-id`. */
  readonly keyHeader?: string
  /** True for an answer that speaks against the instance. Default: 502, 503 and 504. */
  readonly isFailure?: (statusCode: number) => boolean
}

const FAILURES: ReadonlySet<number> = new Set([502, 503, 504])
/** Codes of errors that say something of the request, and nothing of the instance. */
const CALLERS: ReadonlySet<string> = new Set([
  'UND_ERR_ABORT',
  'UND_ERR_ABORTED',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
])

/**
 * Connection errors and failing answers count against the instance, other answers for it. A request is tried again, at
 * another instance, only while nothing of it was sent: whether anything else may be repeated is the caller's to know.
 */
export class ServiceDispatcher extends Dispatcher {
  readonly #options: ServiceDispatcherOptions
  readonly #pools = new Map<string, Pool>()
  /** Of instances that have left, while requests are under way there. */
  readonly #retired = new Set<Pool>()
  readonly #offs: (() => void)[]
  #closed = false

  constructor(options: ServiceDispatcherOptions) {
    super()
    this.#options = options
    this.#offs = Object.values(options.views).map(view => view.on('changed', () => this.#retire()))
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const origin = new URL(String(options.origin))
    const view = Object.hasOwn(this.#options.views, origin.hostname)
      ? this.#options.views[origin.hostname]
      : undefined
    if (view === undefined && this.#options.otherwise !== undefined) {
      return this.#options.otherwise.dispatch(options, handler)
    }
    if (view === undefined || this.#closed) return fail(handler, this.#refusal(origin.hostname))
    return this.#try({ view, secure: origin.protocol === 'https:', options, handler, tried: new Set() })
  }

  /** Waits for the requests that are under way. */
  override async close(): Promise<void> {
    await this.#end(pool => pool.close())
  }

  override async destroy(): Promise<void> {
    await this.#end(pool => pool.destroy())
  }

  async #end(end: (pool: Pool) => Promise<void>): Promise<void> {
    this.#closed = true
    for (const off of this.#offs.splice(0)) off()
    const pools = [...this.#pools.values(), ...this.#retired]
    this.#pools.clear()
    await Promise.all(pools.map(end))
  }

  #try(attempt: Attempt): boolean {
    const { view, secure, options, handler, tried } = attempt
    const lease = view.acquire({ key: this.#keyOf(options), except: tried })
    if (lease === null) return fail(handler, none(view))
    tried.add(lease.instance.id)
    const origin = originOf(lease.instance, secure)
    const again = (): boolean => {
      if (tried.size > (this.#options.retries ?? 2) || this.#closed) return false
      if (!view.candidates.some(({ id }) => !tried.has(id))) return false
      this.#try(attempt)
      return true
    }
    const isFailure = this.#options.isFailure ?? (status => FAILURES.has(status))
    const { body } = options
    const outcome = new Outcome(handler, { lease, again, isFailure, body })
    return this.#pool(origin).dispatch({ ...options, origin }, outcome)
  }

  #pool(origin: string): Pool {
    const present = this.#pools.get(origin)
    if (present !== undefined) return present
    const pool = new Pool(origin, this.#options.pool)
    this.#pools.set(origin, pool)
    return pool
  }

  /** Pools of instances that have left end when their last request has. */
  #retire(): void {
    const wanted = new Set<string>()
    for (const view of Object.values(this.#options.views)) {
      for (const instance of view.instances) {
        wanted.add(originOf(instance, false))
        wanted.add(originOf(instance, true))
      }
    }
    for (const [origin, pool] of this.#pools) {
      if (wanted.has(origin)) continue
      this.#pools.delete(origin)
      this.#retired.add(pool)
      const ended = (): void => void this.#retired.delete(pool)
      pool.close().then(ended, ended)
    }
  }

  #keyOf({ headers }: Dispatcher.DispatchOptions): string | undefined {
    const name = this.#options.keyHeader?.toLowerCase()
    if (name === undefined || headers == null) return undefined
    const entries = Symbol.iterator in headers && !Array.isArray(headers) ? [...headers] : pairsOf(headers)
    const found = entries.find(([key]) => key.toLowerCase() === name)?.[1]
    return found === undefined ? undefined : String(found)
  }

  #refusal(host: string): ServiceRegistryError {
    if (this.#closed) return new ServiceRegistryError('STOPPED', 'the dispatcher was closed')
    return new ServiceRegistryError('INVALID_OPTION', `there is no view for the host ${host}`)
  }
}

interface Attempt {
  readonly view: View
  readonly secure: boolean
  readonly options: Dispatcher.DispatchOptions
  readonly handler: Dispatcher.DispatchHandler
  readonly tried: Set<string>
}

interface OutcomePort {
  readonly lease: Lease
  /** Tries another instance; false where there is none. */
  readonly again: () => boolean
  readonly isFailure: (statusCode: number) => boolean
  /** What the caller sends. */
  readonly body: unknown
}

/** Passes everything on, and notes how it went. */
class Outcome implements Handler {
  readonly #handler: Handler
  readonly #port: OutcomePort
  #phase: 'waiting' | 'sent' = 'waiting'

  constructor(handler: Dispatcher.DispatchHandler, port: OutcomePort) {
    this.#handler = modern(handler)
    this.#port = port
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#phase = 'sent'
    this.#handler.onRequestStart?.(controller, context)
  }

  onRequestUpgrade(...args: Parameters<NonNullable<Handler['onRequestUpgrade']>>): void {
    this.#port.lease.success()
    this.#port.lease.release()
    this.#handler.onRequestUpgrade?.(...args)
  }

  onResponseStart(...args: Parameters<NonNullable<Handler['onResponseStart']>>): void {
    const [, statusCode] = args
    // Not an answer yet.
    if (statusCode < 200) return
    if (this.#port.isFailure(statusCode)) this.#port.lease.error()
    else this.#port.lease.success()
    this.#handler.onResponseStart?.(...args)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#handler.onResponseData?.(controller, chunk)
  }

  onResponseEnd(...args: Parameters<NonNullable<Handler['onResponseEnd']>>): void {
    this.#port.lease.release()
    this.#handler.onResponseEnd?.(...args)
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    const { lease, again, body } = this.#port
    // What the caller gave up, or did wrong, says nothing of the instance.
    const fault = !controller?.aborted && isOfConnection(error) && !isOfBody(body, error)
    if (fault) lease.error()
    lease.release()
    if (fault && this.#phase === 'waiting' && again()) return
    this.#handler.onResponseError?.(controller, error)
  }
}

/** What a connection fails with has a code, unlike an abort, and most of what the caller's own body throws. */
function isOfConnection({ code }: Error & { readonly code?: unknown }): boolean {
  return typeof code === 'string' && !CALLERS.has(code)
}

/** A stream that fails, as one of a file that is not there, has a code too. */
function isOfBody(body: unknown, error: Error): boolean {
  return body instanceof Readable && body.errored === error
}

type Handler = Dispatcher.DispatchHandler

/** undici's own callers still bring handlers of the older kind. */
function modern(handler: Handler): Handler {
  return new DecoratorHandler(handler) as unknown as Handler
}

function originOf({ host, port, sslPort }: Instance, secure: boolean): string {
  return secure ? `https://${hostPort(host, sslPort ?? port)}` : `http://${hostPort(host, port)}`
}

function none(view: View): ServiceRegistryError {
  return new ServiceRegistryError('NO_CONNECTION', `${view.path}: there is no instance`, { path: view.path })
}

/** As undici reports an error of its own: never from within `dispatch`. */
function fail(handler: Dispatcher.DispatchHandler, error: Error): boolean {
  const wrapped = modern(handler)
  queueMicrotask(() => wrapped.onResponseError?.(null as unknown as Dispatcher.DispatchController, error))
  return true
}

function pairsOf(headers: object): [string, unknown][] {
  if (!Array.isArray(headers)) return Object.entries(headers)
  const pairs: [string, unknown][] = []
  for (let i = 0; i + 1 < headers.length; i += 2) pairs.push([String(headers[i]), headers[i + 1]])
  return pairs
}
