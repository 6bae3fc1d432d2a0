// Numbers in Python's notation.

/** An integer, or the shortest decimal that reads back the same; finite numbers only. */
export function formatNumber(value: number | bigint): string {
  // A double beyond 2^53 was no integer literal: the codec reads those as bigint.
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value)
  const [digits = '', power = ''] = value.toExponential().split('e')
  const exponent = Number(power)
  if (exponent >= -4 && exponent < 16) {
    const text = String(value)
    return text.includes('.') ? text : `${text}.0`
  }
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}
