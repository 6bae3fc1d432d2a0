// Addresses in ACLs: `address` or `address/bits`, read as ZooKeeper reads them (IPAuthenticationProvider).

export interface IpRange {
  /** 4 bytes or 16: families never mix. */
  readonly address: Uint8Array
  readonly bits: number
}

/** null: not an address that an ACL may hold. */
export function parseRange(id: string): IpRange | null {
  const slash = id.indexOf('/')
  const address = parseAddress(slash < 0 ? id : id.slice(0, slash))
  if (address === null) return null
  const most = address.length * 8
  const bits = slash < 0 ? most : parseNumber(id.slice(slash + 1), 10)
  return bits <= most ? { address, bits } : null
}

export function inRange(own: string, { address, bits }: IpRange): boolean {
  const given = parseAddress(own)
  if (given === null || given.length !== address.length) return false
  return address.every((byte, index) => {
    const wanted = Math.min(Math.max(bits - index * 8, 0), 8)
    const mask = (0xff << (8 - wanted)) & 0xff
    return (byte & mask) === (given[index]! & mask)
  })
}

function parseAddress(text: string): Uint8Array | null {
  if (text.includes(':')) return parseV6(text)
  const parts = text.split('.').map(part => parseNumber(part, 10))
  return parts.length === 4 && parts.every(part => part <= 255) ? Uint8Array.from(parts) : null
}

/** Without zones, and without an IPv4 address at the end: ZooKeeper knows neither. */
function parseV6(text: string): Uint8Array | null {
  const halves = text.split('::')
  const [head = [], tail = []] = halves.map(half => (half === '' ? [] : half.split(':')))
  const count = head.length + tail.length
  if (halves.length > 2 || (halves.length === 1 ? count !== 8 : count > 7)) return null
  const groups = [...head, ...Array.from({ length: 8 - count }, () => '0'), ...tail]
  const values = groups.map(group => (group.length <= 4 ? parseNumber(group, 16) : Number.POSITIVE_INFINITY))
  if (!values.every(value => value <= 0xffff)) return null
  return Uint8Array.from(values.flatMap(value => [value >> 8, value & 0xff]))
}

/** As Java's parseInt reads numbers that are not negative: a plus and leading zeros are fine. Infinity is none. */
function parseNumber(text: string, radix: 10 | 16): number {
  const digits = radix === 10 ? /^\+?\d+$/ : /^\+?[\da-f]+$/i
  return digits.test(text) ? Number.parseInt(text, radix) : Number.POSITIVE_INFINITY
}
