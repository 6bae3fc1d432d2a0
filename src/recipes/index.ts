// nd-service-registry/recipes: coordination between processes, made of znodes.
export type { RecipeErrorCode } from './errors.ts'
export { RecipeError } from './errors.ts'
export type { AcquireOptions, SemaphoreOptions } from './semaphore.ts'
export { Semaphore } from './semaphore.ts'
export { Tenure } from './tenure.ts'
