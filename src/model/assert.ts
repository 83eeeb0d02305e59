// The model's own assertion: the model imports nothing, not even `node:assert`.

/**
 * Ends with a fault where `condition` is false: a bug of ours, never bad input.
 * @param what must hold, with the facts; as a function where they are put together for every allocation
 */
export function assert(condition: boolean, what: string | (() => string)): asserts condition {
  if (!condition) throw new Error(`bug: ${typeof what === 'string' ? what : what()}`)
}
