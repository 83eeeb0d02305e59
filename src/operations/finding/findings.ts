// Findings as whoever may see them finds them, and what people do with them: they set them aside for a time.
import { type FindingStatus, type Severity, type Suppression, standingAt, suppressed } from '#model/finding.ts'
import { formatId, parseId } from '#model/identifier.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import { type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import { everywhere } from '#model/roles.ts'
import type { Finding, FindingRange, Opening } from '#store/tables/findings.ts'
import { refuseMalformed } from '../identifiers.ts'
import { type Place, permitter } from '../identity/authority.ts'
import { nodesBelow, visibleNodes } from '../identity/nodes-below.ts'
import { latestFirst, type Page, type PageAsked, readPage } from '../listing.ts'
import { requesterOf } from '../notification/telling.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { namesBesideAll } from '../policy/labels.ts'
import { namesOf } from '../record/object-names.ts'
import { type Control, unknownControl } from './control.ts'
import { controlNamed, controlsOf } from './controls.ts'
import { placeOf, tellOf } from './settle.ts'

export const suppressionDaysMax = 366
const dayMs = 86_400_000

export interface DescribedFinding {
  readonly id: string
  readonly finding: Finding
  readonly control: Control
  /** What the policies and pools in it are called, by their ids, as far as the caller may know. */
  readonly names: Readonly<Record<string, string>>
}
/** Every given part must hold. */
export interface FindingFilter {
  readonly control?: string | undefined
  readonly status?: FindingStatus | undefined
  readonly severity?: Severity | undefined
  /** At it and below. */
  readonly node?: string | undefined
  readonly source?: string | undefined
  readonly resource?: string | undefined
  readonly resourceType?: string | undefined
  readonly locale?: string | undefined
}

/** The findings that the caller may see, the one that was found last first. */
export async function listFindings(
  context: ReadContext,
  filter: FindingFilter,
  asked: PageAsked<string>,
): Promise<Page<DescribedFinding, string>> {
  const isPermitted = await permitter(context, 'finding:read')
  const snapshot = await context.snapshot()
  const range = await rangeOf(context, filter)
  const resources = filter.resource === undefined ? undefined : namesOf(context, filter.resource)
  const ofSeverity = filter.severity && controlsOf(filter.severity)
  const isWanted = (found: Finding): boolean =>
    (filter.control === undefined || found.control === filter.control) &&
    (filter.status === undefined || found.status === filter.status) &&
    (ofSeverity === undefined || ofSeverity.includes(found.control)) &&
    (filter.source === undefined || found.source === filter.source) &&
    (filter.resourceType === undefined || found.resourceType === filter.resourceType) &&
    (filter.locale === undefined || found.locale === filter.locale) &&
    (resources === undefined || resources.includes(found.resource)) &&
    (filter.node === undefined || filter.node === everywhere || pathOf(snapshot, found.node).includes(filter.node))
  return readPage(context, asked, {
    read: (before, limit) => context.tx.findings.before(range, latestFirst.read(before), limit),
    placeOf: ({ n }) => latestFirst.write(n),
    async show(rows) {
      const standing = rows.map((row): Finding => ({ ...row, ...standingAt(row, context.now) }))
      const readAt = await whereRead(context, rows)
      const seen = standing.filter((row) => isPermitted(readAt(row)) && isWanted(row))
      const described = new Map((await describe(context, seen)).map((one) => [one.finding.n, one]))
      return rows.map(({ n }) => described.get(n))
    },
  })
}

/** Which rows are read: of what was asked for, what few rows have; and of whoever may see little, theirs alone. */
async function rangeOf(context: ReadContext, filter: FindingFilter): Promise<FindingRange | undefined> {
  if (filter.resource !== undefined) return { by: 'resource', keys: namesOf(context, filter.resource) }
  const visible = await visibleNodes(context, 'finding:read')
  const wanted = filter.node === undefined ? undefined : await nodesBelow(context, filter.node)
  const nodes = wanted && visible ? wanted.filter((node) => visible.includes(node)) : (wanted ?? visible)
  if (nodes) return { by: 'node', keys: nodes }
  if (filter.source !== undefined) return { by: 'source', keys: [filter.source] }
  if (filter.control !== undefined) return { by: 'control', keys: [filter.control] }
  if (filter.severity !== undefined) return { by: 'control', keys: controlsOf(filter.severity) }
  if (filter.status !== undefined) return { by: 'status', keys: [filter.status] }
  return undefined
}

export const getDescribedFinding = async (context: ReadContext, id: string): Promise<DescribedFinding> =>
  (await describe(context, [await getFinding(context, id)]))[0]!

/** Where an action on it must be permitted. */
export const placeOfFinding = async (
  context: ReadContext,
  { findingId }: { readonly findingId: string },
): Promise<Place> => {
  const finding = await getFinding(context, findingId)
  return { node: (await whereRead(context, [finding]))(finding), absent: absentFinding(findingId) }
}

/**
 * Where findings must be permitted: where they are filed. What a source told of an account that has left its node since stays with the
 * source until it is resolved: whoever has the account now is told nothing by it.
 */
export async function whereRead(
  context: Pick<ReadContext, 'tx' | 'snapshot'>,
  findings: readonly Pick<Finding, 'source'>[],
): Promise<(finding: Pick<Finding, 'source' | 'node'>) => string> {
  const ids = [...new Set(findings.map(({ source }) => source))].filter((id) => id !== '')
  const sources = ids.length === 0 ? new Map() : await context.tx.sources.some(ids)
  const snapshot = await context.snapshot()
  return ({ source, node }) => {
    const teller: string | undefined = sources.get(source)?.node
    const speaks = teller === undefined || teller === everywhere || pathOf(snapshot, node).includes(teller)
    return speaks ? node : teller
  }
}

/**
 * The stretches of time in which it was not resolved, and said the same, the latest first: those that were filed where the caller may
 * read findings.
 */
export async function listOpenings(
  context: ReadContext,
  id: string,
  asked: PageAsked<string>,
): Promise<Page<{ readonly opening: Opening; readonly control: Control }, string>> {
  const finding = await getFinding(context, id)
  const control = controlNamed(finding.control) ?? unknownControl(finding.control)
  const isPermitted = await permitter(context, 'finding:read')
  const readAt = await whereRead(context, [finding])
  const isTold = ({ node }: Opening): boolean => isPermitted(readAt({ source: finding.source, node }))
  return readPage(context, asked, {
    read: (before, limit) => context.tx.findings.openings(finding.n, latestFirst.read(before), limit),
    placeOf: ({ number }) => latestFirst.write(number),
    show: (rows) => rows.map((opening) => (isTold(opening) ? { opening, control } : undefined)),
  })
}

const absentFinding = (id: string): Refusal => ({ code: 'NotFound', what: 'finding', id })

async function getFinding(context: ReadContext, id: string): Promise<Finding> {
  refuseMalformed('finding', id)
  const n = parseId('finding', context.tx.installation, id)
  const found = n === undefined ? undefined : await context.tx.findings.find(n)
  if (!found) return refuse(absentFinding(id))
  return { ...found, ...standingAt(found, context.now) }
}

async function describe(context: ReadContext, findings: readonly Finding[]): Promise<DescribedFinding[]> {
  const told = findings.map(({ facts, node }) => ({ answer: facts, account: node }))
  const names = await namesBesideAll(context, told)
  return findings.map((finding, index) => ({
    id: formatId('finding', context.tx.installation, finding.n),
    finding,
    // One that a newer server has put there, and that is not known here.
    control: controlNamed(finding.control) ?? unknownControl(finding.control),
    names: names[index]!,
  }))
}

// Setting aside ------------------------------------------------------------------------------------------------------

/** Sets a finding aside until a moment: it is shown as that, and counts as nothing else. It ends by itself. */
export async function suppressFinding(
  context: WriteContext,
  id: string,
  { reason, until }: Pick<Suppression, 'reason' | 'until'>,
): Promise<DescribedFinding> {
  const finding = await getFinding(context, id)
  const { now } = context
  if (until <= now) refuseValue('until', new Date(until).toISOString(), { why: 'must-lie-ahead' })
  if (until - now > suppressionDaysMax * dayMs)
    refuseValue('until', new Date(until).toISOString(), { why: 'must-lie-within', days: suppressionDaysMax })
  if (finding.status === 'resolved')
    refuse({ code: 'IncorrectState', what: 'finding', id, problem: { why: 'is-resolved' } })
  if (controlNamed(finding.control)?.isNeverSuppressed)
    refuse({
      code: 'IncorrectState',
      what: 'finding',
      id,
      problem: { why: 'never-suppressed', control: finding.control },
    })
  return change(context, id, finding, { reason, until, by: context.caller.native!.name, at: now })
}

/** Opens a finding again that was set aside. */
export async function unsuppressFinding(context: WriteContext, id: string): Promise<DescribedFinding> {
  const finding = await getFinding(context, id)
  if (!finding.suppression)
    refuse({ code: 'IncorrectState', what: 'finding', id, problem: { why: 'is-not-suppressed' } })
  return change(context, id, finding, undefined)
}

async function change(
  context: WriteContext,
  id: string,
  finding: Finding,
  suppression: Suppression | undefined,
): Promise<DescribedFinding> {
  await changeSuppression(context, finding, suppression)
  return getDescribedFinding(context, id)
}

/** Sets a finding aside, or opens it again; whether that may be done is for who calls to have asked. */
export async function changeSuppression(
  context: WriteContext,
  finding: Finding,
  suppression: Suppression | undefined,
): Promise<void> {
  const id = formatId('finding', context.tx.installation, finding.n)
  const stored = (await context.tx.findings.find(finding.n))!
  const state = suppressed(finding, suppression)
  await context.tx.findings.change(stored, placeOf(stored), state)
  const { control, resource, source, node } = finding
  const about = { ...finding, facts: state.facts }
  const requester = requesterOf(context)
  if (suppression) {
    const { by, reason, until } = suppression
    const beside = { by, reason, until: new Date(until).toISOString() }
    await tellOf(context.tx, { name: control }, 'finding.suppressed', about, { beside, requester })
  } else if (finding.status === 'suppressed')
    await tellOf(context.tx, { name: control }, 'finding.reopened', about, { requester })
  const body = {
    id,
    control,
    resource,
    ...(source === '' ? {} : { source }),
    node,
    ...(suppression ? { suppression } : {}),
  }
  await context.tx.history.changed({ id, kind: 'finding', account: context.caller.account }, body)
  context.changed(id)
}
