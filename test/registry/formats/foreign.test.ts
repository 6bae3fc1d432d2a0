// The formats of other systems: their bytes, and what they write that we do not.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Json } from '../../../src/registry/codec.ts'
import { curatorFormat } from '../../../src/registry/formats/curator.ts'
import { dualFormat } from '../../../src/registry/formats/dual.ts'
import { dubboFormat } from '../../../src/registry/formats/dubbo.ts'
import { ownFormat } from '../../../src/registry/formats/own.ts'
import { serverSetFormat } from '../../../src/registry/formats/server-set.ts'
import { springFormat } from '../../../src/registry/formats/spring.ts'
import { t } from '../../tap.ts'
import { NOW, nodeOf, payload, textOf, thereAndBack } from './support.ts'

const anything = fc.oneof(payload, fc.constantFrom<Json>(null, 'text', 5, true, [1, 'two']))

t.test('formats: curator: a payload of any kind comes back', async t => {
  fc.assert(
    fc.property(anything, data => {
      assert.deepEqual(thereAndBack(curatorFormat, { host: 'h', data }).read.data, data)
    }),
  )
  const big = 2n ** 63n - 1n
  t.same(thereAndBack(curatorFormat, { host: 'h', data: { big } }).read.data, { big }, 'longs of Java too')
  t.throws(() => thereAndBack(curatorFormat, { host: 'h', data: 'text', weight: 2 }), {
    code: 'INVALID_DATA',
  })
})

t.test('formats: curator: the fields in the order of Jackson, enabled only where it is false', async t => {
  const given = { host: '10.0.0.1', port: 8080, id: 'x-1', data: { '@class': 'com.example.Details', a: 1 } }
  const { written } = thereAndBack(curatorFormat, given)
  const text =
    '{"name":"service","id":"x-1","address":"10.0.0.1","port":8080,"sslPort":null,' +
    `"payload":{"@class":"com.example.Details","a":1},"registrationTimeUTC":${NOW},"serviceType":"DYNAMIC","uriSpec":null`
  t.equal(textOf(curatorFormat.encode(written)), `${text}}`)
  t.equal(curatorFormat.nodeName(written), 'x-1')
  const { written: leaving } = thereAndBack(curatorFormat, { ...given, enabled: false })
  t.equal(textOf(curatorFormat.encode(leaving)), `${text},"enabled":false}`)
  t.throws(() => thereAndBack(curatorFormat, { host: 'h', id: 'a/b' }), { code: 'INVALID_DATA' })
})

t.test('formats: curator: unknown properties are ignored, and what is missing is as Java has it', async t => {
  const read = (json: object): unknown => curatorFormat.decode(nodeOf(json))
  const least = { name: 'n', id: 'i', address: 'h' }
  t.match(read({ ...least, future: { x: 1 } }), {
    id: 'i',
    name: 'n',
    host: 'h',
    port: null,
    enabled: true,
    registeredAt: null,
    data: null,
  })
  t.match(read({ ...least, payload: { weight: '5', zone: 'a', x: 1 } }), {
    weight: 5,
    zone: 'a',
    data: { x: 1 },
  })
  t.match(read({ ...least, enabled: false, serviceType: 'PERMANENT' }), {
    enabled: false,
    attributes: { serviceType: 'PERMANENT' },
  })
  for (const key of Object.keys(least)) {
    t.throws(() => read({ ...least, [key]: undefined }), { code: 'INVALID_INSTANCE' }, key)
    t.throws(() => read({ ...least, [key]: 5 }), { code: 'INVALID_INSTANCE' }, key)
  }
  for (const port of ['80', 1.5, -1, 65_536, {}]) {
    t.throws(() => read({ ...least, port }), { code: 'INVALID_INSTANCE' }, String(port))
  }
})

t.test('formats: spring: a ZookeeperInstance with a status', async t => {
  const { written, read } = thereAndBack(springFormat, {
    host: 'h',
    port: 1,
    id: 'u',
    weight: 3,
    data: { a: 'b' },
    attributes: { payloadId: 'app-1' },
  })
  const { payload, uriSpec } = JSON.parse(textOf(springFormat.encode(written)))
  t.same(Object.entries(payload), [
    ['@class', 'org.springframework.cloud.zookeeper.discovery.ZookeeperInstance'],
    ['id', 'app-1'],
    ['name', 'service'],
    ['metadata', { a: 'b', weight: '3', instance_status: 'UP' }],
  ])
  t.equal(uriSpec.parts.map((part: { value: string }) => part.value).join(''), 'scheme://address:port')
  t.same(read.attributes.payloadId, 'app-1')
  const down = { '@class': 'x', id: 'i', name: 'n', metadata: { instance_status: 'out_of_service' } }
  const node = { name: 'n', id: 'i', address: 'h', payload: down }
  t.match(springFormat.decode(nodeOf(node)), { enabled: false })
  t.match(springFormat.decode(nodeOf({ ...node, payload: null })), { enabled: true, data: null })
  t.throws(() => thereAndBack(springFormat, { host: 'h', data: { a: 1 } }), { code: 'INVALID_DATA' })
})

t.test('formats: dual: one object with what each side reads', async t => {
  const { written } = thereAndBack(dualFormat, { host: 'h', port: 1, data: { type: 'ssh', name: 'mine' } })
  const object = JSON.parse(textOf(dualFormat.encode(written)))
  t.equal(
    Object.keys(object).join(),
    'pid,created,type,name,id,address,port,sslPort,payload,registrationTimeUTC,serviceType,uriSpec',
  )
  t.match(object, { id: 'h:1', name: 'service', type: 'ssh', payload: { type: 'ssh', name: 'mine' } })
  t.match(curatorFormat.decode(nodeOf(object)), { id: 'h:1', data: { type: 'ssh', name: 'mine' } })
  t.match(ownFormat.decode(nodeOf(object, 'h:1')), { id: 'h:1', data: { type: 'ssh' } })
  t.match(dualFormat.decode(nodeOf({ pid: 1, created: 'x', a: 1 }, 'h:9')), {
    id: 'h:9',
    port: 9,
    data: { a: 1 },
  })
  t.throws(() => thereAndBack(dualFormat, { host: 'h', port: 1, id: 'other' }), { code: 'INVALID_DATA' })
})

t.test('formats: serverset: exact bytes, status, shard and names', async t => {
  const given = {
    host: 'h',
    port: 1,
    attributes: { shard: 4, additionalEndpoints: { admin: { host: 'h', port: 2 } } },
  }
  const { written } = thereAndBack(serverSetFormat, given)
  const head =
    '{"serviceEndpoint":{"host":"h","port":1},"additionalEndpoints":{"admin":{"host":"h","port":2}}'
  t.equal(textOf(serverSetFormat.encode(written)), `${head},"status":"ALIVE","shard":4}`)
  const { written: leaving, read } = thereAndBack(serverSetFormat, { ...given, enabled: false })
  t.equal(textOf(serverSetFormat.encode(leaving)), `${head},"status":"STOPPING","shard":4}`)
  t.match(read, { enabled: false, id: 'h:1/4', attributes: { status: 'STOPPING' } })
  const status = (text: string): boolean =>
    serverSetFormat.decode(nodeOf({ serviceEndpoint: { host: 'h', port: 1 }, status: text })).enabled
  t.same(['ALIVE', 'alive', 'DEAD', 'STARTING', 'WARNING', 'STOPPED'].map(status), [
    true,
    true,
    false,
    false,
    false,
    false,
  ])
  t.same(
    ['member_0000000001', 'member_-2147483648', 'vector_0000000001', 'member_'].map(
      serverSetFormat.isInstance,
    ),
    [true, true, false, false],
  )
  t.throws(() => thereAndBack(serverSetFormat, { host: 'h' }), { code: 'INVALID_DATA' })
  t.throws(() => thereAndBack(serverSetFormat, { host: 'h', port: 1, attributes: { shard: 'x' } }), {
    code: 'INVALID_DATA',
  })
})

t.test('formats: dubbo: the name is the encoded URL', async t => {
  const { written } = thereAndBack(dubboFormat, {
    host: '10.1.2.3',
    port: 20_880,
    name: 'com.example.Hello',
    data: { application: 'demo app', methods: 'a,b', group: 'g*~', version: '1.0' },
  })
  t.equal(
    dubboFormat.nodeName(written),
    'dubbo%3A%2F%2F10.1.2.3%3A20880%2Fcom.example.Hello%3Fapplication%3Ddemo+app%26group%3Dg*%7E' +
      `%26interface%3Dcom.example.Hello%26methods%3Da%2Cb%26timestamp%3D${NOW}%26version%3D1.0`,
  )
  t.equal(dubboFormat.folder('/dubbo/com.example.Hello'), '/dubbo/com.example.Hello/providers')
  t.equal(written.weight, 100)
  t.equal(written.id, 'dubbo://10.1.2.3:20880/com.example.Hello:g*~:1.0')
})

t.test('formats: dubbo: URLs as others write them', async t => {
  const read = (url: string): unknown =>
    dubboFormat.decode({ node: encodeURIComponent(url), data: null, service: 'svc' })
  t.match(read('dubbo://h:1/com.A?interface=com.A&weight=7&timestamp=5&anyhost=true'), {
    name: 'com.A',
    host: 'h',
    port: 1,
    weight: 7,
    registeredAt: 5,
    data: { anyhost: 'true' },
    attributes: {},
  })
  t.match(read('tri://user:secret@[::1]:2/path/to?flag&x=a=b'), {
    name: 'svc',
    host: '::1',
    port: 2,
    weight: 100,
    data: { flag: 'flag', x: 'a=b' },
    attributes: { protocol: 'tri', path: 'path/to' },
  })
  t.match(read('dubbo://h:1/a?disabled=true'), { enabled: false })
  t.match(read('dubbo://h:1/a?enabled=false'), { enabled: false })
  t.match(read('dubbo://h:1/a?disabled=false&enabled=false'), { enabled: true })
  for (const bad of ['', 'no url', '://h', 'dubbo://', 'dubbo://a b:1/x']) {
    t.throws(() => read(bad), { code: 'INVALID_INSTANCE' }, bad)
  }
  t.throws(() => dubboFormat.decode({ node: '%zz', data: null, service: 's' }), { code: 'INVALID_INSTANCE' })
  t.throws(() => read(`dubbo://h:1/${'x'.repeat(70_000)}`), { code: 'INVALID_INSTANCE' })
  for (const value of ['a&b', ' a', '', 'a?b']) {
    t.throws(
      () => thereAndBack(dubboFormat, { host: 'h', port: 1, data: { value } }),
      { code: 'INVALID_DATA' },
      value,
    )
  }
})
