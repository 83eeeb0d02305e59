// Differences as findings: each is the same one again for as long as what it is about and its kind are. After each snapshot that holds, and
// once an hour for what the register has become, they are looked through a part at a time; what is as it was is not written.
import { formatCidr } from '#model/cidr.ts'
import type { Facts, Suppression } from '#model/finding.ts'
import { type DifferenceKind, differenceKinds } from '#model/observed-difference.ts'
import type { ReadTransaction, Transaction } from '#store/store.ts'
import type { Source } from '#store/tables/sources.ts'
import { type DifferenceFacts, differenceControls, sourceStale } from '../finding/difference-controls.ts'
import { changeSuppression } from '../finding/findings.ts'
import { type Seen, settle, unsettled } from '../finding/settle.ts'
import type { ReadContext, ReadOperation, WriteContext, WriteOperation } from '../operation.ts'
import { Comparing, comparedAtOnce } from './comparing.ts'
import { aspects, differencesCalled, findDifferences, type ListedDifference, readRows } from './differences.ts'
import { findingsOf } from './ignored.ts'
import { freshnessOf } from './sources.ts'

const kinds = Object.keys(differenceKinds) as readonly DifferenceKind[]
const everyMs = 3_600_000
/** Findings that are looked at again in one part. */
const sweptAtOnce = 200

/** What a control sees of a difference. */
export function seenOf(source: Source, one: ListedDifference): Seen {
  const { id, node, stored, registered } = one
  const resourceType = one.evaluated?.request.resourceType ?? registered?.allocation.resourceType ?? stored?.body.type
  const locale = stored?.locale || registered?.allocation.region
  return {
    resource: id,
    source: source.id,
    node,
    ...(resourceType === undefined ? {} : { resourceType }),
    ...(locale === undefined || locale === '' ? {} : { locale }),
    facts: factsOf(one),
  }
}
function factsOf({ cidr, stored, evaluated, registered, other }: ListedDifference): Facts {
  const facts: DifferenceFacts = {
    cidr: formatCidr(cidr),
    ...(stored?.id ? { id: stored.id } : {}),
    ...(stored?.account ? { owner: stored.account } : {}),
    ...(stored ? { kind: stored.kind } : {}),
    ...(evaluated ? { policy: evaluated.answer } : {}),
    ...(registered ? { allocationId: registered.id } : {}),
    ...(other ? { overlaps: other.id || formatCidr(other.cidr) } : {}),
  }
  return facts
}

// What is done at once -----------------------------------------------------------------------------------------------

/** Writes what these are as findings. */
export async function settleDifferences(
  tx: Transaction,
  source: Source,
  differences: readonly ListedDifference[],
): Promise<void> {
  for (const kind of kinds) {
    const some = differences.filter((one) => one.kind === kind)
    if (some.length > 0)
      await settle(
        tx,
        differenceControls[kind],
        some.map((one) => seenOf(source, one)),
      )
  }
}
/** Resolves the findings of differences that are none any more, as whatever they were found. */
export async function resolveDifferences(
  tx: Transaction,
  source: Source,
  differences: readonly ListedDifference[],
): Promise<void> {
  if (differences.length === 0) return
  const seen = differences.map((one): Seen => ({ ...seenOf(source, one), facts: undefined }))
  for (const kind of kinds) await settle(tx, differenceControls[kind], seen)
}

// Looking through all of them ----------------------------------------------------------------------------------------

/** How far the findings of a source are: of the differences of an aspect, behind one; or of findings that may be over. */
type Place =
  | { readonly stage: 'rows'; readonly aspect: (typeof aspects)[number]; readonly after: number }
  | { readonly stage: 'open'; readonly kind: DifferenceKind; readonly after: number }
const firstPlace: Place = { stage: 'rows', aspect: aspects[0], after: -1 }

export const formatPlace = (place: Place): string =>
  `${place.stage === 'rows' ? `rows:${place.aspect}` : `open:${place.kind}`}:${place.after}`
function parsePlace(text: string | undefined): Place {
  const [stage, which, after] = text?.split(':') ?? []
  const number = Number(after)
  if (stage === 'rows') return { stage, aspect: which as (typeof aspects)[number], after: number }
  if (stage === 'open') return { stage, kind: which as DifferenceKind, after: number }
  return firstPlace
}

export interface FollowStep {
  readonly sourceId: string
  readonly snapshot: number
  /** Where the part begins; undefined: at the beginning. */
  readonly from: string | undefined
  /** Where the next one does; undefined: all was looked through. */
  readonly next: string | undefined
  readonly isToWrite: boolean
}

/** A source whose findings are to be looked through. */
export const sourceToFollow = (tx: ReadTransaction): Promise<Source | undefined> =>
  tx.sources.toFollow(tx.now - everyMs)

/** Gives the source whose findings are to be looked through next its turn, whatever comes of that. */
export async function beginFindingTurn(tx: Transaction): Promise<Source | undefined> {
  const source = await sourceToFollow(tx)
  if (source) await tx.sources.beginTurn(source.id, 'findingTurn', tx.nextSequence())
  return source
}

/** What a part has seen, by kind; and where the next one begins. */
async function lookAtPart(
  context: ReadContext,
  comparing: Comparing,
  place: Place,
): Promise<{
  readonly seen: readonly (readonly [DifferenceKind, readonly Seen[]])[]
  readonly next: Place | undefined
}> {
  const { source } = comparing
  if (place.stage === 'rows') {
    const { aspect, after } = place
    const rows = await readRows(context, comparing, aspect, after, comparedAtOnce)
    const found = (await findDifferences(context, comparing, rows)).filter((one) => one !== undefined)
    const byKind = Map.groupBy(found, ({ kind }) => kind)
    const seen = [...byKind].map(([kind, some]) => [kind, some.map((one) => seenOf(source, one))] as const)
    const last = rows.at(-1)
    if (last && rows.length === comparedAtOnce) {
      const number = last.aspect === 'unseen' ? last.allocation.n : last.stored.number
      return { seen, next: { ...place, after: number } }
    }
    const nextAspect = aspects[aspects.indexOf(aspect) + 1]
    return {
      seen,
      next: nextAspect
        ? { stage: 'rows', aspect: nextAspect, after: -1 }
        : { stage: 'open', kind: kinds[0]!, after: -1 },
    }
  }
  const { kind, after } = place
  const identity = { control: differenceControls[kind].name, source: source.id }
  const open = await context.tx.findings.openOfSource(identity, after, sweptAtOnce)
  const still = await differencesCalled(
    context,
    comparing,
    open.map(({ resource }) => resource),
  )
  const over = open.filter((_, index) => still[index]?.kind !== kind)
  const seen = over.map(({ resource, node }): Seen => ({ resource, source: source.id, node, facts: undefined }))
  const nextKind = kinds[kinds.indexOf(kind) + 1]
  const next: Place | undefined =
    open.length === sweptAtOnce
      ? { ...place, after: open.at(-1)!.n }
      : nextKind && { stage: 'open', kind: nextKind, after: -1 }
  return { seen: [[kind, seen]], next }
}

/** Looks through a part, and says whether something of it is to be written. */
export const lookForFindings: ReadOperation<
  { readonly sourceId: string; readonly from: string | undefined },
  FollowStep | undefined
> = {
  name: 'lookForFindings',
  access: 'read',
  async run(context, { sourceId, from }) {
    const source = await context.tx.sources.find(sourceId)
    if (!source || source.snapshot === 0) return undefined
    const comparing = await Comparing.begin(context, source, true)
    const { seen, next } = await lookAtPart(context, comparing, parsePlace(from))
    let isToWrite = false
    for (const [kind, some] of seen)
      isToWrite ||= (await unsettled(context.tx, differenceControls[kind], some)).length > 0
    return { sourceId, snapshot: source.snapshot, from, next: next && formatPlace(next), isToWrite }
  },
}

/** Writes what a part has become, and how far it was looked. */
export const followDifferences: WriteOperation<FollowStep, object> = {
  name: 'followDifferences',
  access: 'write',
  async run(context, { sourceId, snapshot, from, next, isToWrite }) {
    const source = await context.tx.sources.find(sourceId)
    // Another one that holds by now is looked through from its beginning.
    if (source?.snapshot !== snapshot) return {}
    if (isToWrite) {
      const comparing = await Comparing.begin(context, source, true)
      const { seen } = await lookAtPart(context, comparing, parsePlace(from))
      for (const [kind, some] of seen) await settle(context.tx, differenceControls[kind], some)
    }
    await context.tx.sources.change(
      source.id,
      next === undefined
        ? { foundSnapshot: source.snapshot, foundAfter: undefined, foundAt: context.now }
        : { foundAfter: next },
    )
    context.changed(source.id)
    return {}
  },
}

// Ignoring -----------------------------------------------------------------------------------------------------------

/** What is found of the same for everybody below the source's node: who ignores may see more, or less. */
export async function ownDifferences(
  context: ReadContext,
  source: Source,
  differences: readonly ListedDifference[],
): Promise<ReadonlyMap<string, ListedDifference>> {
  const own = await Comparing.begin(context, source, true)
  const ids = differences.map(({ id }) => id)
  return new Map((await differencesCalled(context, own, ids)).flatMap((one) => (one ? [[one.id, one]] : [])))
}

/** Sets the findings of differences aside, which are there from then on. */
export async function setAside(
  context: WriteContext,
  source: Source,
  differences: readonly ListedDifference[],
  suppression: Suppression | undefined,
): Promise<void> {
  const { tx } = context
  await settleDifferences(tx, source, differences)
  const findings = await findingsOf(tx, source, differences)
  for (const { id } of differences) await changeSuppression(context, findings.get(id)!, suppression)
}

// Sources that have gone silent --------------------------------------------------------------------------------------

const sourcesAtOnce = 1_000
async function staleness(tx: ReadTransaction): Promise<readonly Seen[]> {
  const sources = await tx.sources.list('', sourcesAtOnce)
  return sources.map((source): Seen => {
    const isStale = freshnessOf(source, tx.now) === 'stale'
    const facts = { name: source.name, takenAt: new Date(source.takenAt).toISOString() }
    return { resource: source.id, source: source.id, node: source.node, facts: isStale ? facts : undefined }
  })
}
export const anyStalenessToWrite = async (tx: ReadTransaction): Promise<boolean> =>
  (await unsettled(tx, sourceStale, await staleness(tx))).length > 0
export async function settleStaleness(tx: Transaction): Promise<void> {
  await settle(tx, sourceStale, await staleness(tx))
}
