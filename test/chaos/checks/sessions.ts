// Sessions: states follow each other as the table says, and ephemeral znodes live as long as their sessions.
import type { SessionState } from '../../../protocol/index.ts'
import type { History, StateStep, Violation } from '../history.ts'

/** Written down once more, on purpose: what a user may rely on. */
const FOLLOWS: Readonly<Record<SessionState, readonly SessionState[]>> = {
  connecting: ['connected', 'connectedReadOnly', 'expired', 'authFailed', 'closed'],
  connected: ['suspended', 'lost', 'expired', 'authFailed', 'closed'],
  connectedReadOnly: ['suspended', 'lost', 'expired', 'authFailed', 'closed'],
  suspended: ['connected', 'connectedReadOnly', 'lost', 'expired', 'authFailed', 'closed'],
  lost: ['connected', 'connectedReadOnly', 'expired', 'authFailed', 'closed'],
  expired: ['connecting'],
  authFailed: [],
  closed: [],
}

export function checkSessions(history: History): Violation[] {
  const steps = new Map<string, StateStep[]>()
  for (const step of history.states) {
    const list = steps.get(step.client) ?? []
    list.push(step)
    steps.set(step.client, list)
  }
  const violations = [...steps.values()].flatMap(checkSteps)
  return [...violations, ...checkEphemerals(history)]
}

function checkSteps(steps: readonly StateStep[]): Violation[] {
  const violations: Violation[] = []
  let before: Pick<StateStep, 'state' | 'generation' | 'sessionId'> = {
    state: 'connecting',
    generation: 0,
    sessionId: 0n,
  }
  for (const step of steps) {
    const report = (rule: string): unknown =>
      violations.push({ rule, detail: `${step.client}: ${before.state} to ${step.state}` })
    if (step.previous !== before.state) report('a state was not told')
    if (!FOLLOWS[before.state].includes(step.state)) report('a state that cannot follow')
    if (step.generation < before.generation) report('a session of the past')
    const linked = step.state === 'connected' || step.state === 'connectedReadOnly'
    if (linked && step.generation === before.generation && step.sessionId !== before.sessionId)
      report('another session of the same generation')
    if (linked && before.state === 'connecting' && step.generation !== before.generation + 1)
      report('a session that was not counted')
    before = step
  }
  return violations
}

/** When all is quiet: no znode without a session that lives, and none of theirs is missing. */
function checkEphemerals({ ephemerals, alive }: History): Violation[] {
  const violations: Violation[] = []
  const live = new Set(alive.map(({ sessionId }) => sessionId))
  for (const { path, owner } of ephemerals) {
    if (!live.has(owner))
      violations.push({ rule: 'an ephemeral of nobody', detail: `${path} of 0x${owner.toString(16)}` })
  }
  const there = new Map(ephemerals.map(({ path, owner }) => [path, owner]))
  for (const { client, sessionId, paths } of alive) {
    for (const path of paths) {
      if (there.get(path) !== sessionId)
        violations.push({ rule: 'an ephemeral is missing', detail: `${path} of ${client}` })
    }
  }
  return violations
}
