// The formats by their names, as callers give them.
import { ServiceRegistryError } from '../errors.ts'
import { curatorFormat } from './curator.ts'
import { dualFormat } from './dual.ts'
import { dubboFormat } from './dubbo.ts'
import type { InstanceFormat } from './format.ts'
import { ownFormat } from './own.ts'
import { serverSetFormat } from './server-set.ts'
import { springFormat } from './spring.ts'

export type FormatName = 'ndsr' | 'curator' | 'spring' | 'serverset' | 'dubbo' | 'dual'

const FORMATS: Readonly<Record<FormatName, InstanceFormat>> = {
  ndsr: ownFormat,
  curator: curatorFormat,
  spring: springFormat,
  serverset: serverSetFormat,
  dubbo: dubboFormat,
  dual: dualFormat,
}

export const FORMAT_NAMES: readonly FormatName[] = Object.freeze(Object.keys(FORMATS) as FormatName[])

/** A name, or a format of the caller's own. Throws INVALID_OPTION. */
export function formatOf(format: FormatName | InstanceFormat = 'ndsr'): InstanceFormat {
  if (typeof format === 'string' && Object.hasOwn(FORMATS, format)) return FORMATS[format]
  if (typeof format === 'object' && format !== null && isFormat(format)) return format
  throw new ServiceRegistryError(
    'INVALID_OPTION',
    `format must be one of ${FORMAT_NAMES.join(', ')}, or an InstanceFormat`,
  )
}

function isFormat(format: InstanceFormat): boolean {
  const { folder, isInstance, complete, nodeName, encode, decode } = format
  return [folder, isInstance, complete, nodeName, encode, decode].every(part => typeof part === 'function')
}
