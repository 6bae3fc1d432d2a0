// The root of a chroot, against a real server: made and written like any znode, and deleted from without alone.
import { MultiError } from '../../../protocol/index.ts'
import { client, connectInChroot } from '../../support/zookeeper.ts'
import { t } from '../../tap.ts'
import { errorOf } from './support.ts'

t.test('H29: the znode of a chroot is made and written from within, and cannot be deleted there', async t => {
  const { zk, servers, chroot, connectString } = await connectInChroot(t)
  const root = await client(t, servers)
  const inside = await client(t, `${connectString}/in`)
  for (const view of [inside, zk.chroot('/in')]) {
    t.equal((await view.create('/', 'made')).path, '/')
    await view.create('/child')
    const refused = { code: 'BAD_ARGUMENTS', path: '/', mayHaveApplied: false }
    t.match(await errorOf(view.delete('/')), refused)
    t.match(await errorOf(view.delete('/', { recursive: true })), refused)
    const failed = await errorOf(view.transaction().delete('/child').delete('/').commit())
    t.ok(failed instanceof MultiError)
    t.match(failed, { ...refused, index: 1 })
    t.ok(await view.exists('/child'), 'nothing is gone')
    await view.delete('/child')
    t.match(await errorOf(view.delete('/')), refused, 'empty, it stays too')
    t.equal((await root.get(`${chroot}/in`)).data?.length, 4)
    await root.delete(`${chroot}/in`)
    t.equal(await view.exists('/'), null)
  }
  t.match(await errorOf(root.delete('/')), { code: 'BAD_ARGUMENTS', path: '/' }, 'as without a chroot')
})
