// The interface of Standard Schema, version 1 (https://standardschema.dev), as far as a registry needs it.

/** Any validator that speaks Standard Schema: zod, valibot, ArkType, or one written by hand. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => ValidationResult<Output> | Promise<ValidationResult<Output>>
    /** For the compiler only. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

export type ValidationResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly ValidationIssue[] }

/** One thing that is wrong, and where. */
export interface ValidationIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

type TypesOf<S extends StandardSchema> = NonNullable<S['~standard']['types']>

/** What a schema takes. */
export type InputOf<S extends StandardSchema> = TypesOf<S>['input']

/** What a schema makes of it. */
export type OutputOf<S extends StandardSchema> = TypesOf<S>['output']
