// A process of clients: plays what it is told to in its argument, and obeys the lines on its standard input.
import { createInterface } from 'node:readline'
import { historyToText } from '../serial.ts'
import type { CrewOptions } from '../workload/crew.ts'
import { LocalCrew } from '../workload/crew.ts'

const crew = new LocalCrew(JSON.parse(process.argv[2]!) as CrewOptions)
const answer = (text: string): unknown => process.stdout.write(`${text}\n`)
const lines = createInterface({ input: process.stdin })
answer('playing')
for await (const line of lines) {
  const [command, patience] = line.split(' ')
  if (command === 'quiet') answer(await crew.quiet(Number(patience)).then(() => 'quiet'))
  else if (command === 'report') answer(historyToText(await crew.report()))
  else {
    answer(historyToText(await crew.close()))
    break
  }
}
// Whoever gave the commands may be gone without a word.
await crew.close()
// What was read from is no reason to stay; what a client left behind would be one.
process.stdin.destroy()
