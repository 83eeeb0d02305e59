// Identifiers in requests: of which kind they are, and the rows that those made of numbers stand for.
import { hasShape, type IdKind } from '#model/identifier.ts'
import { type Noun, refuse } from '#model/refusal.ts'

/** An id with the shape of its kind; anything else is refused by its name. */
export function refuseMalformed(kind: IdKind, what: Noun, id: string, expected: string): void {
  if (!hasShape(kind, id)) refuse({ code: 'MalformedId', what, id, expected })
}
