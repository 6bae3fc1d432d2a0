// 64-bit ids as ZooKeeper's own logs show them, and in JSON, which has no bigint.

/** Ids of sessions (and zxids) are shown in hex, without a sign. */
export function formatSessionId(id: bigint): string {
  return `0x${BigInt.asUintN(64, id).toString(16)}`
}

/** The id that `formatSessionId` shows, signed as the API gives it; throws a SyntaxError for other text. */
export function parseId(text: string): bigint {
  if (!/^0x[0-9a-f]{1,16}$/i.test(text)) throw new SyntaxError(`no 64-bit id in hex: ${JSON.stringify(text)}`)
  return BigInt.asIntN(64, BigInt(text))
}

/** The second argument of JSON.stringify: `JSON.stringify(stat, idReplacer)` shows every bigint in hex. */
export function idReplacer(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? formatSessionId(value) : value
}
