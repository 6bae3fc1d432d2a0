// The life of a client's process: it says that it is ready, answers task after task, and ends with its input.
import { createInterface } from 'node:readline'
import type { Answer, Task } from './task.ts'
import { parseTask } from './task.ts'

export async function serve(run: (task: Task) => Promise<Answer>): Promise<void> {
  print({ ready: true })
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      print(await run(parseTask(line)))
    } catch (error) {
      print({ error: error instanceof Error ? error.message : String(error) })
    }
  }
  process.exit(0)
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
