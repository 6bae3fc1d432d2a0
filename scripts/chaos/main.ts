// `npm run test:chaos`: torments clients of the embedded server and of a real ensemble, and tells what was found.
import { writeFile } from 'node:fs/promises'
import { run } from '../../test/chaos/run.ts'
import { historyToText } from '../../test/chaos/serial.ts'
import { summaryOf } from '../../test/chaos/summary.ts'
import { embeddedTarget } from '../../test/chaos/targets/embedded.ts'
import { ensembleTarget } from '../../test/chaos/targets/ensemble.ts'
import type { Command, TargetName } from './args.ts'
import { parseCommand, USAGE } from './args.ts'

async function main(): Promise<void> {
  const command = parseCommand(process.argv.slice(2), Math.floor(Math.random() * 2 ** 31))
  if (command.kind === 'help') return console.log(USAGE)
  for (const name of command.targets) await torment(name, command)
}

async function torment(name: TargetName, command: Command & { kind: 'run' }): Promise<void> {
  const { seed, seconds, clients, processes, keep } = command
  await using target = await (name === 'embedded' ? embeddedTarget() : ensembleTarget())
  console.log(`${target.name}, seed ${seed}, ${seconds} s`)
  const result = await run({ target, seed, seconds, clients, processes })
  console.log(summaryOf(result))
  console.log(`${result.violations.length} failed checks`)
  if (keep !== undefined) await writeFile(keep, historyToText(result.history))
  if (result.violations.length > 0) process.exitCode = 1
}

main().catch(error => {
  console.error(error)
  process.exitCode = 1
})
