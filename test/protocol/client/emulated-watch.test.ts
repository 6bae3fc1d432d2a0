// Watches made of one-shot ones: which of them are armed, whatever comes and goes meanwhile.
import { EmulatedWatch } from '../../../protocol/client/emulated-watch.ts'
import { ZooKeeperError } from '../../../protocol/errors.ts'
import type { Stat } from '../../../protocol/records/data.ts'
import type { NodeEventType, Watcher } from '../../../protocol/session/watch-table.ts'
import { deferred } from '../../../protocol/support/deferred.ts'
import { microtasks } from '../../support/fake-clock.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

type Read = 'exists' | 'getChildren'

/** Znodes with their children, and the one-shot watches on them. */
class Branch {
  readonly nodes: Map<string, string[]> = new Map()
  readonly armed: Map<string, Watcher> = new Map()
  readonly events: string[] = []
  readonly warnings: unknown[] = []
  reads = 0
  /** How lists of children are refused. */
  failure: ZooKeeperError | undefined
  readonly watch: EmulatedWatch

  constructor(nodes: Record<string, string[]>, recursive = true) {
    for (const [path, children] of Object.entries(nodes)) this.nodes.set(path, children)
    const port = {
      exists: async (path: string, watcher: Watcher) => {
        this.reads++
        await null
        this.armed.set(`exists ${path}`, watcher)
        return this.nodes.has(path) ? aStat : null
      },
      getChildren: async (path: string, watcher: Watcher) => {
        this.reads++
        const children = this.nodes.get(path)
        if (this.failure !== undefined) throw this.failure
        if (children === undefined) throw new ZooKeeperError('NO_NODE')
        await null
        this.armed.set(`getChildren ${path}`, watcher)
        return { children: [...children] }
      },
      forget: (path: string, watcher: Watcher) => {
        for (const read of ['exists', 'getChildren']) {
          if (this.armed.get(`${read} ${path}`) === watcher) this.armed.delete(`${read} ${path}`)
        }
      },
      warning: (error: unknown) => this.warnings.push(error),
    }
    this.watch = new EmulatedWatch(port, '/a', recursive, ({ type, path }) =>
      this.events.push(`${type} ${path}`),
    )
  }

  /** Fires a watch, which is gone with that. */
  async fire(read: Read, path: string, type: NodeEventType): Promise<void> {
    const watcher = this.armed.get(`${read} ${path}`)
    if (watcher === undefined) throw new Error(`nobody watches ${path} with ${read}`)
    this.armed.delete(`${read} ${path}`)
    watcher({ type, path, zxid: null })
    await microtasks()
  }

  get watched(): string[] {
    return [...this.armed.keys()].sort()
  }
}

t.test('emulated watch: a child that is gone before it is read leaves no watch behind', async t => {
  const branch = new Branch({ '/a': [] })
  await branch.watch.start()
  const before = branch.watched
  t.strictSame(before, ['exists /a', 'getChildren /a'])
  branch.nodes.set('/a', ['b'])
  await branch.fire('getChildren', '/a', 'nodeChildrenChanged')
  t.strictSame(branch.events.splice(0), ['nodeCreated /a/b', 'nodeDeleted /a/b'])
  t.strictSame(branch.watched, before)
  branch.nodes.set('/a/b', [])
  await branch.fire('getChildren', '/a', 'nodeChildrenChanged')
  t.strictSame(branch.events, ['nodeCreated /a/b'], 'the next one of its name is seen')
  t.strictSame(branch.watched, ['exists /a', 'exists /a/b', 'getChildren /a', 'getChildren /a/b'])
})

t.test('emulated watch: two looks at a child that went and came between them leave it watched', async t => {
  const looks: { watcher: Watcher | null; answer(stat: Stat | null): Promise<void> }[] = []
  const armed = new Set<Watcher>()
  let parent: Watcher = () => {}
  const port = {
    exists: (path: string, watcher: Watcher) => {
      if (path === '/a') return Promise.resolve(aStat)
      return new Promise<Stat | null>(resolve => {
        const look: (typeof looks)[number] = {
          watcher,
          answer(stat) {
            if (look.watcher !== null) armed.add(look.watcher)
            resolve(stat)
            return microtasks()
          },
        }
        looks.push(look)
      })
    },
    getChildren: async (path: string, watcher: Watcher) => {
      if (path !== '/a') throw new ZooKeeperError('NO_AUTH')
      parent = watcher
      return { children: ['b'] }
    },
    // As the client does: of the reads under way too.
    forget: (path: string, watcher: Watcher) => {
      if (path === '/a/b') armed.delete(watcher)
      for (const look of looks) if (path === '/a/b') look.watcher = null
    },
    warning: () => {},
  }
  const watch = new EmulatedWatch(port, '/a', true, () => {})
  const started = watch.start()
  await microtasks()
  await looks[0]?.answer(aStat)
  await started
  const child = [...armed][0] as Watcher
  armed.clear()
  // What could not be listed is looked at again after a gap, and so is what has changed meanwhile.
  watch.resync()
  child({ type: 'nodeDataChanged', path: '/a/b', zxid: null })
  await microtasks()
  t.equal(looks.length, 3)
  await looks[1]?.answer(null)
  await looks[2]?.answer(aStat)
  parent({ type: 'nodeChildrenChanged', path: '/a', zxid: null })
  await microtasks()
  t.strictSame([...armed], [child])
  watch.stop()
})

t.test('emulated watch: an event right behind the answer to a look is heard after it', async t => {
  let parent: Watcher = () => {}
  let looks = 0
  const port = {
    // As the client does with what came in one chunk: the event comes in the turn after the answer.
    exists: (path: string, watcher: Watcher) => {
      if (path === '/a') return Promise.resolve(aStat)
      const { promise, resolve } = deferred<Stat>()
      looks++
      const isFirst = looks === 1
      queueMicrotask(() => {
        resolve(aStat)
        if (isFirst) queueMicrotask(() => watcher({ type: 'nodeDeleted', path, zxid: null }))
      })
      return promise
    },
    getChildren: async (path: string, watcher: Watcher) => {
      if (path === '/a') parent = watcher
      return { children: path === '/a' ? ['b'] : [] }
    },
    forget: () => {},
    warning: () => {},
  }
  const events: string[] = []
  const watch = new EmulatedWatch(port, '/a', true, ({ type, path }) => events.push(`${type} ${path}`))
  await watch.start()
  t.strictSame(events, ['nodeDeleted /a/b'])
  parent({ type: 'nodeChildrenChanged', path: '/a', zxid: null })
  await microtasks()
  t.strictSame(
    [events, looks],
    [['nodeDeleted /a/b', 'nodeCreated /a/b'], 2],
    'and so the next one is watched',
  )
  watch.stop()
})

t.test('emulated watch: a znode that is gone when it is read again leaves none, but for the top', async t => {
  const branch = new Branch({ '/a': ['b'], '/a/b': [] })
  await branch.watch.start()
  for (const path of ['/a/b', '/a']) {
    branch.nodes.delete(path)
    await branch.fire('exists', path, 'nodeDataChanged')
  }
  t.strictSame(branch.events, [
    'nodeDataChanged /a/b',
    'nodeDeleted /a/b',
    'nodeDataChanged /a',
    'nodeDeleted /a',
  ])
  t.strictSame(
    branch.watched.filter(watch => watch.startsWith('exists')),
    ['exists /a'],
  )
  branch.watch.stop()
  t.notOk(branch.armed.has('exists /a'))
})

t.test('emulated watch: the top goes and comes back, and is watched all the time', async t => {
  const branch = new Branch({ '/a': [] }, false)
  await branch.watch.start()
  branch.nodes.delete('/a')
  branch.armed.delete('getChildren /a')
  await branch.fire('exists', '/a', 'nodeDeleted')
  t.strictSame(branch.watched, ['exists /a'])
  branch.nodes.set('/a', [])
  await branch.fire('exists', '/a', 'nodeCreated')
  t.strictSame(branch.watched, ['exists /a', 'getChildren /a'])
  t.strictSame(branch.events, ['nodeDeleted /a', 'nodeCreated /a'])
})

t.test('emulated watch: what keeps it from being armed is told to who arms it', async t => {
  const branch = new Branch({ '/a': [] })
  branch.failure = new ZooKeeperError('SESSION_EXPIRED')
  await t.rejects(branch.watch.start(), { code: 'SESSION_EXPIRED' })
  branch.failure = new ZooKeeperError('NO_AUTH')
  await branch.watch.start()
  t.strictSame(branch.warnings, [branch.failure])
})

t.test('emulated watch: what could not be read is read again after each gap until it can be', async t => {
  const branch = new Branch({ '/a': [] })
  branch.failure = new ZooKeeperError('NO_AUTH')
  await branch.watch.start()
  for (const warnings of [2, 3]) {
    branch.watch.resync()
    await microtasks()
    t.equal(branch.warnings.length, warnings)
  }
  branch.failure = undefined
  branch.watch.resync()
  await microtasks()
  t.equal(branch.reads, 8)
  branch.watch.resync()
  await microtasks()
  t.equal(branch.reads, 8, 'and then no more')
})

t.test('emulated watch: ended while it reads, it leaves no watch behind and tells nothing', async t => {
  for (const begin of ['start', 'takeOver'] as const) {
    const branch = new Branch({ '/a': ['b'], '/a/b': [] })
    branch.watch[begin]()
    branch.watch.stop()
    await microtasks()
    t.strictSame([branch.watched, branch.events], [[], []])
  }
  const branch = new Branch({ '/a': [] })
  branch.watch.takeOver()
  await microtasks()
  t.strictSame(branch.events, ['resync /a'])
})

t.test('emulated watch: what cannot be read is told, unless nobody watches any more', async t => {
  for (const isOver of [false, true]) {
    const branch = new Branch({ '/a': [] })
    await branch.watch.start()
    branch.failure = new ZooKeeperError('SESSION_EXPIRED')
    const fired = branch.fire('getChildren', '/a', 'nodeChildrenChanged')
    if (isOver) branch.watch.stop()
    await fired
    t.strictSame(branch.warnings, isOver ? [] : [branch.failure])
    t.strictSame(branch.events, isOver ? [] : ['resync /a'])
    if (isOver) continue
    branch.failure = undefined
    t.strictSame(branch.watched, ['exists /a'])
    branch.watch.resync()
    await microtasks()
    t.strictSame(branch.watched, ['exists /a', 'getChildren /a'], 'it is read again after the next gap')
  }
})
