// Which accounts an IPAM looks at: its own, and where its account administers IPAM for the organization, all others but those of
// units that are left out.
import { pathOf, type Snapshot } from './policy/snapshot.ts'

/** A unit whose accounts are not looked at: those right in it, or all below it too. */
export interface ExcludedUnit {
  readonly unit: string
  readonly isDeep: boolean
}

/** Where an IPAM looks. */
export interface Looking {
  readonly account: string
  /** Of all that it discovers with. */
  readonly exclusions: readonly ExcludedUnit[]
}

/** Whether it looks at more accounts than its own. */
export const looksAtOthers = ({ delegatedAdministrator }: Snapshot, account: string): boolean =>
  delegatedAdministrator === account

export function isLookedAt(snapshot: Snapshot, { account: own, exclusions }: Looking, account: string): boolean {
  if (account === own) return true
  if (!looksAtOthers(snapshot, own) || snapshot.nodes.get(account)?.kind !== 'account') return false
  const path = pathOf(snapshot, account)
  return !exclusions.some(({ unit, isDeep }) => (isDeep ? path.includes(unit) : path.at(-2) === unit))
}

/** The unit that some exclusions leave out twice; undefined where they are apart. */
export function excludedTwice(snapshot: Snapshot, exclusions: readonly ExcludedUnit[]): string | undefined {
  return exclusions.find(({ unit }, index) =>
    exclusions.some(
      (other, at) =>
        at !== index &&
        (other.unit === unit ? at < index : other.isDeep && pathOf(snapshot, unit).includes(other.unit)),
    ),
  )?.unit
}
