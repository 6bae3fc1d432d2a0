// How a client in JavaScript is loaded and measured: so many requests, so many at a time, time and CPU around them.
import { memoryUsage } from 'node:process'
import type { Answer, Task } from './task.ts'

type Load = Pick<Task, 'total' | 'inFlight'>

/** Where the duration of each request goes, in milliseconds; null when requests overlap. */
type Latencies = Float64Array | null

export async function measure(
  { total, inFlight }: Load,
  work: (latencies: Latencies) => Promise<void>,
): Promise<Answer> {
  const latencies = inFlight === 1 ? new Float64Array(total) : null
  const cpu = process.cpuUsage()
  const began = performance.now()
  await work(latencies)
  const milliseconds = performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  latencies?.sort()
  const at = (share: number): number | null =>
    latencies === null ? null : (latencies[Math.floor((total - 1) * share)] as number) * 1000
  return {
    perSecond: (total * 1000) / milliseconds,
    cpu: (user + system) / total,
    p50: at(0.5),
    p99: at(0.99),
    heap: null,
  }
}

/** For clients with promises: `inFlight` loops, each of which awaits one request after the other. */
export async function withPromises(
  { total, inFlight }: Load,
  latencies: Latencies,
  send: (index: number) => Promise<unknown>,
): Promise<void> {
  if (latencies !== null) {
    for (let index = 0; index < total; index++) {
      const began = performance.now()
      await send(index)
      latencies[index] = performance.now() - began
    }
    return
  }
  let begun = 0
  const loop = async (): Promise<void> => {
    while (begun < total) await send(begun++)
  }
  await Promise.all(Array.from({ length: inFlight }, loop))
}

/** For clients with callbacks: each answer sends the next request. `done` takes what is truthy as an error. */
export function withCallbacks(
  { total, inFlight }: Load,
  latencies: Latencies,
  send: (index: number, done: (error?: unknown) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0
    let answered = 0
    let began = 0
    const next = (): void => {
      if (latencies !== null) began = performance.now()
      send(sent++, done)
    }
    const done = (error?: unknown): void => {
      if (error) return reject(error instanceof Error ? error : new Error(`failed with ${error}`))
      if (latencies !== null) latencies[answered] = performance.now() - began
      answered++
      if (sent < total) next()
      else if (answered === total) resolve()
    }
    for (let i = Math.min(inFlight, total); i > 0; i--) next()
  })
}

/** Bytes of heap after a full collection; the runtimes have their own ways to ask for one. */
export function collectedHeap(): number {
  const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } }
  for (let i = 0; i < 3; i++) {
    if (Bun === undefined) gc?.()
    else Bun.gc(true)
  }
  return memoryUsage().heapUsed
}
