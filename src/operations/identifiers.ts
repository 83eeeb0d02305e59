// Identifiers of this installation, and those in requests: of another shape than their kind has they are refused as what they are.
import { formatId, hasShape, type IdKind, parseId, prefixOf } from '#model/identifier.ts'
import { type KindWith, kinds } from '#model/kinds.ts'
import { refuse } from '#model/refusal.ts'
import type { ReadContext } from './operation.ts'

/** An id with the shape of its kind; anything else is refused by its name. */
export function refuseMalformed(kind: KindWith<'prefix'> & KindWith<'noun'>, id: string): void {
  if (hasShape(kind, id)) return
  refuse({ code: 'MalformedId', what: kinds[kind].noun, id, expected: `${prefixOf(kind)}...` })
}

/** The identifier of a kind for a number. */
export const idOf = ({ tx }: Pick<ReadContext, 'tx'>, kind: IdKind, n: number): string =>
  formatId(kind, tx.installation, n)
/** The number of an identifier of this installation. */
export const numberOf = ({ tx }: Pick<ReadContext, 'tx'>, kind: IdKind, id: string): number | undefined =>
  parseId(kind, tx.installation, id)
