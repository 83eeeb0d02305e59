// Differences that somebody has set aside: their findings say so.
import { aspectOf, type DifferenceKind, differenceKinds } from '#model/observed-difference.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { Finding } from '#store/tables/findings.ts'
import type { Source } from '#store/tables/sources.ts'
import { differenceControls } from '../finding/difference-controls.ts'
import { isSetAside } from '../finding/settle.ts'
import type { ReadContext } from '../operation.ts'

export const differenceStates = ['open', 'ignored'] as const
export type DifferenceState = (typeof differenceStates)[number]

interface Named {
  readonly id: string
  readonly kind: DifferenceKind
}

/**
 * The findings of differences, by the ids of these. Who may see more of the register than what is below the source's node may see another
 * difference than the one that was found for those there: then it is that one's.
 */
export async function findingsOf(
  tx: ReadTransaction,
  source: Source,
  differences: readonly Named[],
): Promise<ReadonlyMap<string, Finding>> {
  const identityOf = (id: string, kind: DifferenceKind) => ({
    control: differenceControls[kind].name,
    resource: id,
    source: source.id,
  })
  const exact = await tx.findings.some(differences.map(({ id, kind }) => identityOf(id, kind)))
  const found = new Map(exact.map((one) => [one.resource, one]))
  const others = differences.flatMap(({ id, kind }) =>
    found.get(id)?.status === 'open' || found.get(id)?.status === 'suppressed'
      ? []
      : kinds.filter((one) => one !== kind && aspectOf(one) === aspectOf(kind)).map((one) => identityOf(id, one)),
  )
  for (const one of await tx.findings.some(others)) if (one.status !== 'resolved') found.set(one.resource, one)
  return found
}
const kinds = Object.keys(differenceKinds) as readonly DifferenceKind[]

/** Of differences those in a state; without one, all. */
export async function inState<One extends Named>(
  { tx, now }: ReadContext,
  source: Source,
  differences: readonly One[],
  state: DifferenceState | undefined,
): Promise<readonly One[]> {
  if (state === undefined || differences.length === 0) return differences
  const findings = await findingsOf(tx, source, differences)
  return differences.filter(({ id }) => {
    const finding = findings.get(id)
    const isIgnored = finding !== undefined && isSetAside(finding, now)
    return isIgnored === (state === 'ignored')
  })
}
