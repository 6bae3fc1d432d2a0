// What a bench row is: requests a second, and the processor time of this process per request.

export interface Figures {
  readonly perSecond: number
  /** Microseconds of user and system time of the client's process. */
  readonly cpu: number
}

export async function measure(total: number, task: () => Promise<void>): Promise<Figures> {
  const cpu = process.cpuUsage()
  const began = performance.now()
  await task()
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: total / seconds, cpu: (user + system) / total }
}

/** The run with the median rate: these machines are noisy. */
export function median(runs: readonly Figures[]): Figures {
  const sorted = [...runs].sort((a, b) => a.perSecond - b.perSecond)
  return sorted[Math.floor(sorted.length / 2)] as Figures
}
