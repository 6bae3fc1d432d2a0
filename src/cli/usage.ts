// How the command lines of ndsr print help and usage errors, and end: names of flags, never what might be a secret.
import type { Command, OutputConfiguration } from 'commander'
import { CommanderError } from 'commander'
import { exitCodes } from './exit-codes.ts'
import type { Output } from './log.ts'

export interface Streams {
  readonly stdout: Output
  readonly stderr: Output
}

/** Help, the version or a usage error: all is said. */
export interface Done {
  readonly kind: 'done'
  readonly exitCode: 0 | 2
}

/** What an error of the parser comes to; any other one is thrown on. */
export function doneWith(error: unknown): Done {
  if (!(error instanceof CommanderError)) throw error
  return { kind: 'done', exitCode: error.exitCode === 0 ? exitCodes.ok : exitCodes.usage }
}

export function outputTo({ stdout, stderr }: Streams): OutputConfiguration {
  return {
    writeOut: text => stdout.write(text),
    writeErr: text => stderr.write(text),
    outputError: (text, write) => write(withoutValues(text).replace(/^error: /, 'ndsr: ')),
    getOutHelpWidth: () => 100,
    getErrHelpWidth: () => 100,
  }
}

/** A password with a space in it and without quotes leaves its end behind as a word. */
export function mayBePassword(program: Command, word: string): boolean {
  return !word.startsWith('/') && program.getOptionValueSource('password') === 'cli'
}

/** A misspelt --password=..., or one that the command does not have, is an unknown flag with the value behind it. */
function withoutValues(message: string): string {
  return message.replace(/unknown option '(--[\w-]*|-[^-])[\s\S]*'/, (_, name: string) => {
    // --passwordVALUE, as it is written behind -p.
    return `unknown option '${/^--password/i.exec(name)?.[0] ?? name}'`
  })
}
