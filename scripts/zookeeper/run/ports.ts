// Free ports on the loopback address, outside the range that the system hands to outgoing connections.
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { LOOPBACK } from './config.ts'

// While a server is down, its clients knock at its port. Were that port one that the system gives to outgoing
// connections, such a client could be given the very port it knocks at, reach itself, and keep the server out.
const FIRST = 15_000
const LAST = 32_000
const TRIES = 200

// Ports that this process gave out and that may not be bound yet.
const given = new Set<number>()

export const freePorts = async (count: number): Promise<number[]> => {
  const ports: number[] = []
  for (let tries = 0; ports.length < count; tries++) {
    if (tries === TRIES) throw new Error(`no ${count} free ports between ${FIRST} and ${LAST}`)
    const port = randomInt(FIRST, LAST)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    ports.push(port)
  }
  return ports
}

export const giveBack = (ports: readonly number[]): void => {
  for (const port of ports) given.delete(port)
}

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => server.close(() => resolve(true)))
  })
