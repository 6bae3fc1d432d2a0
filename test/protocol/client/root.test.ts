// The root: nobody deletes it, in a chroot neither; all else is done to the chroot's own znode.
import { Buffer } from 'node:buffer'
import { deleteOnce } from '../../../protocol/client/once.ts'
import type { ZooKeeperView } from '../../../protocol/client/view.ts'
import { ZooKeeperError } from '../../../protocol/errors.ts'
import type { MultiRequest } from '../../../protocol/records/multi.ts'
import { codeOf, outcomeOf } from '../../support/outcome.ts'
import { connectedWorld } from '../../support/scripted-client.ts'
import type { ScriptedRequest } from '../../support/scripted-server.ts'
import { aStat } from '../../support/scripted-server.ts'
import { t } from '../../tap.ts'

const views: Readonly<Record<string, (zk: ZooKeeperView) => ZooKeeperView>> = {
  'no chroot': zk => zk,
  'the chroot of the connect string': zk => zk,
  'a view': zk => zk.chroot('/v'),
  'a view of a view': zk => zk.chroot('/v').chroot('/w').chroot('/'),
}

function pathsOf({ body }: ScriptedRequest): string[] {
  return (body as MultiRequest).operations.map(({ request }) => request.path)
}

for (const [what, viewOf] of Object.entries(views)) {
  const servers = what === 'no chroot' ? 'zk' : 'zk/app'

  t.test(`H29: root: in ${what}, a deletion is left to the server to refuse`, async t => {
    const { zk, clock, ensemble } = await connectedWorld(t, { servers })
    const view = viewOf(zk)
    const calls = [
      outcomeOf(view.delete('/', { version: 3 })),
      outcomeOf(deleteOnce(view, '/', { version: 3 })),
    ]
    await clock.settle()
    for (const call of calls) {
      const request = ensemble.link.take('delete')
      t.strictSame(request.body, { path: '/', version: 3 })
      ensemble.link.refuse(request, -8)
      await clock.settle()
      t.match(call.error, { code: 'BAD_ARGUMENTS', path: '/', operation: 'delete', mayHaveApplied: false })
    }
  })

  t.test(`H29: root: in ${what}, a transaction that deletes it fails`, async t => {
    const { zk, clock, ensemble } = await connectedWorld(t, { servers })
    const committed = outcomeOf(viewOf(zk).transaction().delete('/a').delete('/').commit())
    await clock.settle()
    const request = ensemble.link.take('multi')
    t.equal(pathsOf(request).at(-1), '/')
    const outcomes = [0, -8].map(err => ({ type: 'error', err }))
    ensemble.link.reply(request, { outcomes })
    await clock.settle()
    t.match(committed.error, { name: 'MultiError', code: 'BAD_ARGUMENTS', index: 1, path: '/' })
  })

  t.test(`H29: root: in ${what}, nothing below it is deleted with it`, async t => {
    const { zk, clock, ensemble } = await connectedWorld(t, { servers })
    const deleted = outcomeOf(viewOf(zk).delete('/', { recursive: true }))
    await clock.settle()
    t.equal(codeOf(deleted), 'BAD_ARGUMENTS')
    t.ok(ZooKeeperError.is(deleted.error))
    t.match(deleted.error, { path: '/', operation: 'delete', mayHaveApplied: false })
    t.strictSame(ensemble.link.names, [], 'nor looked at')
  })
}

t.test('H29: root: what else is done to it in a chroot is done to the znode of the chroot', async t => {
  const { zk, clock, ensemble } = await connectedWorld(t, { servers: 'zk/app' })
  const view = zk.chroot('/v')
  const created = outcomeOf(view.create('/', 'x'))
  outcomeOf(view.set('/', 'y'))
  const committed = outcomeOf(view.transaction().create('/').set('/', '').check('/').commit())
  await clock.settle()
  const create = ensemble.link.take('create')
  t.match(create.body, { path: '/app/v', data: Buffer.from('x') })
  ensemble.link.reply(create, { path: '/app/v', stat: aStat })
  const set = ensemble.link.take('setData')
  t.match(set.body, { path: '/app/v', data: Buffer.from('y') })
  ensemble.link.reply(set, aStat)
  const multi = ensemble.link.take('multi')
  t.strictSame(pathsOf(multi), ['/app/v', '/app/v', '/app/v'])
  ensemble.link.reply(multi, {
    outcomes: [
      { type: 'create', path: '/app/v', stat: aStat },
      { type: 'setData', stat: aStat },
      { type: 'check' },
    ],
  })
  await clock.settle()
  t.match(created.value, { path: '/' })
  t.match(committed.value, [{ type: 'create', path: '/' }, { type: 'set' }, { type: 'check' }])
})
