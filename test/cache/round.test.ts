// A round of reads by itself: how it ends.
import { Agenda } from '../../src/cache/agenda.ts'
import { Round } from '../../src/cache/round.ts'
import { t } from '../tap.ts'

t.test(
  'caches: a round that is told to stop by the last answer ends, and what is left stays due',
  async t => {
    const stop = new AbortController()
    const work = new Agenda()
    const failed = new Agenda()
    for (const path of ['/a', '/b']) work.add('get', path)
    const asked: string[] = []
    const zk = {
      get: async (path: string) => {
        asked.push(path)
        stop.abort(new Error('closed'))
        return { data: null, stat: {} }
      },
    }
    const model = { has: () => true, isOversized: () => false, read: () => {} }
    const round = new Round({
      zk: zk as never,
      model: model as never,
      work,
      failed,
      concurrency: 1,
      signal: stop.signal,
      warning: error => t.fail(String(error)),
    })
    t.equal(await round.run(), 'broken')
    t.same(asked, ['/a'])
    t.equal(work.size, 0)
    t.equal(failed.take('get'), '/b')
  },
)
