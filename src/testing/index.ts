// The test kit: breaks the link to a server on purpose.
export type {
  ConnectFrame,
  Direction,
  ProxiedFrame,
  ReplyFrame,
  RequestFrame,
  ShortFrame,
} from './conversation.ts'
export { expireSession } from './expire-session.ts'
export type { FaultMode, FrameRule, FrameVerdict } from './fault-mode.ts'
export type { FaultProxyOptions } from './fault-proxy.ts'
export { FaultProxy } from './fault-proxy.ts'
