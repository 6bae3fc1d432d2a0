// How to let in what has arrived before anything is judged by the clock.
import type { Clock, Timer } from './clock.ts'

/**
 * Calls `task` when what the socket holds has been read. A timer that comes late runs before that; the ends of turns
 * would do on Node, but Deno reads sockets only when it has nothing else to do, and that is while it waits for a timer.
 */
export function afterInput(clock: Clock, task: () => void): Timer {
  return clock.schedule(0, () => clock.defer(() => clock.defer(task)))
}
