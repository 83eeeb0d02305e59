// Differences that somebody has set aside: their findings say so.
import type { DifferenceKind } from '#model/observed-difference.ts'
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

/** The findings of differences, by the ids of these. */
export async function findingsOf(
  tx: ReadTransaction,
  source: Source,
  differences: readonly Named[],
): Promise<ReadonlyMap<string, Finding>> {
  const identities = differences.map(({ id, kind }) => ({
    control: differenceControls[kind].name,
    resource: id,
    source: source.id,
  }))
  return new Map((await tx.findings.some(identities)).map((one) => [one.resource, one]))
}

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
