// What change requests are made of, and what comes of doing it.

/** An operation of the native API with its input: what is meant, and not what it makes of rows. */
export interface ProposedOperation {
  readonly operation: string
  readonly input: Readonly<Record<string, unknown>>
  readonly as?: string | undefined
}

/**
 * What an operation of a list refers to, as it was found when the list was tried: so it is made, whatever is called so, and whatever stands
 * there, by then.
 */
export interface Binding {
  /** Of its names, in the order in which they are met: ids, or `$3.poolId` for a member of what the operation of that number answers. */
  readonly names: readonly string[]
  /** Members that say in which state something was looked at; `$3.version` where the operation of that number makes it. */
  readonly pins?: Readonly<Record<string, string>>
}
/** Ids in the answer of an operation that was done, and the number of a version, by their names: later ones refer to them. */
export type Answered = Readonly<Record<string, string>>

/** How a list is done. */
export interface ListHow {
  /** The operations from one number to before another; all by default. */
  readonly from?: number
  readonly to?: number
  /** Nothing is looked for by its name: it is made as it was found then. */
  readonly bindings?: readonly Binding[] | undefined
  /** It was prepared when something was made, and is as long as that makes it. */
  readonly isPrepared?: boolean
  /** What those before have made, in another transaction. */
  readonly made?: readonly Answered[]
  /** Called whenever so many are done. */
  readonly behind?: { readonly counts: readonly number[]; call(): Promise<void> }
}
export interface DoneList {
  readonly results: readonly { readonly operation: string; readonly id?: string; readonly as?: string }[]
  /** Of those that were done. */
  readonly bindings: readonly Binding[]
  /** Of all so far. */
  readonly made: readonly Answered[]
}
