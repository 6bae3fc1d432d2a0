// Calling callbacks of users: what they throw, or reject with later, goes to one place and hurts nobody.

export function isolated(task: () => unknown, warn: (error: unknown) => void): void {
  try {
    const result = task()
    // An async callback is a callback too: its rejection, unhandled, would end the process.
    if (result instanceof Promise) result.catch(warn)
  } catch (error) {
    warn(error)
  }
}
