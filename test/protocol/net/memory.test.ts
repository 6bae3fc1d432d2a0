// The transport in memory keeps the contract that the TCP transport keeps.
import { Buffer } from 'node:buffer'
import { MemoryTransport } from '../../../protocol/net/memory.ts'
import type { Transport } from '../../../protocol/net/transport.ts'
import { microtasks } from '../../support/fake-clock.ts'
import { t } from '../../tap.ts'

function listen(transport: Transport): string[] {
  const heard: string[] = []
  transport.open({
    data: chunk => heard.push(chunk.toString()),
    drain: () => heard.push('<drain>'),
    closed: () => heard.push('<closed>'),
  })
  return heard
}

t.test('memory transport: bytes arrive later, in order, in both directions', async t => {
  const [client, server] = MemoryTransport.pair()
  const atClient = listen(client)
  const atServer = listen(server)
  t.equal(
    client.write(Buffer.from('a'), () => {}),
    true,
  )
  client.write(Buffer.from('b'), () => {})
  server.write(Buffer.from('c'), () => {})
  t.strictSame(atServer, [], 'nothing arrives while the writer is still at work')
  await microtasks()
  t.strictSame(atServer, ['a', 'b'])
  t.strictSame(atClient, ['c'])
})

t.test('memory transport: what is written is copied before `written` gives the memory back', async t => {
  const [client, server] = MemoryTransport.pair()
  const atServer = listen(server)
  const memory = Buffer.from('before')
  client.write(memory, () => memory.write('after!'))
  await microtasks()
  t.strictSame(atServer, ['before'])
  t.equal(memory.toString(), 'after!')
})

t.test('memory transport: bytes that come before open() wait for it', async t => {
  const [client, server] = MemoryTransport.pair()
  client.write(Buffer.from('early'), () => {})
  await microtasks()
  t.strictSame(listen(server), ['early'])
})

t.test(
  'memory transport: bytes that came before the end are delivered by open(), and then the end',
  async t => {
    const [client, server] = MemoryTransport.pair()
    client.write(Buffer.from('last words'), () => {})
    await microtasks()
    client.destroy()
    const heard = listen(server)
    t.strictSame(heard, ['last words'], 'the end not before open() has returned')
    await microtasks()
    t.strictSame(heard, ['last words', '<closed>'])
  },
)

t.test('memory transport: both ends hear of the end, once, whoever ended it and how often', async t => {
  const [client, server] = MemoryTransport.pair()
  const atClient = listen(client)
  const atServer = listen(server)
  client.destroy()
  client.destroy()
  server.destroy()
  t.strictSame(atClient, [], 'but not before destroy() has returned')
  await microtasks()
  t.strictSame(atClient, ['<closed>'])
  t.strictSame(atServer, ['<closed>'])
  t.equal(
    client.write(Buffer.from('x'), () => t.fail('never written')),
    false,
  )
  await microtasks()
})

t.test('memory transport: destroy() inside data() ends the delivery, and is told once', async t => {
  const [client, server] = MemoryTransport.pair()
  for (const text of ['a', 'b']) client.write(Buffer.from(text), () => {})
  await microtasks()
  const heard: string[] = []
  server.open({
    data: chunk => {
      heard.push(chunk.toString())
      server.destroy()
    },
    drain: () => {},
    closed: () => heard.push('<closed>'),
  })
  await microtasks()
  t.strictSame(heard, ['a', '<closed>'])
})

t.test('memory transport: who ends it hears nothing more of what is on its way', async t => {
  const [client, server] = MemoryTransport.pair()
  const heard = listen(server)
  client.write(Buffer.from('on its way'), () => {})
  server.destroy()
  await microtasks()
  t.strictSame(heard, ['<closed>'])
})
