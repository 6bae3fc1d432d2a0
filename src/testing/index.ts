// The test kit: breaks the link to a server on purpose, ends sessions, moves time, shows what was said.
export type {
  ConnectFrame,
  Direction,
  ProxiedFrame,
  ReplyFrame,
  RequestFrame,
  ShortFrame,
} from './conversation.ts'
export type { DecodedFrame } from './decode-frame.ts'
export { decodeFrame } from './decode-frame.ts'
export type { ClientHolder, TakeoverOptions } from './expire-session.ts'
export { expireSession } from './expire-session.ts'
export type { FaultMode, FrameRule, FrameVerdict } from './fault-mode.ts'
export type { FaultProxyOptions } from './fault-proxy.ts'
export { FaultProxy } from './fault-proxy.ts'
export { ManualClock } from './manual-clock.ts'
export type { RecorderOptions } from './recorder.ts'
export { formatFrame, Recorder, recordFrames } from './recorder.ts'
