// How what a source says is there differs from what the register has, in both directions.
import { purposeProblem } from './address-space.ts'
import { type Cidr, contains, equals, overlaps, parseCidr } from './cidr.ts'
import type { Observation, ObservedKind } from './observation.ts'

export const differenceKinds = {
  unregistered: 'It is there, and the register has nothing of exactly this block.',
  'unregistered-public': 'The same of public space, which is one space for everybody.',
  'other-owner': 'The register has the block for another account.',
  'other-resource': 'The register has the block for another resource of the same account.',
  'other-block': 'The register has other space for the resource, and not this block.',
  gone: 'The register has it, and it was in none of the last two snapshots that would have had it.',
  overlap: 'Something else in the same space has it too, or has space around it.',
  unseen: 'The register has it where the source tells what is there, and the source has not told of it.',
} as const
export type DifferenceKind = keyof typeof differenceKinds
/** What a difference is about: an observation, what it overlaps with, or an allocation that no observation is of. */
export const aspectOf = (kind: DifferenceKind): 'observed' | 'overlap' | 'unseen' =>
  kind === 'overlap' || kind === 'unseen' ? kind : 'observed'

/** What takes space by itself: the others name space that something else takes, or hold what does. */
const namesSpaceAlone: ReadonlySet<ObservedKind> = new Set([
  'container',
  'pool',
  'prefix-list',
  'peer-range',
  'registration',
])
export const takesSpace = (kind: ObservedKind): boolean => !namesSpaceAlone.has(kind)

/** What others have their space inside of: it is there before they are. */
export const holdsOthers = (kind: ObservedKind): boolean => kind === 'network' || kind === 'subnet'
/** Of one address several may tell: a load balancer has it, and the interface of the load balancer too. */
const mayShare: ReadonlySet<ObservedKind> = new Set([
  'address',
  'load-balancer',
  'nat-gateway',
  'database',
  'reservation',
  'allocation',
])

/** Public space is one space, wherever it is seen; in a network of its own it may be used as if it were private. */
export const isPublic = ({ cidr, space }: Pick<Observation, 'cidr' | 'space'>): boolean =>
  space === '' && purposeProblem(cidr, 'public-pool') === undefined

/** An allocation, as far as a source could know of it. */
export interface Registered {
  readonly n: number
  readonly cidr: Cidr
  readonly account: string
  readonly resourceId?: string | undefined
}
type Told = Pick<Observation, 'kind' | 'cidr' | 'space' | 'id' | 'key'> & { readonly parent?: string | undefined }
/** What a source says, with the number of the account that it means where the register has that account. */
export interface Seen {
  readonly observation: Told
  readonly account: string | undefined
  readonly isGone: boolean
}
export interface Difference<Space extends Registered = Registered> {
  readonly kind: DifferenceKind
  /** The allocation that it differs from. */
  readonly registered?: Space | undefined
}
/** What there is to compare with. */
export interface Beside<Space extends Registered> {
  /** Allocations of exactly its block, in the scope that its space belongs to. */
  readonly ofBlock: readonly Space[]
  /** Allocations of the same resource, anywhere. */
  readonly ofResource: readonly Space[]
  /** What the source says of exactly its block in the same space, and is there. */
  readonly alike: readonly Told[]
  /** Blocks that the source says the same object has. */
  readonly blocks: readonly Cidr[]
}

/** The difference, or undefined where there is none. */
export function differenceOf<Space extends Registered>(
  { observation, account, isGone }: Seen,
  { ofBlock, ofResource, alike, blocks }: Beside<Space>,
): Difference<Space> | undefined {
  const { cidr, id, key, kind } = observation
  const isOwners = (registered: Registered): boolean => account === undefined || registered.account === account
  const isOfIt = ({ resourceId }: Registered): boolean =>
    resourceId === undefined || id === '' || resourceId === id || resourceId === key
  const same = ofBlock.find((one) => isOfIt(one) && isOwners(one))
  if (isGone) return same && { kind: 'gone', registered: same }
  if (same) return undefined
  // A subnet may have all of its network: what encloses it is nothing that it could be taken for.
  const others = ofBlock.filter(({ resourceId }) => resourceId === undefined || !isAround(observation, resourceId))
  const other = others.find(isOfIt)
  if (other) return { kind: 'other-owner', registered: other }
  const [taken] = others
  if (taken) {
    const isShared = others.some((one) => isOwners(one) && isOfOneOf(one, kind, alike))
    if (isShared) return undefined
    return { kind: isOwners(taken) ? 'other-resource' : 'other-owner', registered: taken }
  }
  // A resource may have several blocks: one that it has too was not exchanged for this one.
  const elsewhere = ofResource.find(
    (one) => one.cidr.family === cidr.family && !equals(one.cidr, cidr) && !blocks.some((has) => equals(has, one.cidr)),
  )
  if (elsewhere) return { kind: 'other-block', registered: elsewhere }
  return { kind: isPublic(observation) ? 'unregistered-public' : 'unregistered' }
}

/** Whether an id is that of what encloses it. */
const isAround = ({ id, key, space, parent }: Told, resourceId: string): boolean =>
  resourceId !== id && resourceId !== key && (resourceId === parent || resourceId === space)

const isOfOneOf = ({ resourceId }: Registered, kind: ObservedKind, alike: readonly Told[]): boolean =>
  mayShare.has(kind) && alike.some((one) => mayShare.has(one.kind) && (one.id === resourceId || one.key === resourceId))

/**
 * What else of the same space an observation overlaps with; undefined where there is nothing wrong. Networks lie inside of networks, and
 * what an observation names as its parent is around it; everything else of one kind has its space for itself.
 * @param around what the source says of its block and of blocks around it, in the same space, and is there
 */
export function overlapOf<Other extends Told>(observation: Told, around: readonly Other[]): Other | undefined {
  const { kind, space, cidr, parent } = observation
  if (!takesSpace(kind) || mayShare.has(kind)) return undefined
  return around.find(
    (other) =>
      other.kind === kind &&
      other.space === space &&
      overlaps(other.cidr, cidr) &&
      !isSameObject(observation, other) &&
      (equals(other.cidr, cidr) || (kind !== 'network' && (parent === undefined || parent === space))),
  )
}
const isSameObject = (one: Told, other: Told): boolean =>
  one.key !== '' ? one.key === other.key : other.key === '' && equals(one.cidr, other.cidr)

/** What a source is expected to tell of: what is in all that is said; of what nothing is said, all. CIDRs are texts, as they are kept. */
export interface Coverage {
  readonly nodes?: readonly string[]
  readonly locales?: readonly string[]
  readonly blocks?: readonly string[]
}
/** Whether it is expected to tell of something that the register has. */
export const isExpected = (
  { nodes, locales, blocks }: Coverage,
  { path, locale, cidr }: { readonly path: readonly string[]; readonly locale: string; readonly cidr: Cidr },
): boolean =>
  (nodes === undefined || path.some((node) => nodes.includes(node))) &&
  (locales === undefined || locales.includes(locale)) &&
  (blocks === undefined || blocks.some((block) => contains(parseCidr(block)!, cidr)))

/** What a source has told of a part of the register, at the moment of its listing. */
export interface ToldOf {
  readonly takenAt: number
  /** It tells what the account has in the locale, or is expected to. */
  readonly isCovered: boolean
  /** It could not list that this time. */
  readonly isUnlisted: boolean
  /** It says something of exactly this block, or of the resource: then that is where the difference is. */
  readonly isMentioned: boolean
}
/** Whether the register has what the source should have told of, and has not. */
export const isUnseen = (
  { createdAt }: { readonly createdAt: number },
  { takenAt, isCovered, isUnlisted, isMentioned }: ToldOf,
): boolean => createdAt < takenAt && isCovered && !isUnlisted && !isMentioned
