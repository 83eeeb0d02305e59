// What the caller may see of audit entries: they are filed where the objects live that they are about, and lived then.
import { spaceNumberIn } from '#model/identifier.ts'
import { isAccountId } from '#model/organization.ts'
import type { Refusal } from '#model/refusal.ts'
import type { Subject } from '#store/subjects.ts'
import type { ListedEntry } from '#store/tables/record-lists.ts'
import type { ReadContext } from '../operation.ts'
import { type FindThen, finderThen, placeOfObject, topOf } from './object-places.ts'

/** Subjects that are looked at for one page of entries, and of one entry. */
export const subjectsPerPageMax = 10_000
/** Subjects whose places are found between two turns of others, and as many as have numbers in one statement. */
const stepSize = 500

/** Of an entry what the caller may see; the first subjects, and how many of those that were looked at. */
export interface SeenEntry {
  readonly entry: ListedEntry
  readonly subjects: readonly Subject[]
  readonly count: number
  /** A node that permits it. */
  readonly node: string
}
/** All subjects of an entry that the caller may see. */
interface Visible {
  readonly subjects: readonly Subject[]
  readonly node: string
}

/**
 * What says the same whether or not there is anything under the names that were asked for. It is filed with whoever asked,
 * too: else it would show there for absent objects alone (invariant I8).
 */
const tellsOfNothing: ReadonlySet<string> = new Set<Refusal['code']>([
  'NotFound',
  'MalformedRequest',
  'UnsupportedMediaType',
  'RequestTooLarge',
  'MalformedId',
  'InvalidAction',
  'NotSupported',
  'UnknownParameter',
  'DuplicateParameter',
  'MissingParameter',
  'InvalidParameterValue',
  'InvalidParameterCombination',
  'InvalidRange',
  'InvalidTagKey',
  'IdempotencyMismatch',
])

/**
 * What somebody asks before they are anybody here: a person, who is no account's. Its refusals are filed at the top, as the token is
 * that would have come of it, and not with the home account that all people have.
 */
const beforeKnown: ReadonlySet<string> = new Set(['createSession'])

/** Over the native API people act for accounts other than their own; over EC2 whoever asks acts for theirs. */
const isNative = ({ principal }: Pick<ListedEntry, 'principal'>): boolean => principal.startsWith('arn:cadastre:')

/**
 * Of these entries, in order, those that the caller may see; `last` is the last one that was looked at, before the bound was
 * reached. What nobody holds is filed with whoever asked.
 * @param about only those in which the caller may see one of these names
 * @param find where the caller may see less than all that they may: of a part
 */
export async function seenEntries(
  context: ReadContext,
  entries: readonly ListedEntry[],
  {
    about,
    subjectsMax,
    find: given,
  }: { readonly about?: readonly string[]; readonly subjectsMax: number; readonly find?: FindThen },
): Promise<{ readonly seen: readonly SeenEntry[]; readonly last: number | undefined }> {
  const find = given ?? (await finderThen(context, 'history:read'))
  const seen: SeenEntry[] = []
  let last: number | undefined
  let looked = 0
  for (const step of stepsOf(entries)) {
    if (looked > 0 && looked + step.subjects > subjectsPerPageMax) break
    if (looked > 0) await context.tx.nextTurn()
    looked += step.subjects
    const visible = await visibleIn(context, step.entries, find)
    for (const [index, entry] of step.entries.entries()) {
      last = entry.n
      const { subjects, node } = visible[index] ?? {}
      if (!subjects || (about && !subjects.some(({ id }) => about.includes(id)))) continue
      seen.push({ entry, subjects: subjects.slice(0, subjectsMax), count: subjects.length, node: node! })
    }
  }
  return { seen, last }
}

/** The entries in steps that have at most so many subjects together, but for one that has more alone. */
function stepsOf(entries: readonly ListedEntry[]) {
  const steps: { entries: ListedEntry[]; subjects: number }[] = []
  for (const entry of entries) {
    const subjects = Math.min(entry.subjectCount, subjectsPerPageMax)
    const step = steps.at(-1)
    if (step && step.subjects + subjects <= stepSize) {
      step.entries.push(entry)
      step.subjects += subjects
    } else steps.push({ entries: [entry], subjects })
  }
  return steps
}

interface Asked {
  readonly entry: ListedEntry
  readonly subjects: readonly Subject[]
  /** Where what is about nobody's object is filed. */
  readonly asker: string
}

/** Undefined where an entry is not to be seen. */
async function visibleIn(
  context: ReadContext,
  entries: readonly ListedEntry[],
  find: FindThen,
): Promise<readonly (Visible | undefined)[]> {
  const top = await topOf(context)
  const asked = []
  for (const entry of entries) {
    const asker = beforeKnown.has(entry.action) ? top : entry.account
    const askerNode = isFiledWithAsker(entry) ? await find(asker, entry.at) : undefined
    asked.push({ entry, subjects: await subjectsOf(context, entry), asker, askerNode })
  }
  const toPlace = asked.flatMap(({ subjects, askerNode }) => (askerNode === undefined ? subjects : []))
  const places = await placesOf(context, toPlace)
  let from = 0
  const visible: (Visible | undefined)[] = []
  for (const { entry, subjects, asker, askerNode } of asked) {
    if (askerNode !== undefined) {
      visible.push({ subjects, node: askerNode })
      continue
    }
    visible.push(await visibleOf({ entry, subjects, asker }, places.slice(from, from + subjects.length), find))
    from += subjects.length
  }
  return visible
}

async function visibleOf(
  { entry, subjects, asker }: Asked,
  places: readonly (string | undefined)[],
  find: FindThen,
): Promise<Visible | undefined> {
  const nodes: (string | undefined)[] = []
  for (const [index, place] of places.entries()) {
    if (place === undefined) nodes.push(undefined)
    else nodes.push((await find(place, entry.at)) ?? (await leavingNode(subjects[index]!, place, entry, find)))
  }
  // What is no object of anybody's goes with all the others, or with whoever asked. Not so in a refusal: whoever was refused may have named
  // it, and where it is hidden it is left out.
  const isAnyPlaced = places.some((place) => place !== undefined)
  const hasHidden = places.some((place, index) => place !== undefined && nodes[index] === undefined)
  const node = nodes.find((one) => one !== undefined)
  const isRefusal = entry.outcome !== 'Success'
  const restNode = isAnyPlaced ? (hasHidden || isRefusal ? undefined : node) : await find(asker, entry.at)
  const permitting = node ?? restNode
  if (permitting === undefined) return undefined
  const isShown = (index: number): boolean => (places[index] === undefined ? restNode : nodes[index]) !== undefined
  return { subjects: subjects.filter((_, index) => isShown(index)), node: permitting }
}

/**
 * An account that moves leaves its unit with the entry that says so: who may read there is told, too. Only of the account
 * itself: what else is filed with it at that moment may have come after the move.
 */
async function leavingNode(
  { id, before }: Subject,
  place: string,
  { at }: ListedEntry,
  find: FindThen,
): Promise<string | undefined> {
  return id === place && before !== undefined ? find(place, at - 1, at) : undefined
}

/** Whether who may read at the account of whoever asked may see an entry, whole. */
export const isFiledWithAsker = (entry: Pick<ListedEntry, 'outcome' | 'principal'>): boolean =>
  entry.outcome !== 'Success' && (!isNative(entry) || tellsOfNothing.has(entry.outcome))

/** Those that an entry came with, where that is all of them. */
async function subjectsOf({ tx }: ReadContext, entry: ListedEntry): Promise<readonly Subject[]> {
  if (entry.subjects.length === entry.subjectCount) return entry.subjects
  return tx.recordLists.subjectsOf(entry.n, 0, subjectsPerPageMax)
}

// Places -------------------------------------------------------------------------------------------------------------

/** Of each subject the node where it lives, or lived last; undefined where nothing is on record about it. */
export async function placesOf(
  context: ReadContext,
  subjects: readonly Subject[],
): Promise<readonly (string | undefined)[]> {
  const { tx } = context
  const numbers = subjects.map(({ id }) => spaceNumber(context, id))
  const accounts = await tx.tenures.accountsOf(numbers.filter((n) => n !== undefined))
  const isNamed = (index: number): boolean => numbers[index] === undefined && !isAccountId(subjects[index]!.id)
  const latest = await tx.history.findLatest(subjects.filter((_, index) => isNamed(index)).map(({ id }) => id))
  const { nodes } = await context.snapshot()
  return Promise.all(
    subjects.map(({ id }, index) => {
      const n = numbers[index]
      if (n !== undefined) return accounts.get(n)
      if (isAccountId(id) || nodes.has(id)) return id
      const version = latest.get(id)
      return version && placeOfObject(context, id, version)
    }),
  )
}

/** The number of an allocation, hold or Elastic IP. */
export function spaceNumber({ tx }: ReadContext, id: string): number | undefined {
  return spaceNumberIn(tx.installation, id)
}
