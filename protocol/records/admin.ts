// Questions about sessions and subtrees, and changes of the ensemble.
import type { Codec } from '../jute/codec.ts'
import { writeString } from '../jute/codec.ts'

export interface GetEphemeralsRequest {
  readonly prefixPath: string
}

export interface GetEphemeralsReply {
  readonly ephemerals: readonly string[]
}

export interface GetAllChildrenNumberReply {
  readonly totalNumber: number
}

export interface ClientInfo {
  readonly authScheme: string
  readonly user: string
}

export interface WhoAmIReply {
  readonly clientInfo: readonly ClientInfo[]
}

/** Either the joining and leaving servers, or all members; what is not given is null. */
export interface ReconfigRequest {
  readonly joiningServers: string | null
  readonly leavingServers: string | null
  readonly newMembers: string | null
  /** Version of the configuration that must be in force; -1 for any. */
  readonly curConfigId: bigint
}

export const getEphemeralsRequest: Codec<GetEphemeralsRequest> = {
  write: (writer, value) => writer.writeString(value.prefixPath),
  read: reader => ({ prefixPath: reader.readString() }),
}

export const getEphemeralsReply: Codec<GetEphemeralsReply> = {
  write: (writer, value) => writer.writeVector(value.ephemerals, writeString),
  read: reader => ({ ephemerals: reader.readStrings() }),
}

export const getAllChildrenNumberReply: Codec<GetAllChildrenNumberReply> = {
  write: (writer, value) => writer.writeInt(value.totalNumber),
  read: reader => ({ totalNumber: reader.readInt() }),
}

const clientInfo: Codec<ClientInfo> = {
  write(writer, value) {
    writer.writeString(value.authScheme)
    writer.writeString(value.user)
  },
  read: reader => ({ authScheme: reader.readString(), user: reader.readString() }),
}

export const whoAmIReply: Codec<WhoAmIReply> = {
  write: (writer, value) => writer.writeVector(value.clientInfo, clientInfo.write),
  read: reader => ({ clientInfo: reader.readVector(clientInfo.read) }),
}

export const reconfigRequest: Codec<ReconfigRequest> = {
  write(writer, value) {
    writer.writeString(value.joiningServers)
    writer.writeString(value.leavingServers)
    writer.writeString(value.newMembers)
    writer.writeLong(value.curConfigId)
  },
  read: reader => ({
    joiningServers: reader.readNullableString(),
    leavingServers: reader.readNullableString(),
    newMembers: reader.readNullableString(),
    curConfigId: reader.readLong(),
  }),
}
