// Starts something on free ports, and starts it anew on others when one was taken in between.
import { freePorts, giveBack } from './ports.ts'

const ATTEMPTS = 4

export class PortTakenError extends Error {
  override readonly name = 'PortTakenError'
}

// A port that the caller named is not ours to change: then there is one attempt. What is started gives the ports back
// when it stops; here that happens only for a start that failed.
export const onFreePorts = async <T>(
  count: number,
  named: number | undefined,
  start: (ports: number[]) => Promise<T>,
): Promise<T> => {
  const attempts = named === undefined ? ATTEMPTS : 1
  for (let attempt = 1; ; attempt++) {
    const ports = await freePorts(count)
    try {
      return await start(ports)
    } catch (error) {
      giveBack(ports)
      if (!(error instanceof PortTakenError) || attempt === attempts) throw error
    }
  }
}
