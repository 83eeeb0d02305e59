// Sources: what tells what is there, from a cloud, a cluster, another address manager or a file.
import { hasShape } from '#model/identifier.ts'
import { nameProblem } from '#model/name.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import { type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import type { Source, SourceSettings } from '#store/tables/sources.ts'
import { mayAtTop, type Place, permitter } from '../identity/authority.ts'
import { type Page, type PageAsked, readPage } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'

/** Our own bounds. */
export const sourcesMax = 1_000
export const sourcesOfNodeMax = 50
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
}

/** Makes a source that has told nothing yet. */
export async function createSource(context: WriteContext, spec: SourceSpec): Promise<Source> {
  const { name, kind, node, scopeId, reportEvery, description } = spec
  await refuseBadName(context, name)
  await refuseBadScope(context, scopeId)
  await refuseTooMany(context, node)
  const source: Source = {
    id: context.newId('source'),
    ...{ name, kind, node, scopeId, reportEvery, description },
    createdAt: context.now,
    snapshot: 0,
    takenAt: 0,
    nextNumber: 0,
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
  if (name !== source.name) await refuseBadName(context, name)
  if (scopeId !== source.scopeId) await refuseBadScope(context, scopeId)
  const settings = { name, scopeId, reportEvery, description }
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

async function refuseBadName(context: WriteContext, name: string): Promise<void> {
  const problem = nameProblem(name)
  if (problem) refuseValue('name', name, problem)
  if (await context.tx.sources.findNamed(name))
    refuse({ code: 'AlreadyExists', what: 'source', problem: `there is a source \`${name}\` already` })
}

async function refuseBadScope({ tx }: WriteContext, scopeId: string | undefined): Promise<void> {
  if (scopeId === undefined) return
  const scope = (await tx.ipams.findScope(scopeId)) ?? refuse({ code: 'NotFound', what: 'ipam-scope', id: scopeId })
  if (scope.kind !== 'private')
    refuseValue('scopeId', scopeId, 'a private scope is expected: public space has one scope alone')
}

async function refuseTooMany(context: WriteContext, node: string): Promise<void> {
  const isAtTop = await mayAtTop(context, 'estate:manage', pathOf(await context.snapshot(), node))
  const bounds = [
    ...(isAtTop ? [] : ([[sourcesOfNodeMax, node, `node \`${node}\``]] as const)),
    [isAtTop ? sourcesMax : sourcesMax - sourcesReserve, undefined, 'the whole installation'],
  ] as const
  for (const [limit, at, countedFor] of bounds) {
    const used = await context.tx.sources.count(limit, at)
    if (used >= limit) refuse({ code: 'LimitExceeded', what: 'sources', limit, used, countedFor })
  }
}

/** What the history keeps: what people set, and not what each snapshot moves. */
async function recordSource(context: WriteContext, source: Source, isGone?: 'gone'): Promise<void> {
  const { id, name, kind, node, scopeId, reportEvery, description, createdAt } = source
  const body = { id, name, kind, node, scopeId, reportEvery, description, createdAt }
  const object = { id, kind: 'source', account: context.caller.account }
  await context.tx.history.changed(object, isGone ? undefined : body)
  context.changed(id)
}

// Finding ------------------------------------------------------------------------------------------------------------

const absentSource = (id: string): Refusal => ({ code: 'NotFound', what: 'source', id })

/** A source by its id or its name, whoever asks. */
export async function findSource({ tx }: ReadContext, called: string): Promise<Source> {
  const found = hasShape('source', called) ? await tx.sources.find(called) : await tx.sources.findNamed(called)
  return found ?? refuse(absentSource(called))
}

/** The node at which it may be read and managed. */
export async function placeOfSource(context: ReadContext, { sourceId }: { readonly sourceId: string }): Promise<Place> {
  return { node: (await findSource(context, sourceId)).node, absent: absentSource(sourceId) }
}

/** The sources that the caller may see, in order of creation. */
export async function listSources(context: ReadContext, asked: PageAsked<string>): Promise<Page<Source, string>> {
  const mayRead = await permitter(context, 'estate:read')
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
