// What a server has to do to pass for ZooKeeper, rule by rule. Tests name the rules that they prove.
import type { Where } from './proofs.ts'
import type { Chapter, Report, Rule } from './report.ts'

const OFF = 'off in ZooKeeper unless configured; the embedded server has no such setting'

/** Numbers the rules of a chapter in their order. */
function chapter(id: string, title: string, rules: readonly (string | Omit<Rule, 'id'>)[]): Chapter {
  return {
    id,
    title,
    rules: rules.map((rule, index) => ({
      id: `${id}.${index + 1}`,
      ...(typeof rule === 'string' ? { text: rule } : rule),
    })),
  }
}

const chapters: readonly Chapter[] = [
  chapter('8.1', 'The first tree', [
    '`/` is there, also by the empty path: empty, open to all, zxids and times 0, cversion -1',
    '`/zookeeper`: empty, open to all, two children, cversion -2',
    '`/zookeeper/quota`: empty, open to all',
    '`/zookeeper/config`: empty, readable by all, aversion -1',
    'a fresh server counts five znodes in `srvr` (the root twice) and three below the root',
  ]),
  chapter('8.2', 'Stat fields', [
    'create: all zxids and both times of the znode are those of the transaction, its versions 0',
    'create: the parent gets a new pzxid, one child more, and its counter of creates advances',
    'delete: the parent gets a new pzxid and one child less; its counter stays',
    'setData: version, mzxid and mtime, even for the same bytes; not pzxid',
    'setACL: aversion and nothing else, no event',
    "a child's data changes nothing on the parent",
    'the end of a session deletes its ephemerals in one transaction',
    'reads, sync, ping, watches and failures change nothing',
    'cversion is twice the creates less the children',
    'dataLength is 0 for null data, which stays apart from empty data',
    'ephemeralOwner is the session for ephemerals and 0 for containers and times to live',
    'times are the wall clock, one for all operations of a multi',
    'an expected version of -1 is not compared',
    'versions wrap from 2147483647 to -2147483648',
  ]),
  chapter('8.3', 'Sequential names', [
    'the suffix is ten characters wide, the minus sign included',
    'the counter is that of all creates under the parent; deletes and failures do not move it',
    'the first under a fresh parent is 0000000000',
    'several in one multi see each other',
    'the path may end in `/`, `.` or `..`',
    'at 2147483647 the counter stays, and the name is taken',
  ]),
  chapter('8.4', 'Which of several errors is told', [
    'any request: frame, enforced authentication, session, unknown opcode, body',
    'create: flags, TTL, slash and NUL, ACL, parent, CREATE, path, exists, ephemeral parent, quota',
    'delete: path, parent, DELETE on the parent, znode, version, children',
    'setData: path, znode, WRITE, quota, version',
    'setACL: path, ACL, znode, ADMIN, version',
    'check in a multi: path, znode, READ, version',
    'getData, getChildren and getAllChildrenNumber: znode, READ; a bad path is just not there, null is unreadable',
    'exists: NUL, READ if it exists, the watch, znode',
    'getACL: znode, READ or ADMIN',
    'sync, addWatch and getEphemerals judge no path; addWatch its mode',
    'checkWatches and removeWatches: type, watch',
    'reconfig: disabled; enabled but standalone: unimplemented',
    'create of `/` and delete of the four system znodes',
    'a write that fails takes a zxid, as do the beginning and the end of a session',
    'a reply tells the newest zxid, also with an error',
  ]),
  chapter('8.5', 'Paths of writes', [
    'not empty, and beginning with a slash',
    '`/` is a path',
    'no slash at the end, no two in a row',
    'no component `.` or `..`; `...`, `.a` and `a.` are names',
    'no NUL',
    'no U+0001 to U+001F, no U+007F to U+009F',
    'no surrogates and nothing of the private use area',
    'nothing above U+FFEF',
    'sequential names are judged with their suffix',
  ]),
  chapter('8.6', 'Ephemerals, containers, times to live, quotas', [
    'only ephemerals refuse children',
    'an ephemeral belongs to its session, and others may change and delete it',
    'the end of a session: one transaction, events before the reply',
    'containers go once they are empty and were used',
    'a time to live runs from the last change of data, and only without children',
    'reaping looks again when it is done',
    'a quota is two znodes below `/zookeeper/quota`: one for limits, one for what is used',
    'the text of limits and of what is used',
    'hard limits are enforced where that is enabled',
    "getEphemerals: the session's own, by a prefix that is just text",
    'getAllChildrenNumber: all below, without the znode itself',
    'getChildren: all, in no order',
    'sync gives the path back',
    'whoAmI: scheme and user, without secrets',
  ]),
  chapter('8.7', 'Order and zxids', [
    'requests of a session are run and answered in their order',
    'a zxid has the epoch in its upper half',
    'the first session takes the first number',
    'a server that restarts empty begins in a higher epoch, so that old clients learn of it',
  ]),
  chapter('8.8', 'Limits', [
    'connections from one address: one too many is closed without a byte',
    'connections in all: the same',
    'a client with too much outstanding is not read from',
    { text: 'stalling of requests beyond a number of them', exempt: OFF },
    { text: 'refusal of operations that waited for too long', exempt: OFF },
    { text: 'a bucket of tokens for new connections', exempt: OFF },
  ]),
  chapter('8.9', 'Four-letter words', [
    'a word that is not listed is refused by name',
    '`ruok`',
    '`isro`',
    '`srvr`',
    '`stat`',
    '`cons`',
    '`conf`',
    '`envi`',
    '`mntr`',
    '`dump`',
    '`wchs`, `wchc`, `wchp`: of data watches',
    '`crst`, `srst`',
    '`dirs`',
    '`gtmk`, `stmk`',
    '`hash`',
    { text: 'the answer of a server that does not serve', exempt: 'an embedded server that listens serves' },
    { text: 'the same over HTTP (AdminServer)', exempt: 'it is no part of the client protocol' },
  ]),
  chapter('8.10', 'Client certificates', [
    'the subject is the x509 identity, as RFC 2253 writes it',
    'an ACL means one subject, letter by letter',
    'no certificate: no identity; one that is not trusted: no session',
    'one subject may do everything where that is configured',
    'a login with x509 proves the certificate of the connection, whatever it says',
  ]),
]

export const where: Where = {
  folders: ['test/conformance', 'test/embedded'],
  number: '8\\.\\d+\\.\\d+',
}

export const report: Report = {
  title: 'Conformance',
  intro: `What the embedded server does as ZooKeeper does, rule by rule, with the tests that prove it. Tests in \`test/conformance\`
run on both, the embedded server and a real one; those in \`test/embedded\` cover what a real server does not show in the
time of a test. \`npm run conformance:report\` makes this file and fails when a rule has no test.`,
  exempt: 'that do not apply to a server in process',
  chapters,
}
