// ACLs of znodes, and the packet that proves who we are.
import { Buffer } from 'node:buffer'
import type { Codec } from '../jute/codec.ts'
import type { Acl, Stat } from './data.ts'
import { readAcls, stat, writeAcls } from './data.ts'

export interface SetAclRequest {
  readonly path: string
  readonly acl: readonly Acl[]
  /** Compared with the aversion; -1 matches any. */
  readonly version: number
}

export interface GetAclReply {
  readonly acl: readonly Acl[]
  readonly stat: Stat
}

export interface AuthPacket {
  /** Always 0. */
  readonly type: number
  readonly scheme: string
  readonly auth: Uint8Array
}

export const setAclRequest: Codec<SetAclRequest> = {
  write(writer, value) {
    writer.writeString(value.path)
    writeAcls(writer, value.acl)
    writer.writeInt(value.version)
  },
  read: reader => ({ path: reader.readString(), acl: readAcls(reader), version: reader.readInt() }),
}

export const getAclReply: Codec<GetAclReply> = {
  write(writer, value) {
    writeAcls(writer, value.acl)
    stat.write(writer, value.stat)
  },
  read: reader => ({ acl: readAcls(reader), stat: stat.read(reader) }),
}

export const authPacket: Codec<AuthPacket> = {
  write(writer, value) {
    writer.writeInt(value.type)
    writer.writeString(value.scheme)
    writer.writeBuffer(value.auth)
  },
  read: reader => ({
    type: reader.readInt(),
    scheme: reader.readString(),
    auth: reader.readBuffer() ?? Buffer.alloc(0),
  }),
}

/** Both ways: a token of the SASL exchange; null from a server that has no SASL. */
export interface SaslToken {
  readonly token: Uint8Array | null
}

export const saslToken: Codec<SaslToken> = {
  write: (writer, value) => writer.writeBuffer(value.token),
  read: reader => ({ token: reader.readBuffer() }),
}
