// What the tests of SASL on a connection share: a mechanism of four steps, and servers that play it.
import { Buffer } from 'node:buffer'
import type { ConnectError } from '../../../../protocol/errors.ts'
import { ZooKeeperError } from '../../../../protocol/errors.ts'
import type { SaslMechanism } from '../../../../protocol/session/sasl/mechanism.ts'
import type { World, WorldOptions } from '../../../support/scripted-client.ts'
import { newWorld } from '../../../support/scripted-client.ts'
import type { ScriptedConnection } from '../../../support/scripted-server.ts'
import type { Test } from '../../../tap.ts'

export const bytes = (text: string): Buffer => Buffer.from(text)

/** Sends `one`, wants `two`, sends `three`, wants `four`; remembers the hosts that it was made for. */
export function fourStep(hosts: string[] = []): SaslMechanism {
  const begin: SaslMechanism['begin'] = host => {
    hosts.push(host)
    const steps: Record<string, Buffer | null> = { two: bytes('three'), four: null }
    return {
      initial: () => bytes('one'),
      respond(token) {
        const next = steps[Buffer.from(token).toString()]
        if (next === undefined) throw new ZooKeeperError('AUTH_FAILED', { message: 'not this token' })
        return next
      },
    }
  }
  return { name: 'FOUR-STEP', begin }
}

/** Admits every connection, and answers each SASL token on it in turn with one of these; leaves all else alone. */
export function answering({ ensemble }: World, ...tokens: readonly (string | null)[]): void {
  ensemble.onHandshake = connection => {
    ensemble.admit(connection)
    answer(connection, tokens)
  }
}

export function answer(connection: ScriptedConnection, tokens: readonly (string | null)[]): void {
  const left = [...tokens]
  connection.onRequest = ({ name }) => {
    const token = left.shift()
    if (name !== 'sasl' || token === undefined) return
    connection.reply(connection.take('sasl'), { token: token === null ? null : bytes(token) })
  }
}

export function saslWorld(t: Test, sasl: SaslMechanism, options: WorldOptions = {}): World {
  return newWorld(t, { sasl, ...options })
}

export function failuresOf({ zk }: World): ConnectError[] {
  const failures: ConnectError[] = []
  zk.on('attemptFailed', error => failures.push(error))
  return failures
}
