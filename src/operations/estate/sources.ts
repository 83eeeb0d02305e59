// Sources: what tells what is there, from a cloud, a cluster, another address manager or a file.
import { hasShape } from '#model/identifier.ts'
import { nameProblem } from '#model/name.ts'
import type { Coverage } from '#model/observed-difference.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import { type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import { type Action, everywhere } from '#model/roles.ts'
import type { AdoptRule, RuleSetter, ScopeSetter, Source, SourceSettings } from '#store/tables/sources.ts'
import { accessAt, mayAnywhere, mayAtTop, type Place, permitter, requirePermission } from '../identity/authority.ts'
import { nothing, type Page, type PageAsked, readPage } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { refuseRightOfGroup, setterOf } from './rule-setter.ts'

/** Our own bounds. */
export const sourcesMax = 1_000
export const sourcesOfNodeMax = 50
/** Below one unit at the top, with all that is below it. */
export const sourcesPerTopUnitMax = 100
/** Of the sources, so many are for whoever may manage the estate at the top. */
export const sourcesReserve = 100
export const observationsOfSourceMax = 1_000_000
/** In seconds: a minute, and a year. */
export const reportEveryMin = 60
export const reportEveryMax = 31_536_000
export const reportEveryDefault = 86_400

export interface SourceSpec extends SourceSettings {
  readonly kind: string
  readonly node: string
}
export interface SourceUpdate {
  readonly name?: string
  /** `null`: none. */
  readonly scopeId?: string | null
  readonly reportEvery?: number
  readonly description?: string | null
  /** Of each part what is given; an empty list says nothing. */
  readonly covers?: Coverage
  /** `null`: nothing. */
  readonly adopts?: AdoptRule | null
}

/** Makes a source that has told nothing yet. */
export async function createSource(context: WriteContext, spec: SourceSpec): Promise<Source> {
  const { name, kind, node, scopeId, reportEvery, description, adopts } = spec
  const covers = saidOf(spec.covers ?? {})
  await refuseBadName(context, name, node)
  await refuseElsewhere(context, covers, node)
  await refuseBadScope(context, scopeId)
  await refuseTooMany(context, node)
  const adoptsBy = adopts === undefined ? undefined : await requireToAdopt(context, node, scopeId)
  // Behind all that wait: whoever makes sources anew comes before nobody.
  const turn = context.newSequence()
  const source: Source = {
    id: context.newId('source'),
    ...{ name, kind, node, scopeId, reportEvery, description, covers, adopts, adoptsBy },
    createdAt: context.now,
    scopeSetAt: 0,
    ...(scopeId === undefined ? {} : { scopeSetBy: [scopeSetterOf(context)] }),
    snapshot: 0,
    adoptedSnapshot: 0,
    ...{ foundSnapshot: 0, foundAt: 0 },
    takenAt: 0,
    ...{ ruleTurn: turn, findingTurn: turn, tidyTurn: turn },
    ...{ nextNumber: 0, observed: 0, bytes: 0, formerBytes: 0 },
  }
  await context.tx.sources.insert(source)
  await recordSource(context, source)
  return source
}

/** Changes what is given. Answers the source as it is then. */
export async function updateSource(context: WriteContext, source: Source, update: SourceUpdate): Promise<Source> {
  const { name = source.name, reportEvery = source.reportEvery } = update
  const scopeId = update.scopeId === undefined ? source.scopeId : (update.scopeId ?? undefined)
  const description = update.description === undefined ? source.description : (update.description ?? undefined)
  const covers = update.covers ? saidOf({ ...source.covers, ...update.covers }) : source.covers
  await refuseElsewhere(context, covers, source.node)
  if (name !== source.name) await refuseBadName(context, name, source.node)
  if (scopeId !== source.scopeId) await refuseBadScope(context, scopeId)
  const adopts = update.adopts === undefined ? source.adopts : (update.adopts ?? undefined)
  // Whoever says so again sets it anew, and so does who leads it into another scope.
  const isSetAnew = adopts !== undefined && (update.adopts !== undefined || scopeId !== source.scopeId)
  const rule = isSetAnew
    ? {
        ...{ adoptsBy: await requireToAdopt(context, source.node, scopeId) },
        ...{ adoptedSnapshot: 0, adoptedAfter: undefined },
      }
    : { adoptsBy: adopts === undefined ? undefined : source.adoptsBy }
  // Another coverage has other findings: they are looked through anew.
  const found = update.covers ? { foundSnapshot: 0, foundAfter: undefined } : {}
  // A collector sends by the name: who gives it says what it tells of, as who sets the scope does.
  const setters = scopeId === source.scopeId ? (source.scopeSetBy ?? []) : []
  const isSet = scopeId !== source.scopeId || name !== source.name
  const scopeSet = isSet
    ? {
        scopeSetAt: scopeId === source.scopeId ? source.scopeSetAt : context.now,
        scopeSetBy: scopeId === undefined ? undefined : [...setters.slice(1 - settersKept), scopeSetterOf(context)],
      }
    : {}
  const settings = { name, scopeId, ...scopeSet, reportEvery, description, covers, adopts, ...rule, ...found }
  await context.tx.sources.change(source.id, settings)
  const updated = { ...source, ...settings }
  await recordSource(context, updated)
  return updated
}

/** Deletes a source. What it has told is there for nobody from then on, and is taken away a part at a time. */
export async function deleteSource(context: WriteContext, source: Source): Promise<void> {
  await context.tx.sources.change(source.id, { deletedAt: context.now })
  await recordSource(context, source, 'gone')
}

/** The last ones; more have never named one source. */
const settersKept = 100
function scopeSetterOf({ caller }: WriteContext): ScopeSetter {
  const { name, subject, makers } = caller.native!
  return { by: name, ...(subject === undefined ? {} : { subject }), makers }
}

async function refuseBadName(context: WriteContext, name: string, node: string): Promise<void> {
  const problem = nameProblem(name)
  if (problem) refuseValue('name', name, problem)
  if ((await context.tx.sources.named(name, sourcesMax)).some((other) => other.node === node))
    refuse({ code: 'AlreadyExists', what: 'source', problem: { why: 'source-there', name, node } })
}

/** Without the parts of which nothing is said; undefined where that is all of them. */
function saidOf(covers: Coverage): Coverage | undefined {
  const said = Object.entries(covers).filter(
    ([, part]: [string, readonly string[] | undefined]) => part && part.length > 0,
  )
  return said.length === 0 ? undefined : Object.fromEntries(said)
}

/** A source is expected to tell of what it speaks of, and of nothing elsewhere: what is not there is told apart from it by nobody. */
async function refuseElsewhere(context: WriteContext, covers: Coverage | undefined, node: string): Promise<void> {
  if (covers?.nodes === undefined || node === everywhere) return
  const snapshot = await context.snapshot()
  const outside = covers.nodes.find((one) => !pathOf(snapshot, one).includes(node))
  if (outside !== undefined) refuseValue('coversNodes', outside, { why: 'not-at-source', node })
}

/** A rule does what whoever sets it may do: for the accounts that the source speaks of, and with the pools of its scope. Answers who that is. */
async function requireToAdopt(context: WriteContext, node: string, scopeId: string | undefined): Promise<RuleSetter> {
  await requirePermission(context, 'estate:adopt', { node })
  const scope = scopeId === undefined ? undefined : await context.tx.ipams.findScope(scopeId)
  if (scope) await requirePermission(context, 'estate:adopt', { node: scope.account })
  const setter = setterOf(context)
  await refuseRightOfGroup(context, setter, node)
  return setter
}

/** One that the caller may see: what is hidden is as absent here as anywhere (invariant I8). */
async function refuseBadScope(context: WriteContext, scopeId: string | undefined): Promise<void> {
  if (scopeId === undefined) return
  const absent: Refusal = { code: 'NotFound', what: 'ipam-scope', id: scopeId }
  const scope = (await context.tx.ipams.findScope(scopeId)) ?? refuse(absent)
  await requirePermission(context, 'ipam:read', { node: scope.account, absent })
  if (scope.kind !== 'private') refuseValue('scopeId', scopeId, { why: 'private-scope-expected' })
}

async function refuseTooMany(context: WriteContext, node: string): Promise<void> {
  const snapshot = await context.snapshot()
  const path = pathOf(snapshot, node)
  const isAtTop = await mayAtTop(context, 'estate:manage', path)
  const topUnit = path[1] ?? node
  // Also those that are deleted and not gone yet: who makes and deletes them again and again does that to their own unit alone.
  const all = isAtTop ? [] : await context.tx.sources.weights()
  const below = all.filter((each) => pathOf(snapshot, each.node).includes(topUnit)).length
  if (below >= sourcesPerTopUnitMax) {
    const countedFor = { per: 'unit', unit: topUnit } as const
    refuse({ code: 'LimitExceeded', what: { of: 'sources' }, limit: sourcesPerTopUnitMax, used: below, countedFor })
  }
  const bounds = [
    ...(isAtTop ? [] : ([[sourcesOfNodeMax, node, { per: 'node', node }]] as const)),
    [isAtTop ? sourcesMax : sourcesMax - sourcesReserve, undefined, { per: 'installation' }],
  ] as const
  for (const [limit, at, countedFor] of bounds) {
    const used = await context.tx.sources.count(limit, at)
    if (used >= limit) refuse({ code: 'LimitExceeded', what: { of: 'sources' }, limit, used, countedFor })
  }
}

/** What the history keeps: what people set, and not what each snapshot moves. */
async function recordSource(context: WriteContext, source: Source, isGone?: 'gone'): Promise<void> {
  const { id, name, kind, node, scopeId, reportEvery, description, covers, adopts, adoptsBy, createdAt } = source
  const body = {
    ...{ id, name, kind, node, scopeId, reportEvery, description, covers, adopts },
    ...{ adoptsBy: adoptsBy?.name, createdAt },
  }
  const object = { id, kind: 'source', account: context.caller.account }
  await context.tx.history.changed(object, isGone ? undefined : body)
  context.changed(id)
}

// Finding ------------------------------------------------------------------------------------------------------------

const absentSource = (id: string): Refusal => ({ code: 'NotFound', what: 'source', id })

interface Ranked {
  readonly source: Source
  readonly rank: number
}
/**
 * A source by its id, whoever asks, or by its name: the one of those that the caller may see or report for (invariant I8). One at the node
 * at which their right is bound goes before others, and one above before those below: so nobody below makes a name mean something else, or
 * nothing, by giving it to a source of theirs.
 */
export async function findSource(context: ReadContext, called: string): Promise<Source> {
  return (await findCalled(context, called, ['estate:report', 'estate:read']))?.source ?? refuse(absentSource(called))
}

/**
 * The one that a snapshot is sent to. By a name only one at the node at which the right to report is bound: where the one that is meant is
 * not there, what was meant for it would tell somebody below, who has one of that name, what there is elsewhere.
 */
export async function findReported(context: ReadContext, called: string): Promise<Source> {
  const found = await findCalled(context, called, ['estate:report'])
  // Who may only see it is told that they may not report for it.
  if (!found) return findSource(context, called)
  const { source, rank } = found
  if (rank > 0)
    refuseValue('sourceId', called, { why: 'source-elsewhere', source: { id: source.id, node: source.node } })
  return source
}

async function findCalled(
  context: ReadContext,
  called: string,
  actions: readonly Action[],
): Promise<Ranked | undefined> {
  const { tx } = context
  if (hasShape('source', called)) {
    const source = await tx.sources.find(called)
    return source && { source, rank: 0 }
  }
  const snapshot = await context.snapshot()
  const ranked: Ranked[] = []
  for (const source of await tx.sources.named(called, sourcesMax)) {
    const path = pathOf(snapshot, source.node)
    const nodes: string[] = []
    for (const action of actions) {
      const { isPermitted, binding } = await accessAt(context, action, source.node)
      if (isPermitted && binding) nodes.push(binding.node)
    }
    if (nodes.length === 0) continue
    const isTop = source.node.startsWith('r-')
    const isAtBinding = nodes.some((node) => node === source.node || (node === everywhere && isTop))
    ranked.push({ source, rank: isAtBinding ? 0 : path.length })
  }
  const [found, other] = ranked.sort((one, another) => one.rank - another.rank)
  if (found && other && found.rank === other.rank) {
    const shown = ({ source: { id, node } }: Ranked) => ({ id, node })
    refuseValue('sourceId', called, { why: 'several-sources', sources: [shown(found), shown(other)] })
  }
  return found
}

/** Deletes those at a node that is gone. */
export async function deleteSourcesAt(context: WriteContext, node: string): Promise<void> {
  const gone = await context.tx.sources.deleteAt(node, context.now)
  await context.tx.history.ended(gone)
  context.changed(...gone)
}

/** The node at which it may be read and managed. */
export async function placeOfSource(context: ReadContext, { sourceId }: { readonly sourceId: string }): Promise<Place> {
  return { node: (await findSource(context, sourceId)).node, absent: absentSource(sourceId) }
}

/** The node at which snapshots of it may be sent. */
export async function placeOfReported(
  context: ReadContext,
  { sourceId }: { readonly sourceId: string },
): Promise<Place> {
  return { node: (await findReported(context, sourceId)).node, absent: absentSource(sourceId) }
}

/** The sources that the caller may see, in order of creation. */
export async function listSources(context: ReadContext, asked: PageAsked<string>): Promise<Page<Source, string>> {
  const mayRead = await permitter(context, 'estate:read')
  if (!(await mayAnywhere(context, 'estate:read'))) return nothing
  return readPage(context, asked, {
    read: (after = '', limit) => context.tx.sources.list(after, limit),
    placeOf: ({ id }: Source) => id,
    show: (rows) => rows.map((row) => (mayRead(row.node) ? row : undefined)),
  })
}

/** How a source is doing: whether what it told is as fresh as it should be. */
export type Freshness = 'never' | 'fresh' | 'stale'
export function freshnessOf({ takenAt, reportEvery }: Source, now: number): Freshness {
  if (takenAt === 0) return 'never'
  // Twice as long as it should take: one that is late by a minute has not gone silent.
  return now - takenAt > 2 * reportEvery * 1_000 ? 'stale' : 'fresh'
}
