// Identifiers in requests: those of another shape than their kind has are refused as what they are.
import { hasShape, prefixOf } from '#model/identifier.ts'
import { type KindWith, kinds } from '#model/kinds.ts'
import { refuse } from '#model/refusal.ts'

/** An id with the shape of its kind; anything else is refused by its name. */
export function refuseMalformed(kind: KindWith<'prefix'> & KindWith<'noun'>, id: string): void {
  if (hasShape(kind, id)) return
  refuse({ code: 'MalformedId', what: kinds[kind].noun, id, expected: `${prefixOf(kind)}...` })
}
