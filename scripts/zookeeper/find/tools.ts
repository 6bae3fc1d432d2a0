// Finds programs and runs them, and turns every way they can fail into one short line.
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { resolve as absolute, delimiter } from 'node:path'

export type Env = Readonly<Record<string, string | undefined>>

// A caller with a bare PATH still gets the tools that a system normally has.
const USUAL_FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin', '/opt/homebrew/bin', '/opt/maven/bin']

export const searchPath = (env: Env): string[] => [
  ...new Set([...(env.PATH ?? '').split(delimiter).filter(folder => folder !== ''), ...USUAL_FOLDERS]),
]

export const isExecutable = async (file: string): Promise<boolean> => {
  try {
    await access(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export const findTool = async (name: string, folders: readonly string[]): Promise<string | null> => {
  for (const folder of folders) {
    const file = absolute(folder, name)
    if (await isExecutable(file)) return file
  }
  return null
}

export interface RunOptions {
  readonly env: Env
  readonly cwd?: string
  readonly timeout?: number
  // Where to look before the search path.
  readonly folders?: readonly string[]
}

// Resolves with what the tool printed. Rejects with one line: no such tool, or the first error that it printed.
export const runTool = async (
  name: string,
  args: readonly string[],
  { env, cwd, timeout = 300_000, folders = [] }: RunOptions,
): Promise<string> => {
  const path = [...folders, ...searchPath(env)]
  const file = await findTool(name, path)
  if (file === null) throw new Error(`no ${name} on the PATH`)
  return await new Promise((resolve, reject) => {
    const options = {
      cwd,
      env: { ...env, PATH: path.join(delimiter) },
      timeout,
      killSignal: 'SIGKILL',
      maxBuffer: 16 * 1024 * 1024,
    } as const
    execFile(file, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else if (error.killed === true) reject(new Error(`${name} gave no answer within ${timeout} ms`))
      else reject(new Error(`${name} failed: ${firstError(`${stderr}\n${stdout}`) ?? error.message}`))
    })
  })
}

const firstError = (output: string): string | null => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with one
  const lines = output.replace(/\u001b\[[\d;]*m/g, '').split('\n')
  const text = lines.map(line => line.trim()).filter(line => line !== '')
  const line = text.find(candidate => /^(\[ERROR\]|E:|error)/i.test(candidate)) ?? text[0]
  return line === undefined ? null : line.replace(/^\[ERROR\]\s*|\s*-> \[Help \d+\]$/g, '').slice(0, 300)
}
