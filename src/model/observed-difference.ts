// How what a source says is there differs from what the register has.
import { type Cidr, equals } from './cidr.ts'
import type { Observation, ObservedKind } from './observation.ts'

export const differenceKinds = {
  unregistered: 'It is there, and the register has nothing of exactly this block.',
  'other-owner': 'The register has the block for another account.',
  'other-resource': 'The register has the block for another resource of the same account.',
  'other-block': 'The register has other space for the resource, and not this block.',
  gone: 'The register has it, and it was in none of the last two snapshots that would have had it.',
} as const
export type DifferenceKind = keyof typeof differenceKinds

/** What takes space by itself: the others name space that something else takes, or hold what does. */
const namesSpaceAlone: ReadonlySet<ObservedKind> = new Set([
  'container',
  'pool',
  'prefix-list',
  'peer-range',
  'registration',
])
export const takesSpace = (kind: ObservedKind): boolean => !namesSpaceAlone.has(kind)

/** An allocation, as far as a source could know of it. */
export interface Registered {
  readonly n: number
  readonly cidr: Cidr
  readonly account: string
  readonly resourceId?: string | undefined
}
/** What a source says, with the number of the account that it means where the register has that account. */
export interface Seen {
  readonly observation: Pick<Observation, 'kind' | 'cidr' | 'id' | 'key'>
  readonly account: string | undefined
  readonly isGone: boolean
}
export interface Difference<Space extends Registered = Registered> {
  readonly kind: DifferenceKind
  /** The allocation that it differs from. */
  readonly registered?: Space
}

/**
 * The difference, or undefined where there is none.
 * @param ofBlock allocations of exactly its block, in the scope that its space belongs to
 * @param ofResource allocations of the same resource, anywhere
 */
export function differenceOf<Space extends Registered>(
  { observation, account, isGone }: Seen,
  ofBlock: readonly Space[],
  ofResource: readonly Space[],
): Difference<Space> | undefined {
  const { cidr, id, key } = observation
  const isOfIt = ({ resourceId }: Registered): boolean =>
    resourceId === undefined || id === '' || resourceId === id || resourceId === key
  const isOwners = (registered: Registered): boolean => account === undefined || registered.account === account
  const same = ofBlock.find((one) => isOfIt(one) && isOwners(one))
  if (isGone) return same && { kind: 'gone', registered: same }
  if (same) return undefined
  const other = ofBlock.find(isOfIt)
  if (other) return { kind: 'other-owner', registered: other }
  const [taken] = ofBlock
  if (taken) return { kind: isOwners(taken) ? 'other-resource' : 'other-owner', registered: taken }
  const elsewhere = ofResource.find((one) => one.cidr.family === cidr.family && !equals(one.cidr, cidr))
  return elsewhere ? { kind: 'other-block', registered: elsewhere } : { kind: 'unregistered' }
}
