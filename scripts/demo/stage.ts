// The stage of the demo: numbered steps, what was seen in each, and a deadline for all that has to be seen.

const PATIENCE = 20_000
const PAUSE = 10

let steps = 0

/** Starts a step. */
export function step(title: string): void {
  steps++
  process.stdout.write(`\n${steps}. ${title}\n`)
}

/** Tells what was seen. */
export function show(line: string): void {
  process.stdout.write(`   ${line}\n`)
}

/** Waits until the probe is true, and tells so; the demo fails if it does not come true in time. */
export async function observe(what: string, probe: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE
  while (!(await probe())) {
    if (performance.now() > end) throw new Error(`not observed within ${PATIENCE / 1000} s: ${what}`)
    await new Promise(resolve => setTimeout(resolve, PAUSE))
  }
  show(`seen: ${what}`)
}
