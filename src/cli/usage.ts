// How the command lines of ndsr print help and usage errors: names of flags, never what might be a secret.
import type { Command, OutputConfiguration } from 'commander'
import type { Output } from './log.ts'

export interface Streams {
  readonly stdout: Output
  readonly stderr: Output
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
