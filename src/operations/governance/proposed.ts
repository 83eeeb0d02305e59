// What change requests are made of.

/** An operation of the native API with its input: what is meant, and not what it makes of rows. */
export interface ProposedOperation {
  readonly operation: string
  readonly input: Readonly<Record<string, unknown>>
  readonly as?: string | undefined
}
