// nd-service-registry: the registry, the recipes and the errors.
export {
  InvalidArgumentError,
  InvalidConnectStringError,
  InvalidPathError,
  MultiError,
  PacketTooLargeError,
  UnsupportedError,
  ZooKeeperError,
} from '../protocol/index.ts'
export type { AcquireOptions, RecipeErrorCode, SemaphoreOptions } from './recipes/index.ts'
export { RecipeError, Semaphore, Tenure } from './recipes/index.ts'
export type { SchemaOption } from './registry/checked-writes.ts'
export type { NodeData, NodeObject } from './registry/codec.ts'
export { decode as decodeData, encode as encodeData } from './registry/codec.ts'
export type {
  DiscoverOptions,
  DrainOptions,
  FormatName,
  Instance,
  InstanceChange,
  InstanceFormat,
  InstanceInput,
  InstanceNode,
  KeepOptions,
  Lease,
  OutlierOptions,
  PickContext,
  PickOptions,
  PickStrategy,
  RegisterOptions,
  StrategyName,
  ViewEvents,
  ZoneOptions,
} from './registry/discovery/index.ts'
export {
  LeastUsed,
  RandomPick,
  RegisteredInstance,
  RoundRobin,
  Sticky,
  View,
  Weighted,
  ZonePreferring,
} from './registry/discovery/index.ts'
export type { EncodingOptions, EnvelopeForm } from './registry/encoding.ts'
export type { Envelope } from './registry/envelope.ts'
export type { ServiceRegistryErrorCode } from './registry/errors.ts'
export { NoConnectionError, ReadOnlyError, ServiceRegistryError } from './registry/errors.ts'
export type { AcquireLockOptions, HeldLock, LockOptions } from './registry/lock.ts'
export { RegistryLock } from './registry/lock.ts'
export type { WithLockOptions } from './registry/lock-book.ts'
export type { CallOptions, ServiceRegistryOptions } from './registry/options.ts'
export type { RateLimit } from './registry/rate-limiter.ts'
export type { Checked, OnlyKnown, ReadOptions, SnapshotFor } from './registry/read-options.ts'
export type { ServiceRegistryEvents } from './registry/registry-events.ts'
export { ServiceRegistry } from './registry/service-registry.ts'
export type { RegistrationStatus, SetOptions, UnsetOptions } from './registry/set-options.ts'
export { getServiceRegistry } from './registry/shared.ts'
export type { Callback, ChildData, ChildSnapshot, Snapshot } from './registry/snapshot.ts'
export type {
  InputOf,
  OutputOf,
  StandardSchema,
  ValidationIssue,
  ValidationResult,
} from './registry/standard-schema.ts'
export type { StateCallback, StateOptions } from './registry/state-callbacks.ts'
export { Subscription } from './registry/subscription.ts'
export type { Conflict } from './registry/wanted.ts'
