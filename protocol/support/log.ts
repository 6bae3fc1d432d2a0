// Debug namespaces of the package: DEBUG=nd-service-registry:* shows them on stderr.
import type { Debugger } from 'debug'
import { handled } from './deferred.ts'

/** The first argument may have the placeholders of `debug`: %s, %d, %O. */
export type Log = (format: string, ...values: unknown[]) => void

/** Loaded with the first line, as it takes a quarter of the time that the whole package takes to load; null until then. */
let create: ((namespace: string) => Log | Debugger) | null = null
/** Lines that wait for it. */
const early: (() => void)[] = []

/** Never pass passwords, session passwords or node data to a log. */
export function logger(area: string): Log {
  let write: Log | undefined
  const log: Log = (format, ...values) => {
    if (create === null) return wait(() => log(format, ...values))
    write ??= create(`nd-service-registry:${area}`)
    write(format, ...values)
  }
  return log
}

function wait(line: () => void): void {
  if (early.push(line) > 1) return
  const begin = (made: typeof create): void => {
    create = made
    for (const each of early.splice(0)) each()
  }
  // Of those who bundle, all want it in the same file. Without it, the package does its work all the same.
  const loading = import(/* webpackMode: "eager" */ 'debug').then(
    ({ default: debug }) => begin(debug),
    () => begin(() => () => {}),
  )
  handled(loading)
}
