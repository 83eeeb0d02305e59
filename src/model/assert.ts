// The model's own assertion: the model imports nothing, not even `node:assert`.

/** Ends with a fault where `condition` is false: a bug of ours, never bad input. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`bug: ${what}`)
}
