// The rows of behaviour that the registry owes to users of the Python package. Tests name the rows that they prove.
import type { Where } from '../conformance/proofs.ts'
import type { Chapter, Report, Rule } from '../conformance/report.ts'

/** KEEP: as in Python. FIX: Python's way hurt, and the text says what is done instead. */
type Verdict = 'KEEP' | 'FIX' | 'KEEP, FIX'
type Row = readonly [verdict: Verdict, text: string, weaker?: string] | { readonly exempt: string }

let last = 0

/** Numbers the rows of all chapters in their order. */
function chapter(title: string, rows: readonly Row[]): Chapter {
  return { id: '', title, rules: rows.map(ruleOf) }
}

function ruleOf(row: Row): Rule {
  const id = `N${++last}`
  if ('exempt' in row) return { id, text: row.exempt, exempt: 'there is no kazoo here' }
  const [verdict, text, weaker] = row
  return { id, text: `${verdict}: ${text}`, ...(weaker !== undefined && { weaker }) }
}

const chapters: readonly Chapter[] = [
  chapter('Construction and connection (`link.ts`, `options.ts`, `shared.ts`)', [
    [
      'KEEP',
      'names and defaults of the options',
      'Names are in camel case. The rate limit is off unless asked for, and `{}` is that of Python.',
    ],
    ['FIX', 'one object of options, and nothing by position'],
    ['FIX', 'ordinary instances; `getServiceRegistry` shares one, and throws where options conflict'],
    ['FIX', '`timeout` is the default of two options, one for connecting and one for the session'],
    ['KEEP', 'without a server: an error in time, or with `lazy` a registry that connects later'],
    ['FIX', 'a call that waits ends with its signal or its deadline'],
    ['KEEP', '`readOnly` attaches to read-only servers too'],
    [
      'KEEP',
      'stop closes the session and forgets nothing; start brings all of it back',
      "No hook at the exit of the process: nothing that runs there can wait for an answer, and handlers of signals are the application's. `await using`, or `stop` in such a handler.",
    ],
    ['KEEP', 'writes, locks and credentials look first whether the process was forked and is connected'],
    ['KEEP', '`rebuild`: a new session with all callbacks and all registrations'],
    ['FIX', 'a rebuild that fails loses nothing; locks are lost; each worker has a client of its own'],
    ['KEEP', 'the errors by name, text and `value`; they have a `code` besides'],
    ['FIX', 'a first `get` without a connection answers, and the docs say with what'],
  ]),
  chapter('Authentication and ACL (`credentials.ts`, `parents.ts`)', [
    ['KEEP', 'name and password are sent on each connection and each change, and only together'],
    ['KEEP', 'the ACL that follows from them: the owner all, the world read; for all that is created'],
    ['KEEP', 'an ACL that is given wins, with credentials and without'],
    ['FIX', 'the ACL follows a change of name or password'],
    ['FIX', 'setters without a connection keep the value for the next one, and do not throw'],
    ['KEEP', 'of missing parents only the deepest has the ACL, the others are open'],
    ['KEEP', 'all new levels of the path of a lock have the ACL'],
  ]),
  chapter('Encoding (`codec.ts`)', [
    [
      'KEEP, FIX',
      'the bytes of a node: process, local time, then what the caller gave; ASCII, no blanks',
      'A number like 1.0 is written as 1.',
    ],
    ['KEEP', 'nothing, an empty object and an empty string'],
    ['KEEP', "without process and time (`envelope: 'none'`) a lone string is written as it is"],
    ['FIX', 'what has no JSON is a typed error; bytes go with `raw` only'],
    ['KEEP', 'decoding: nothing, an empty object, a JSON object, or text under `string_value`'],
    ['FIX', 'bytes that are no UTF-8 stay readable, and are marked'],
    [
      'FIX',
      'NaN, infinities and integers of any size are read',
      'Data that we read and write again keeps them.',
    ],
    ['KEEP', 'only ASCII blanks are stripped'],
  ]),
  chapter('get, callbacks, watcher (`path-watcher.ts`, `subscription.ts`, `snapshot.ts`)', [
    ['KEEP', 'a snapshot with data, sorted children and Stat; later calls answer from memory'],
    ['KEEP', 'an absent path is a snapshot without data and Stat, and is followed'],
    ['FIX', 'without a connection: the file, or an empty snapshot; always of one shape'],
    ['KEEP', 'other errors of the first read reject'],
    [
      'KEEP, FIX',
      'what was answered without a connection becomes live once there is one, with as many tries as it takes',
    ],
    ['KEEP', 'a callback is called at once; the same function counts once'],
    ['KEEP', 'callbacks are called for changes of content alone'],
    ['FIX', 'callbacks do not hurt each other'],
    ['FIX', 'a muted callback is told on start what it missed'],
    ['KEEP, FIX', 'children are not read unless asked for; the Stat is as new as the list of children'],
    ['FIX', 'a deleted node has no children'],
    ['FIX', 'a node that comes back is followed as before'],
    ['FIX', 'snapshots are frozen'],
    ['FIX', 'an async callback is not called again before it is done'],
  ]),
  chapter('Cache file (`cache-file.ts`, `snapshot-cache.ts`)', [
    ['KEEP', 'only where a file is given; only what a server showed is saved'],
    ['KEEP', 'neither absent nor empty nodes replace what was saved'],
    ['FIX', 'JSON with a version, written beside its place and renamed, shared between processes'],
    ['FIX', 'a damaged file is a cold start with a warning'],
    ['FIX', 'a missing file or entry is no error, and a callback that throws is its own problem'],
    ['FIX', 'the Stat is kept as a plain object', 'Files that Python pickled are not read.'],
  ]),
  chapter('set, unset (`registration-book.ts`, `checked-writes.ts`)', [
    [
      'KEEP',
      'what is refused, in order: no connection, read-only',
      'An error that is in the arguments comes first.',
    ],
    ['FIX', 'a path is a node or data: the other call is an error until `unset`'],
    ['FIX', '`unset` deletes what is ours alone, or by force anything, and leaves nothing behind'],
    ['FIX', 'the outcome of a write is told; the repair goes on'],
    ['FIX', 'one write with the final data; null clears, undefined keeps'],
    ['KEEP, FIX', 'equal data is not written again; nothing is written while it is off'],
    [
      'KEEP',
      'what is set can be asked for and switched on and off',
      'By `registrations()` and `setNode(path, undefined, { state })` instead of an object for each path.',
    ],
    ['KEEP', 'missing parents are made when a creation needs them'],
  ]),
  chapter('Ephemeral nodes (`owned-node.ts`, `registration.ts`, `pace.ts`)', [
    [
      'KEEP',
      'what others delete or write over is put back',
      'A foreign node is left alone while ours is off, and waited for while it is on (N59, N61).',
    ],
    ['KEEP', 'the node comes back after the loss of a session'],
    ['FIX', 'two owners of a path do not fight: data of the caller is compared, with a policy and a pace'],
    [
      'FIX',
      'a node of a session of ours that is over is replaced without a gap',
      'After a crash this needs `sessionFile`.',
    ],
    ['FIX', 'a node that is off deletes only its own'],
    [
      'FIX',
      '`unset` ends the watch',
      'While off, nodes of others are not deleted either, other than in Python.',
    ],
  ]),
  chapter('Data nodes (`data-node.ts`)', [
    ['FIX', 'one write, to the same end state'],
    ['KEEP', 'changes of others are followed, and the old value is written again on request'],
    ['KEEP', 'deleted by others: it stays away until it is set again'],
    ['KEEP', 'a node without bytes holds no data'],
  ]),
  chapter('State, locks, rate limit (`state-callbacks.ts`, `lock-book.ts`, `rate-limiter.ts`)', [
    ['KEEP', 'state callbacks are called at once, and known once'],
    ['FIX', 'they are called on changes; on each transition only if asked for'],
    ['FIX', 'they do not run within the code of the connection'],
    ['FIX', 'one lock for each path, number and name; read-only is honoured'],
    ['KEEP', "the layout of kazoo's semaphore; another number is an error of acquire"],
    ['FIX', 'acquire waits in line and is woken; `wait: 0` tries once'],
    ['FIX', 'the status of a lost lock is false'],
    ['FIX', 'a task runs only while the lock is held'],
    ['KEEP', '`acquireLock` and `releaseLock` by path'],
    ['KEEP', 'the calls that the rate limit slows down', 'Reads through `registry.client` are not counted.'],
    [
      'KEEP, FIX',
      'its formula; async, with fractions',
      'Off by default, other than in Python, and never in what watches read.',
    ],
    { exempt: 'n/a: the level of the log of kazoo' },
  ]),
  chapter('ndsr (`src/cli`)', [
    [
      'KEEP',
      'command, path and flags, with short forms and negations',
      'Flags are not abbreviated, and `--data=true` is refused: `--data` and `--nodata` are the forms.',
    ],
    ['FIX', 'the command may be left out; an unknown one is an error', 'Its exit code is 2, in Python 1.'],
    [
      'KEEP',
      'no rate limit; no connection and bad flags are told on stderr',
      'Exit codes tell errors apart, where Python has 1 for all: 2 usage, 3 no node, 4 no permission, 5 no connection.',
    ],
    ['FIX', 'log lines are on stderr'],
    ['KEEP', 'one object with the path as its key, with data and children on request'],
    [
      'KEEP',
      'yaml, json and dir to the byte, with one line break at the end; an unknown format is an error',
      'An absent path is no line of dir, where Python prints the path.',
    ],
    ['FIX', '-r goes through all that is below'],
    ['FIX', 'paths below the root have one slash'],
    [
      'FIX',
      'an absent path has an exit code of its own, unless `--allow-missing`',
      'It is 3: 2 says usage everywhere.',
    ],
  ]),
  chapter('One registry for frameworks (`shared.ts`, `first-child.ts`)', [
    [
      'KEEP, FIX',
      'one lazy, read-only registry for each process, made on first use',
      'There is no cache file unless one is named: a default in a shared folder would be open to others.',
    ],
    ['KEEP, FIX', '`get` with `wait` for a first child, by watch and not by polling'],
    ['FIX', 'without a connection and a file, neither an error nor another shape'],
  ]),
]

export const where: Where = { folders: ['test'], number: 'N\\d+' }

export const report: Report = {
  title: 'Rows of the Python package',
  intro: `What \`nd_service_registry\` 1.1.0 does and this registry keeps or does better, row by row, with the tests that prove it.
KEEP: the same, on the wire and for the caller. FIX: what hurt its users, with what happens instead. A test that proves a row
carries its number in its name. Those in \`test/interop\` run beside the Python package itself, on one ZooKeeper. Sources are in
\`src/registry\` unless said otherwise. \`npm run rows:report\` makes this file and fails when a row has no test.`,
  exempt: 'that does not apply',
  chapters,
}
