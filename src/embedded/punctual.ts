// Timers of a server that cut somebody off: after a standstill of the process, what was sent meanwhile is read first.
import { afterInput } from '../../protocol/support/after-input.ts'
import type { Clock, Timer } from '../../protocol/support/clock.ts'

/** Milliseconds: a timer that comes this much later than it was asked for tells of a process that stood still. */
const LATE = 50

/** Calls `task` after `ms` milliseconds; a late one after the sockets were read, unless `cancel` comes before. */
export function scheduleFairly(clock: Clock, ms: number, task: () => void): Timer {
  const due = clock.now() + Math.max(0, ms)
  let isOff = false
  const run = (): void => {
    if (!isOff) task()
  }
  let timer = clock.schedule(ms, () => {
    if (clock.now() - due < LATE) run()
    else timer = afterInput(clock, run)
  })
  return {
    cancel() {
      isOff = true
      timer.cancel()
    },
  }
}
