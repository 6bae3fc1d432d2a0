// Removes the build output, so that a deleted source leaves no stale module in the package.
import { rm } from 'node:fs/promises'

await rm(new URL('../dist', import.meta.url), { recursive: true, force: true })
