// Calling callbacks of users: what they throw, or reject with later, goes to one place and hurts nobody.

export function isolated(task: () => unknown, warn: (error: unknown) => void): void {
  try {
    const result = task()
    // An async callback is a callback too: its rejection, unhandled, would end the process.
    if (isThenable(result)) Promise.resolve(result).catch(warn)
  } catch (error) {
    warn(error)
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
