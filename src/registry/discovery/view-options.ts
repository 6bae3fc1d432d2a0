// The options of a view, checked.
import { ServiceRegistryError } from '../errors.ts'
import type { FormatName } from '../formats/by-name.ts'
import { formatOf } from '../formats/by-name.ts'
import type { InstanceFormat } from '../formats/format.ts'
import type { OutlierOptions } from './outliers.ts'
import type { StrategyName } from './strategies/by-name.ts'
import { strategyOf } from './strategies/by-name.ts'
import type { PickStrategy } from './strategies/strategy.ts'

export interface DiscoverOptions {
  /** How the nodes are to be read. Default `ndsr`, the registry's own. */
  format?: FormatName | InstanceFormat
  /** How `pick` chooses. A strategy object belongs to one view. Default `roundRobin`. */
  strategy?: StrategyName | PickStrategy
  /** When failing instances are left out; false: never. */
  outliers?: OutlierOptions | false
  /** With fewer instances than this, the last good list is kept for `holdDown`. Default 0: every list is believed. */
  minInstances?: number
  /** Milliseconds; Infinity: until there are enough again. Default 60,000. */
  holdDown?: number
}

export interface ViewSettings {
  readonly format: InstanceFormat
  readonly strategy: PickStrategy
  readonly outliers: OutlierOptions | null
  readonly minInstances: number
  readonly holdDown: number
}

/** Throws INVALID_OPTION that names the option. */
export function viewSettings(options: DiscoverOptions): ViewSettings {
  if (typeof options !== 'object' || options === null) throw invalid('options must be an object')
  const { format, strategy, outliers = {}, minInstances = 0, holdDown = 60_000 } = options
  if (!Number.isInteger(minInstances) || minInstances < 0) {
    throw invalid('minInstances must be an integer from 0 up')
  }
  if (!(typeof holdDown === 'number' && holdDown >= 0)) throw invalid('holdDown must be milliseconds')
  if (outliers !== false && (typeof outliers !== 'object' || outliers === null)) {
    throw invalid('outliers must be an object or false')
  }
  return {
    format: formatOf(format),
    strategy: strategyOf(strategy),
    outliers: outliers === false ? null : outliers,
    minInstances,
    holdDown,
  }
}

function invalid(message: string): ServiceRegistryError {
  return new ServiceRegistryError('INVALID_OPTION', message)
}
