// Why a registration is not as wanted, in errors.
import { ServiceRegistryError } from './errors.ts'

export function stopped(path: string): ServiceRegistryError {
  return new ServiceRegistryError('STOPPED', 'the registry was stopped', { path })
}

/** `foreign`: another session has it; `nobodys`: a persistent node is there. */
export function ownedByOther(path: string, obstacle: 'foreign' | 'nobodys'): ServiceRegistryError {
  const what = obstacle === 'nobodys' ? 'a persistent node stands there' : 'another session holds it'
  return new ServiceRegistryError('OWNED_BY_OTHER', `${path}: ${what}, and only its owner takes it away`, {
    path,
  })
}

export function takenOver(path: string, owner: bigint): ServiceRegistryError {
  const message = `${path}: taken over from session 0x${owner.toString(16)}, which is alive`
  return new ServiceRegistryError('TAKEN_OVER', message, { path })
}
