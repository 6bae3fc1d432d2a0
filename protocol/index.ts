// nd-service-registry/protocol: the ZooKeeper client, usable alone.
export { creatorAcl, digestAcl, digestId, openAcl, readAcl } from './client/acl.ts'
export type { SessionEstablished, SessionExpired, ZooKeeperEvents } from './client/announcer.ts'
export type { Data } from './client/arguments.ts'
export type { CreateOptions, DeleteOptions, ReadOptions, VersionOptions } from './client/node-operations.ts'
export type { CommitOnceOptions, VersionedOptions } from './client/once.ts'
export { commitOnce, deleteOnce, setOnce } from './client/once.ts'
export type { Ports, RequestOptions, ZooKeeperOptions } from './client/options.ts'
export type { StateChange } from './client/state-stream.ts'
export type { ClientStatus, Trouble, Troubles } from './client/status.ts'
export type { MultiErrorResult, TransactionCreateOptions, TransactionResult } from './client/transaction.ts'
export { MultiError, Transaction } from './client/transaction.ts'
export type { MultiReadItem, MultiReadResult, ReconfigChange } from './client/view.ts'
export { ZooKeeperView } from './client/view.ts'
export type { WatchOptions } from './client/watch-stream.ts'
export { ZooKeeper } from './client/zookeeper.ts'
export type { CreateMode } from './create-mode.ts'
export type { ErrorCode } from './error-codes.ts'
export type { ConnectFailure } from './errors.ts'
export {
  ConnectError,
  InvalidArgumentError,
  InvalidConnectStringError,
  InvalidPathError,
  PacketTooLargeError,
  UnsupportedError,
  ZooKeeperError,
} from './errors.ts'
export { formatSessionId, idReplacer, parseId } from './ids.ts'
export type { LookupSrv, SrvRecord } from './net/srv.ts'
export type { TlsOptions, TlsSource } from './net/tls.ts'
export { childOf, nameOf, parentOf, validatePath } from './paths.ts'
export type { ClientInfo } from './records/admin.ts'
export type { Acl, Id, Stat } from './records/data.ts'
export { Permission } from './records/data.ts'
export type { SessionCredentials } from './session/handshake.ts'
export type { DigestMd5, DigestMd5Options } from './session/sasl/digest-md5.ts'
export { digestMd5 } from './session/sasl/digest-md5.ts'
export type { SaslContext, SaslExchange, SaslMechanism } from './session/sasl/mechanism.ts'
export type { SessionState } from './session/states.ts'
export { isLinked, isTerminal } from './session/states.ts'
export type { NodeEventType, WatchedEvent, WatchedEventType, Watcher } from './session/watch-table.ts'
export type { Clock, Timer } from './support/clock.ts'
