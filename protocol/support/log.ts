// Debug namespaces of the package: DEBUG=nd-service-registry:* shows them on stderr.
import { format } from 'node:util'
import type { Debugger } from 'debug'
import { debugVariable, isNamed, isReadable } from './debug-variable.ts'

/** The first argument may have the placeholders of `debug`: %s, %d, %O. */
export type Log = (format: string, ...values: unknown[]) => void

type Create = (namespace: string) => Log | Debugger

/** Before anything is switched on by a call of `debug`, which changes the variable too. */
const fromStart: string = /* @__PURE__ */ debugVariable()

/**
 * The package takes a quarter of the time that all of this one takes to load, so it is loaded with the first line. Until then,
 * lines for which the variable asks are written at once, for the process may end or hang before; others wait in `early`.
 */
let state: 'unused' | 'loading' | { readonly create: Create } = 'unused'
const early: (() => void)[] = []

/** Never pass passwords, session passwords or node data to a log. */
export function logger(area: string): Log {
  const namespace = `nd-service-registry:${area}`
  let write: Log | undefined
  const log: Log = (words, ...values) => {
    if (state === 'unused') load()
    if (typeof state === 'object') {
      write ??= state.create(namespace)
      harmlessly(write, words, values)
    } else if (isNamed(fromStart, namespace)) harmlessly(plain(namespace), words, values)
    else early.push(() => log(words, ...values))
  }
  return log
}

function load(): void {
  state = 'loading'
  const begin = (create: Create): void => {
    state = { create }
    for (const each of early.splice(0)) each()
  }
  // It looks through all variables.
  if (!isReadable()) return begin(substitute)
  // Of those who bundle, all want it in the same file. Without it, the package does its work all the same.
  import(/* webpackMode: "eager" */ 'debug').then(
    ({ default: debug }) => begin(debug),
    () => begin(substitute),
  )
}

function substitute(namespace: string): Log {
  return isNamed(fromStart, namespace) ? plain(namespace) : () => {}
}

/** Writes as `debug` does without colours. */
function plain(namespace: string): Log {
  return (words, ...values) => {
    const line = format(`${new Date().toISOString()} ${namespace} ${words}`, ...values)
    process.stderr.write(`${line}\n`)
  }
}

/** A value may throw when it is to be shown. */
function harmlessly(write: Log, words: string, values: readonly unknown[]): void {
  try {
    write(words, ...values)
  } catch {}
}
