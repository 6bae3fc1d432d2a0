// The commands that pages name, in shell blocks and between back-ticks, held against the programs that they start.
import { readdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseArguments } from '../../../src/cli/program.ts'
import type { Found, Page } from './pages.ts'
import { findAll, inlineCodes, root } from './pages.ts'

export type Scripts = Readonly<Record<string, string>>

/** `npm WORD` that is no script of the project. */
const NPM = ['ci', 'install', 'pack']

/** Everything in a shell block is a command; in the text, what begins with the name of a program that is known here. */
export function commandsOf(page: Page): Found[] {
  const shell = page.blocks.filter(({ language }) => language === 'sh')
  const lines = shell.flatMap(({ line, text }) =>
    text.split('\n').map((code, index) => ({ line: line + index, text: code })),
  )
  const inline = inlineCodes(page).filter(({ text }) => /^(?:\w+=\S* )*(?:ndsr|npm) /.test(text))
  return [...lines, ...inline].flatMap(({ line, text }) =>
    text
      .replace(/(?:^|\s)#.*/, '')
      .split(/&&|\|\||[;|]/)
      .map(command => ({ line, text: command.trim() }))
      .filter(command => command.text !== ''),
  )
}

/** What is wrong with a command; null: nothing. */
export async function faultOf(command: string, scripts: Scripts): Promise<string | null> {
  const [program, ...args] = command.split(/\s+/).filter(word => !/^\w+=/.test(word))
  if (program === 'ndsr') return faultOfNdsr(args)
  if (program === 'npm') return faultOfNpm(args, scripts)
  return `nothing here knows the command ${program}`
}

/** Flags that the text names with both of their forms, such as `-s/--server`, as --help prints them. */
export function flagPairs(page: Page): string[] {
  return findAll(page.prose, /`(-\w\/--[\w-]+)`/g).map(({ text }) => text.replace('/', ', '))
}

/** What `ndsr --help` prints. */
export function help(...args: string[]): string {
  let printed = ''
  const output = { write: (text: string) => (printed += text) }
  parseArguments([...args, '--help'], { stdout: output, stderr: output, env: {} })
  return printed
}

function faultOfNdsr(args: readonly string[]): string | null {
  let printed = ''
  const output = { write: (text: string) => (printed += text) }
  const result = parseArguments(args, { stdout: output, stderr: output, env: {} })
  return result.kind === 'done' && result.exitCode !== 0 ? printed.trim() : null
}

async function faultOfNpm(args: readonly string[], scripts: Scripts): Promise<string | null> {
  const [word = '', ...rest] = args.filter(arg => arg !== '-s')
  if (NPM.includes(word)) return null
  const [name = '', ...given] = word === 'run' ? rest : args
  const script = scripts[name]
  if (script === undefined || (word !== 'run' && name !== 'test'))
    return `there is no npm script for ${args.join(' ')}`
  const flags = given.filter(arg => /^--\w/.test(arg))
  const sources = flags.length === 0 ? '' : await sourcesOf(script)
  const unknown = flags.filter(flag => !new RegExp(`\\b${flag.slice(2)}\\b`).test(sources))
  return unknown.length === 0 ? null : `${script} knows no ${unknown.join(', ')}`
}

/** The text of what lies in the folder of the program that a script starts. */
async function sourcesOf(script: string): Promise<string> {
  const folder = dirname(/(\S+\.ts)$/.exec(script)![1]!)
  const names = (await readdir(root + folder)).filter(name => name.endsWith('.ts'))
  return (await Promise.all(names.map(name => readFile(`${root}${folder}/${name}`, 'utf8')))).join('\n')
}
