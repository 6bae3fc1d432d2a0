// THE table: one row per operation. Client, embedded server, logs and tests read it.
import type { Codec } from './jute/codec.ts'
import { OpCode } from './opcodes.ts'
import type { AuthPacket, GetAclReply, SaslToken, SetAclRequest } from './records/access.ts'
import { authPacket, getAclReply, saslToken, setAclRequest } from './records/access.ts'
import type {
  GetAllChildrenNumberReply,
  GetEphemeralsReply,
  GetEphemeralsRequest,
  ReconfigRequest,
  WhoAmIReply,
} from './records/admin.ts'
import {
  getAllChildrenNumberReply,
  getEphemeralsReply,
  getEphemeralsRequest,
  reconfigRequest,
  whoAmIReply,
} from './records/admin.ts'
import type { GetChildren2Reply } from './records/children.ts'
import { getChildren2Reply } from './records/children.ts'
import type { Stat } from './records/data.ts'
import { stat } from './records/data.ts'
import type { MultiReply, MultiRequest } from './records/multi.ts'
import { answerToMulti, multiReply, multiRequest } from './records/multi.ts'
import type { MultiReadReply, MultiReadRequest } from './records/multi-read.ts'
import { answerToMultiRead, multiReadReply, multiReadRequest } from './records/multi-read.ts'
import type {
  Create2Reply,
  CreateRequest,
  CreateTtlRequest,
  GetDataReply,
  PathReply,
  PathRequest,
  ReadRequest,
  SetDataRequest,
  VersionRequest,
} from './records/nodes.ts'
import {
  create2Reply,
  createRequest,
  createTtlRequest,
  getDataReply,
  pathReply,
  pathRequest,
  readRequest,
  setDataRequest,
  versionRequest,
} from './records/nodes.ts'
import type {
  AddWatchRequest,
  ErrorReply,
  SetWatches,
  SetWatches2,
  WatcherTypeRequest,
} from './records/watches.ts'
import {
  addWatchRequest,
  errorReply,
  setWatches,
  setWatches2,
  watcherTypeRequest,
} from './records/watches.ts'

/**
 * What may be done with a request whose connection broke before its answer came.
 * `again`: it changes nothing, so it is sent again on the next connection.
 * `never`: it may have been applied, so its caller is told; nobody else may decide.
 */
export type RetryClass = 'again' | 'never'

/** The table of watches that a read with `watch` arms; exists arms `data` when the znode is there. */
export type OneShotWatch = 'data' | 'exist' | 'child'

/** Persistent watches stay after an event; `recursive` ones also hear of everything below their path. */
export type WatchKind = OneShotWatch | 'persistent' | 'recursive'

export interface Operation<Request, Reply> {
  readonly name: string
  readonly opcode: number
  /** null: the request has no body. */
  readonly request: Codec<Request> | null
  /** null: the reply has no body. */
  readonly reply: Codec<Reply> | null
  /** First ZooKeeper release whose server knows the opcode. */
  readonly since: string
  /** True when the operation goes through the leader's log and takes a zxid. */
  readonly writes: boolean
  readonly retry: RetryClass
  /** What a watcher given to the request is kept as; `mode`: the request says; null: the operation arms none. */
  readonly watch: OneShotWatch | 'mode' | null
  /** What tells the answer to a request from other replies, without the request. Left out where any that can be read is one. */
  readonly answerTo?: (request: Request) => (reply: Reply) => boolean
}

type Facts = Pick<Operation<never, never>, 'since' | 'writes' | 'retry' | 'watch'>

function read(since: string, watch: OneShotWatch | null = null): Facts {
  return { since, writes: false, retry: 'again', watch }
}

function write(since: string): Facts {
  return { since, writes: true, retry: 'never', watch: null }
}

/** What a connection says for itself. */
function link(since: string): Facts {
  return { since, writes: false, retry: 'never', watch: null }
}

function row<Request, Reply>(
  name: string,
  opcode: number,
  request: Codec<Request> | null,
  reply: Codec<Reply> | null,
  facts: Facts & Pick<Operation<Request, Reply>, 'answerTo'>,
): Operation<Request, Reply> {
  return { name, opcode, request, reply, ...facts }
}

export interface Operations {
  readonly create: Operation<CreateRequest, Create2Reply>
  readonly createContainer: Operation<CreateRequest, Create2Reply>
  readonly createTTL: Operation<CreateTtlRequest, Create2Reply>
  readonly delete: Operation<VersionRequest, void>
  /** That there is no znode is an answer here, not an error: null. */
  readonly exists: Operation<ReadRequest, Stat | null>
  readonly getData: Operation<ReadRequest, GetDataReply>
  readonly setData: Operation<SetDataRequest, Stat>
  readonly getChildren: Operation<ReadRequest, GetChildren2Reply>
  readonly getACL: Operation<PathRequest, GetAclReply>
  readonly setACL: Operation<SetAclRequest, Stat>
  readonly sync: Operation<PathRequest, PathReply>
  readonly multi: Operation<MultiRequest, MultiReply>
  readonly multiRead: Operation<MultiReadRequest, MultiReadReply>
  readonly reconfig: Operation<ReconfigRequest, GetDataReply>
  readonly getEphemerals: Operation<GetEphemeralsRequest, GetEphemeralsReply>
  readonly getAllChildrenNumber: Operation<PathRequest, GetAllChildrenNumberReply>
  readonly whoAmI: Operation<void, WhoAmIReply>
  readonly addWatch: Operation<AddWatchRequest, ErrorReply>
  readonly checkWatches: Operation<WatcherTypeRequest, void>
  readonly removeWatches: Operation<WatcherTypeRequest, void>
  readonly sasl: Operation<SaslToken, SaslToken>
  readonly ping: Operation<void, void>
  readonly auth: Operation<AuthPacket, void>
  readonly setWatches: Operation<SetWatches, void>
  readonly setWatches2: Operation<SetWatches2, void>
  readonly closeSession: Operation<void, void>
}

export const operations: Operations = {
  create: row('create', OpCode.create2, createRequest, create2Reply, write('3.5.0')),
  createContainer: row(
    'createContainer',
    OpCode.createContainer,
    createRequest,
    create2Reply,
    write('3.5.1'),
  ),
  createTTL: row('createTTL', OpCode.createTTL, createTtlRequest, create2Reply, write('3.5.3')),
  delete: row<VersionRequest, void>('delete', OpCode.delete, versionRequest, null, write('3.0.0')),
  exists: row<ReadRequest, Stat | null>(
    'exists',
    OpCode.exists,
    readRequest,
    stat as Codec<Stat | null>,
    read('3.0.0', 'exist'),
  ),
  getData: row('getData', OpCode.getData, readRequest, getDataReply, read('3.0.0', 'data')),
  setData: row('setData', OpCode.setData, setDataRequest, stat, write('3.0.0')),
  getChildren: row(
    'getChildren',
    OpCode.getChildren2,
    readRequest,
    getChildren2Reply,
    read('3.3.0', 'child'),
  ),
  getACL: row('getACL', OpCode.getACL, pathRequest, getAclReply, read('3.0.0')),
  setACL: row('setACL', OpCode.setACL, setAclRequest, stat, write('3.0.0')),
  sync: row('sync', OpCode.sync, pathRequest, pathReply, read('3.0.0')),
  multi: row('multi', OpCode.multi, multiRequest, multiReply, { ...write('3.4.0'), answerTo: answerToMulti }),
  multiRead: row('multiRead', OpCode.multiRead, multiReadRequest, multiReadReply, {
    ...read('3.6.0'),
    answerTo: answerToMultiRead,
  }),
  reconfig: row('reconfig', OpCode.reconfig, reconfigRequest, getDataReply, write('3.5.0')),
  getEphemerals: row(
    'getEphemerals',
    OpCode.getEphemerals,
    getEphemeralsRequest,
    getEphemeralsReply,
    read('3.6.0'),
  ),
  getAllChildrenNumber: row(
    'getAllChildrenNumber',
    OpCode.getAllChildrenNumber,
    pathRequest,
    getAllChildrenNumberReply,
    read('3.6.0'),
  ),
  whoAmI: row<void, WhoAmIReply>('whoAmI', OpCode.whoAmI, null, whoAmIReply, read('3.7.0')),
  addWatch: row('addWatch', OpCode.addWatch, addWatchRequest, errorReply, {
    ...read('3.6.0'),
    watch: 'mode',
  }),
  checkWatches: row<WatcherTypeRequest, void>(
    'checkWatches',
    OpCode.checkWatches,
    watcherTypeRequest,
    null,
    link('3.5.0'),
  ),
  removeWatches: row<WatcherTypeRequest, void>(
    'removeWatches',
    OpCode.removeWatches,
    watcherTypeRequest,
    null,
    link('3.5.0'),
  ),
  sasl: row('sasl', OpCode.sasl, saslToken, saslToken, link('3.4.0')),
  ping: row<void, void>('ping', OpCode.ping, null, null, link('3.0.0')),
  auth: row<AuthPacket, void>('auth', OpCode.auth, authPacket, null, link('3.0.0')),
  setWatches: row<SetWatches, void>('setWatches', OpCode.setWatches, setWatches, null, link('3.0.0')),
  setWatches2: row<SetWatches2, void>('setWatches2', OpCode.setWatches2, setWatches2, null, link('3.6.0')),
  closeSession: row<void, void>('closeSession', OpCode.closeSession, null, null, link('3.0.0')),
}
