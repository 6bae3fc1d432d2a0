// `npm run test:differential`: looks for programs on which the embedded server and a real one differ.
import { readFile } from 'node:fs/promises'
import type { Command } from './args.ts'
import { parseCommand, USAGE } from './args.ts'
import { printDifference, printProgram } from './print.ts'
import { parseProgram } from './program.ts'
import { Rivals } from './rivals.ts'
import { search } from './search.ts'
import { startPair } from './servers.ts'

const REPORT_EVERY = 500

async function main(): Promise<void> {
  const command = parseCommand(process.argv.slice(2), Math.floor(Math.random() * 2 ** 31))
  if (command.kind === 'help') return console.log(USAGE)
  await using pair = await startPair()
  console.log(`embedded server against ZooKeeper ${pair.version}`)
  const rivals = new Rivals(pair.embedded, pair.real)
  const agreed = command.kind === 'replay' ? await replay(rivals, command.files) : await run(rivals, command)
  rivals.leave()
  if (!agreed) process.exitCode = 1
}

async function run(rivals: Rivals, { seed, programs }: Command & { kind: 'search' }): Promise<boolean> {
  console.log(`seed ${seed}, ${programs} programs`)
  const began = performance.now()
  const found = await search(program => rivals.differ(program), {
    seed,
    programs,
    onProgram: count => {
      if (count % REPORT_EVERY === 0) console.log(`${count} programs, ${seconds(began)} s`)
    },
  })
  if (found.type === 'agreement') {
    console.log(
      `seed ${seed}: ${found.programs} programs, ${found.commands} commands, no difference, ${seconds(began)} s`,
    )
    return true
  }
  console.log(`seed ${seed}: a difference in program ${found.after}, ${seconds(began)} s`)
  console.log(printProgram(found.program))
  console.log(printDifference(found.difference))
  return false
}

async function replay(rivals: Rivals, files: readonly string[]): Promise<boolean> {
  let agreed = true
  for (const file of files) {
    const difference = await rivals.differ(parseProgram(await readFile(file, 'utf8')))
    console.log(`${file}: ${difference === null ? 'no difference' : printDifference(difference)}`)
    if (difference !== null) agreed = false
  }
  return agreed
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1)
}

main().catch(error => {
  console.error(error)
  process.exitCode = 1
})
