// THE table: one row per operation. Client, embedded server, logs and tests read it.
import type { Codec } from './jute/codec.ts'
import { OpCode } from './opcodes.ts'
import type { AuthPacket, GetAclReply, SetAclRequest } from './records/access.ts'
import { authPacket, getAclReply, setAclRequest } from './records/access.ts'
import type { GetChildren2Reply } from './records/children.ts'
import { getChildren2Reply } from './records/children.ts'
import type { Stat } from './records/data.ts'
import { stat } from './records/data.ts'
import type { MultiReply, MultiRequest } from './records/multi.ts'
import { multiReply, multiRequest } from './records/multi.ts'
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
import type { SetWatches, SetWatches2 } from './records/watches.ts'
import { setWatches, setWatches2 } from './records/watches.ts'

/**
 * What may be done with a request whose connection broke before its answer came.
 * `again`: it changes nothing, so it is sent again on the next connection.
 * `never`: it may have been applied, so its caller is told; nobody else may decide.
 */
export type RetryClass = 'again' | 'never'

/** The table of watches that a read with `watch` arms; exists arms `data` when the znode is there. */
export type OneShotWatch = 'data' | 'exist' | 'child'

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
  /** null: the operation arms no watch. */
  readonly watch: OneShotWatch | null
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
  facts: Facts,
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
  multi: row('multi', OpCode.multi, multiRequest, multiReply, write('3.4.0')),
  ping: row<void, void>('ping', OpCode.ping, null, null, link('3.0.0')),
  auth: row<AuthPacket, void>('auth', OpCode.auth, authPacket, null, link('3.0.0')),
  setWatches: row<SetWatches, void>('setWatches', OpCode.setWatches, setWatches, null, link('3.0.0')),
  setWatches2: row<SetWatches2, void>('setWatches2', OpCode.setWatches2, setWatches2, null, link('3.6.0')),
  closeSession: row<void, void>('closeSession', OpCode.closeSession, null, null, link('3.0.0')),
}
