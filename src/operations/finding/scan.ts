// Going through the space that a change can touch, a part at a time, from wherever the last part ended.
import { formatCidr, toKey } from '#model/cidr.ts'
import { formatId, parseId } from '#model/identifier.ts'
import { provider } from '#model/policy/decision.ts'
import { isOverAt } from '#model/policy/exception.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import type { ExceptionUse } from '#store/tables/exceptions.ts'
import type { Scan, Scope } from '#store/tables/finding-scans.ts'
import type { Allocation, HolderName } from '#store/tables/holdings.ts'
import type { Looking } from '../policy/tag-findings.ts'
import { exceptionEnded } from './controls.ts'
import type { Looked, Seen } from './settle.ts'
import { idOfSpace, isEvaluated, mayBeBrought, type Space } from './spaces.ts'

/** Space that one part looks at, and holders whose space is asked for before it is found: less than an allocation takes of the CPU alone. */
export const spacesPerTurn = 64
const holdersPerTurn = 256

export interface Part {
  readonly spaces: readonly Space[]
  /** What was seen without looking at space. */
  readonly seen?: readonly Looked[]
  /** Where to go on; undefined: it is through. */
  readonly place: string | undefined
  /** How many rows were read. */
  readonly looked: number
}

/** Scopes of holders that are gone through at once: however many there are, holders are asked for once. */
export class HolderScopes {
  readonly #byNode: ReadonlyMap<string | undefined, readonly Scope[]>
  constructor(scopes: readonly Scope[]) {
    this.#byNode = Map.groupBy(scopes, ({ node }) => node)
  }
  has(snapshot: Snapshot, holder: HolderName): boolean {
    if (!isEvaluated(holder)) return false
    const isAny = (node: string | undefined): boolean =>
      this.#byNode.get(node)?.some((scope) => isOfPair(holder, scope)) ?? false
    return isAny(undefined) || pathOf(snapshot, holder.account).some(isAny)
  }
}

/** What is looked through in one go. */
export type Look = Scope | HolderScopes
/** Each pool by itself, and all else at once. */
export function looksAt(scopes: readonly Scope[]): readonly Look[] {
  if (scopes.some((scope) => Object.keys(scope).length === 0)) return [{}]
  const [inPools, ofHolders] = [true, false].map((isPool) =>
    scopes.filter(({ pool }) => (pool !== undefined) === isPool),
  )
  return [...inPools!, ...(ofHolders!.length > 0 ? [new HolderScopes(ofHolders!)] : [])]
}

export function readScan(
  context: Looking,
  { scope, place }: { readonly scope: Look; readonly place: Scan['place'] },
): Promise<Part> {
  if (scope instanceof HolderScopes) return ofHolders(context, scope, place)
  if (scope.exception !== undefined) return underException(context, scope.exception, place)
  if (scope.pool !== undefined) return inPool(context, scope.pool, place)
  if (Object.keys(scope).length === 0) return everything(context, place)
  return ofHolders(context, new HolderScopes([scope]), place)
}

function partOf<S extends Space>(spaces: readonly S[], placeOf: (last: S) => string): Part {
  const place = spaces.length < spacesPerTurn ? undefined : placeOf(spaces.at(-1)!)
  return { spaces, place, looked: spaces.length }
}

/** What pools gave, and then what nobody did: places of that begin so. */
const ofBrought = 'b'
async function everything({ tx }: Looking, place: string): Promise<Part> {
  if (place.startsWith(ofBrought)) {
    const brought = await tx.broughtSpace.all(Number(place.slice(ofBrought.length)), spacesPerTurn)
    return partOf(brought, ({ n }) => `${ofBrought}${n}`)
  }
  const after = place === '' ? -1 : Number(place)
  const part = partOf(await tx.allocationLists.all(after, spacesPerTurn), ({ n }) => String(n))
  return part.place === undefined ? { ...part, place: `${ofBrought}-1` } : part
}

/** The provider's own pools are told by no policy; space of either family is looked at, one after the other. */
async function inPool({ tx }: Looking, pool: string, place: string): Promise<Part> {
  const numbers =
    pool === provider
      ? [await tx.pools.ofProvider(4), await tx.pools.ofProvider(6)].flatMap((one) => one?.n ?? [])
      : [parseId('pool', tx.installation, pool) ?? -1]
  const [from, key] = place === '' ? [numbers[0], ''] : place.split('/')
  const at = numbers.indexOf(Number(from))
  if (at < 0) return { spaces: [], place: undefined, looked: 0 }
  const after = key === '' ? undefined : new Uint8Array(Buffer.from(key!, 'hex'))
  const n = numbers[at]!
  const part = partOf(await tx.allocations.ofPool(n, after, spacesPerTurn), (last) => `${n}/${hexOf(last)}`)
  const next = numbers[at + 1]
  return part.place === undefined && next !== undefined ? { ...part, place: `${next}/` } : part
}
const hexOf = ({ cidr }: Allocation): string => Buffer.from(toKey(cidr)).toString('hex')

/** Of one holder after the other, whose account is at the node or below it, as the tree is now: what has moved is looked at by itself. */
async function ofHolders(context: Looking, scopes: HolderScopes, place: string): Promise<Part> {
  const { tx } = context
  const snapshot = await context.snapshot()
  const [from, rest = ''] = place === '' ? ['0', '-1'] : place.split('/')
  const first = Number(from)
  const isBroughtNext = rest.startsWith(ofBrought)
  const after = Number(isBroughtNext ? rest.slice(ofBrought.length) : rest)
  const holders = await tx.allocationLists.holdersFrom(first, holdersPerTurn)
  const spaces: Space[] = []
  for (const holder of holders) {
    if (!scopes.has(snapshot, holder)) continue
    const { n } = holder
    for (const kind of mayBeBrought(holder) ? ['', ofBrought] : ['']) {
      const isNext = n === first && (kind === ofBrought) === isBroughtNext
      if (n === first && isBroughtNext && !isNext) continue
      const behind = isNext ? after : -1
      const room = spacesPerTurn - spaces.length
      const found = await (kind === ofBrought
        ? tx.broughtSpace.ofHolder(n, behind, room)
        : tx.allocationLists.ofHolders([n], behind, room))
      spaces.push(...found)
      // There may be more of the same, which the next part begins with.
      if (found.length === room) return { spaces, place: `${n}/${kind}${found.at(-1)!.n}`, looked: spaces.length }
    }
  }
  const isThrough = holders.length < holdersPerTurn
  return { spaces, place: isThrough ? undefined : `${holders.at(-1)!.n + 1}/-1`, looked: spaces.length }
}

/** Space that belongs to no Region is where its pool is: nobody knows before it is read. */
const isOfPair = ({ resourceType, region }: HolderName, { resourceType: type, locale }: Scope): boolean =>
  (type === undefined || type === resourceType) && (locale === undefined || region === '' || locale === region)

/** What was given under an exception, the latest first: a finding where it is over. */
async function underException({ tx, now }: Looking, id: string, place: string): Promise<Part> {
  const exception = await tx.exceptions.find(id)
  if (!exception) return { spaces: [], place: undefined, looked: 0 }
  const uses = await tx.exceptions.held([id], place === '' ? Number.MAX_SAFE_INTEGER : Number(place), spacesPerTurn)
  const isOver = isOverAt(exception, now)
  const seen = uses.filter(hasAllocation).map((use): Seen => {
    const { allocation: n, account: node, resourceType, cidr, decision, resourceId } = use
    const facts = {
      cidr: formatCidr(cidr),
      ...(resourceId === undefined ? {} : { resourceId }),
      exceptionId: id,
      decisionId: formatId('decision', tx.installation, decision),
    }
    const resource = idOfSpace(tx.installation, { n, resourceType })
    return { resource, node, resourceType, locale: exception.locale, facts: isOver ? facts : undefined }
  })
  return {
    spaces: [],
    seen: [{ control: exceptionEnded, seen }],
    place: uses.length < spacesPerTurn ? undefined : String(uses.at(-1)!.decision),
    looked: uses.length,
  }
}
const hasAllocation = (use: ExceptionUse): use is ExceptionUse & { readonly allocation: number } =>
  use.allocation !== undefined
