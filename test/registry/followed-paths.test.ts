// The book of followed paths: how much it looks for those that can go.
import type { FollowedPath } from '../../src/registry/followed-path.ts'
import { FollowedPaths } from '../../src/registry/followed-paths.ts'
import { t } from '../tap.ts'

t.test('followed paths: where all are in use, a new one does not cost a look at each of them', async t => {
  let looks = 0
  const inUse = {
    ready: Promise.resolve(),
    get spare(): boolean {
      looks++
      return false
    },
  }
  const paths = new FollowedPaths(0, () => inUse as FollowedPath)
  for (let i = 0; i < 2000; i++) await paths.use(`/${i}`, async () => {})
  t.equal(paths.size, 2000)
  t.ok(looks < 2000 * 50, `${looks} looks`)
})
