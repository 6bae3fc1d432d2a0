// How numbers are written for people; nothing where nothing was measured.

export function count(value: number | null): string {
  return value === null ? '' : Math.round(value).toLocaleString('en')
}

export function microseconds(value: number | null): string {
  return value === null ? '' : `${value < 10 ? value.toFixed(2) : count(value)} us`
}

export function bytes(value: number | null): string {
  return value === null ? '' : `${count(value)} bytes`
}

export function ratio(value: number | null): string {
  return value === null ? '' : `${value < 10 ? value.toFixed(2) : value.toFixed(0)}x`
}
