// The handshake: ConnectRequest and ConnectResponse, which travel without a header.
import { Buffer } from 'node:buffer'
import type { Codec } from '../jute/codec.ts'

export interface ConnectRequest {
  readonly protocolVersion: number
  readonly lastZxidSeen: bigint
  /** Session timeout asked for, in milliseconds. */
  readonly timeOut: number
  /** 0n asks for a new session. */
  readonly sessionId: bigint
  readonly passwd: Uint8Array
  readonly readOnly: boolean
}

export interface ConnectResponse {
  readonly protocolVersion: number
  /** Negotiated session timeout in milliseconds; 0 or less: the session is gone. */
  readonly timeOut: number
  readonly sessionId: bigint
  readonly passwd: Uint8Array
  readonly readOnly: boolean
}

/** Bytes of a session password. */
export const PASSWORD_LENGTH = 16
const NO_PASSWORD = Buffer.alloc(PASSWORD_LENGTH)

export const connectRequest: Codec<ConnectRequest> = {
  write(writer, value) {
    writer.writeInt(value.protocolVersion)
    writer.writeLong(value.lastZxidSeen)
    writer.writeInt(value.timeOut)
    writer.writeLong(value.sessionId)
    writer.writeBuffer(value.passwd)
    writer.writeBoolean(value.readOnly)
  },
  read: reader => ({
    protocolVersion: reader.readInt(),
    lastZxidSeen: reader.readLong(),
    timeOut: reader.readInt(),
    sessionId: reader.readLong(),
    passwd: reader.readBuffer() ?? NO_PASSWORD,
    readOnly: reader.remaining > 0 && reader.readBoolean(),
  }),
}

/** Peers before 3.4 leave the last byte out (ZOOKEEPER-4814); it then reads as false. */
export const connectResponse: Codec<ConnectResponse> = {
  write(writer, value) {
    writer.writeInt(value.protocolVersion)
    writer.writeInt(value.timeOut)
    writer.writeLong(value.sessionId)
    writer.writeBuffer(value.passwd)
    writer.writeBoolean(value.readOnly)
  },
  read: reader => ({
    protocolVersion: reader.readInt(),
    timeOut: reader.readInt(),
    sessionId: reader.readLong(),
    passwd: reader.readBuffer() ?? NO_PASSWORD,
    readOnly: reader.remaining > 0 && reader.readBoolean(),
  }),
}
