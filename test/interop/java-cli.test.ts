// zkCli on the embedded server, a process for each command.
import { execFile } from 'node:child_process'
import { delimiter } from 'node:path'
import { promisify } from 'node:util'
import { findJavaPeers } from '../../scripts/peers/java.ts'
import { t } from '../tap.ts'
import { JVM_FLAGS, serve } from './java-server.ts'

const run = promisify(execFile)
const peers = await findJavaPeers()
const skip = typeof peers === 'string' ? peers : false

t.test('Java: zkCli on the embedded server', { timeout: 300_000, skip }, async t => {
  if (typeof peers === 'string') throw new Error(peers)
  const { java, classPath } = peers
  const at = await serve(t)
  const flags = [...JVM_FLAGS, '-cp', classPath.join(delimiter)]
  const cli = async (...command: string[]): Promise<string> => {
    const args = [...flags, 'org.apache.zookeeper.ZooKeeperMain', '-server', at, ...command]
    const { stdout, stderr } = await run(java, args, { timeout: 120_000 }).catch(error => error)
    return `${stdout}${stderr}`
  }
  t.match(await cli('create', '/cli', 'hello'), 'Created /cli')
  t.match(await cli('get', '-s', '/cli'), /hello\n.*dataVersion = 0\n.*dataLength = 5/s)
  t.match(await cli('set', '-v', '7', '/cli', 'bye'), 'version No is not valid')
  t.match(await cli('getAcl', '/cli'), "'world,'anyone\n: cdrwa")
  await cli('setquota', '-n', '5', '/cli')
  t.match(await cli('listquota', '/cli'), 'count=5')
  t.match(await cli('ls', '/'), '[cli, zookeeper]')
  t.match(await cli('getAllChildrenNumber', '/'), /^\d+$/m)
  t.match(await cli('whoami'), 'ip: 127.0.0.1')
  await cli('deleteall', '/cli')
  t.match(await cli('stat', '/cli'), 'Node does not exist: /cli')
})
