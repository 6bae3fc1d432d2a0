// Work to do at the last moment of this process, synchronously, whether it ends well or by an uncaught error.
// Signals are left alone: taking them would change what they mean to the program around, and the tie of each JVM
// covers them.

const pending = new Set<() => void>()

// The newest first: a server is killed before its folder is removed.
const runAll = (): void => {
  for (const work of [...pending].reverse()) {
    try {
      work()
    } catch {
      // The others still have their turn.
    }
  }
  pending.clear()
}

// Gives back how to take the work off again.
export const beforeExit = (work: () => void): (() => void) => {
  if (pending.size === 0) process.on('exit', runAll)
  pending.add(work)
  return () => {
    pending.delete(work)
    if (pending.size === 0) process.off('exit', runAll)
  }
}
