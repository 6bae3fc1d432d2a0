// What the Jute reader throws on bytes that are not the record it was told to expect.

export class JuteError extends Error {
  override readonly name: string = 'JuteError'
  /** Where in the frame, in bytes from its start. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`)
    this.offset = offset
  }
}
