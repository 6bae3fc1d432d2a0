// Runs test files under tap, some at once, each in a process of its own: files.ts FOLDER FILE..., all relative to the
// working directory. FOLDER is what `compile` made.
import { join } from 'node:path'
import { t } from 'tap'

/** More than the two processors of a small machine: a file waits for its servers half of the time. */
const AT_ONCE = 4
/** For a file; the variable is that of tap. */
const SECONDS = Number(process.env.TAP_TIMEOUT ?? 240)

const [folder, ...files] = process.argv.slice(2)
if (folder === undefined) throw new RangeError('where are the compiled files?')

const env = { ...process.env, NDSR_COMPILED: folder, TAP_TIMEOUT: String(SECONDS) }
// tap has its children note each module that they load, which takes them longer than most files run; env takes that out.
const node = [`NODE_OPTIONS=${process.env.NODE_OPTIONS ?? ''}`, process.execPath, '--enable-source-maps']

t.setTimeout(0)
t.jobs = AT_ONCE
for (const file of files) void run(file)

async function run(file: string): Promise<void> {
  const script = join(folder as string, file.replace(/\.ts$/, '.js'))
  const options = { buffered: true, timeout: SECONDS * 1000, env }
  const results = await t.spawn('env', [...node, script], options, file)
  if (results?.ok && results.count === 0) t.fail(`${file}: no test ran`)
}
