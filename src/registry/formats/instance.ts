// One instance of a service, the same whatever format its node is in.
import type { Json, NodeObject } from '../codec.ts'
import { checkJson } from '../codec.ts'
import { ServiceRegistryError } from '../errors.ts'
import { deepFreeze } from '../snapshot.ts'

/** Frozen, with all that hangs on it. */
export interface Instance {
  /** Tells the instances of one service apart. */
  readonly id: string
  /** The service. */
  readonly name: string
  readonly host: string
  readonly port: number | null
  readonly sslPort: number | null
  /** Share of the load, in proportion to the others; 0: none. */
  readonly weight: number
  readonly zone: string | null
  /** False: it is about to leave, and nobody should start anything there. */
  readonly enabled: boolean
  /** Milliseconds since 1970, as the instance says. */
  readonly registeredAt: number | null
  /** What the instance says of itself beyond these fields. */
  readonly data: Json
  /** What only its format knows, such as the status of a ServerSet member. */
  readonly attributes: NodeObject
}

/** What callers say of an instance; the rest has defaults. */
export interface InstanceInput {
  host: string
  port?: number | null | undefined
  sslPort?: number | null | undefined
  /** Default: `host:port`, or what the format prefers. */
  id?: string | undefined
  /** Default: the last part of the path. */
  name?: string | undefined
  /** Default: 1; for Dubbo 100. */
  weight?: number | undefined
  zone?: string | null | undefined
  /** Default: true. */
  enabled?: boolean | undefined
  /** Default: now. */
  registeredAt?: number | undefined
  data?: Json | undefined
  attributes?: NodeObject | undefined
}

export interface InstanceDefaults {
  readonly id?: string
  readonly name: string
  readonly weight: number
  readonly registeredAt: number | null
}

/** What is made of JSON that is given. */
export type TakeJson = (field: string, value: unknown) => Json

/** Checks what a caller says. Throws INVALID_DATA that names the field. */
export function instanceOf(
  input: InstanceInput,
  defaults: InstanceDefaults,
  take: TakeJson = copyOf,
): Instance {
  if (typeof input !== 'object' || input === null) throw invalid('an instance must be an object')
  const host = hostOf(input.host)
  const port = portOf('port', input.port ?? null)
  return deepFreeze({
    id: textOf('id', input.id ?? defaults.id ?? hostPort(host, port)),
    name: textOf('name', input.name ?? defaults.name),
    host,
    port,
    sslPort: portOf('sslPort', input.sslPort ?? null),
    weight: weightOf(input.weight ?? defaults.weight),
    zone: input.zone == null ? null : textOf('zone', input.zone),
    enabled: flagOf(input.enabled ?? true),
    registeredAt: timeOf(input.registeredAt ?? defaults.registeredAt),
    data: take('data', input.data ?? null),
    attributes: attributesOf(input.attributes ?? {}, take),
  })
}

/** `host:port`; an IPv6 address gets its brackets. */
export function hostPort(host: string, port: number | null): string {
  const bracketed = host.includes(':') ? `[${host}]` : host
  return port === null ? bracketed : `${bracketed}:${port}`
}

/** The reverse; what ends in no port is all host. */
export function splitHostPort(text: string): { host: string; port: number | null } {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text)
  const port = match?.[3] === undefined ? null : Number(match[3])
  if (match === null || (port !== null && port > 65_535)) return { host: text, port: null }
  return { host: match[1] ?? match[2]!, port }
}

/** A number from a number, or from the text of one; undefined for all else. */
export function weightIn(value: Json | undefined): number | undefined {
  const number = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : undefined
}

export function isObject(value: Json | undefined): value is NodeObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** INVALID_DATA: a caller said something of an instance that cannot be. */
export function invalid(message: string, cause?: unknown): ServiceRegistryError {
  return new ServiceRegistryError('INVALID_DATA', message, { cause })
}

/** INVALID_INSTANCE: a node cannot be read as an instance. */
export function unreadable(message: string, cause?: unknown): ServiceRegistryError {
  return new ServiceRegistryError('INVALID_INSTANCE', message, { cause })
}

function hostOf(value: unknown): string {
  if (typeof value === 'string' && /^[^\s/?#@%[\]\p{Cc}\p{Surrogate}]+$/u.test(value)) return value
  throw invalid('host must be a name or an address')
}

export function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535
}

function portOf(field: string, value: unknown): number | null {
  if (value === null || isPort(value)) return value
  throw invalid(`${field} must be an integer from 0 to 65535`)
}

function textOf(field: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw invalid(`${field} must be a text that is not empty`)
}

function weightOf(value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  throw invalid('weight must be a number from 0 up')
}

function flagOf(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw invalid('enabled must be true or false')
}

function timeOf(value: unknown): number | null {
  if (value === null || (Number.isSafeInteger(value) && (value as number) >= 0)) return value as number | null
  throw invalid('registeredAt must be milliseconds since 1970')
}

function attributesOf(value: unknown, take: TakeJson): NodeObject {
  if (isObject(value as Json)) return take('attributes', value) as NodeObject
  throw invalid('attributes must be an object')
}

/** A copy: what the caller changes later changes no instance. Only JSON passes. */
function copyOf(field: string, value: unknown): Json {
  checkJson(value, field, 1)
  return structuredClone(value) as Json
}
