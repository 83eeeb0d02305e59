// A plan: what would change on the server, what the server says of it, and the state that it was made for.
import { type Destination, Refused, send } from '#cli/client.ts'
import type { GovernedOperation } from '#operations/governance/operations.native.ts'
import { type Change, compare, type Drift } from './comparing.ts'
import type { FileProblem, Thing } from './estate.ts'
import { estateOf, ownersIn } from './from-files.ts'
import { readServer, type ServerRead } from './from-server.ts'
import { intentOf } from './intent.ts'
import { type Needed, type ToldImpact, topOf, tryProposal } from './requesting.ts'
import type { Source } from './sources.ts'

/** The format of kept plans. */
export const planVersion = 1
/** Differences of which it is asked who made them; of more, those in front. */
const driftsMax = 100
/** Of each, the latest of its changes; and of change requests, the latest: what is further back is not what was applied last. */
const changesLookedAtMax = 10
const requestsLookedAtMax = 100

/** What the server has and the files do not: kept, or removed where that is asked for. */
export interface Missing {
  readonly kind: Thing['kind']
  readonly key: string
  readonly owner?: string
  readonly id?: string
  readonly drift?: Drift
}
export interface Plan {
  readonly cadastrePlan: typeof planVersion
  /** The state of all that is governed that it was made for. */
  readonly epoch: number
  readonly changes: readonly Change[]
  readonly kept: readonly Missing[]
  readonly operations: readonly GovernedOperation[]
  readonly impact?: ToldImpact
  /** Where change control is required: who would have to approve it. */
  readonly request?: { readonly class: string; readonly needed: Needed }
  /** Why the server would not do it. */
  readonly refusal?: { readonly code: string; readonly detail: string; readonly about?: string }
}

export interface Planned {
  readonly plan?: Plan
  readonly problems: readonly FileProblem[]
}

/** Compares files with a server, and tries at the server what would be done. */
export async function planFor(
  to: Destination,
  sources: readonly Source[],
  { remove }: { readonly remove: boolean },
): Promise<Planned> {
  const server = await readServer(to, ownersIn(sources))
  const { estate, problems } = estateOf(sources, server.estate, { removes: remove })
  if (problems.length > 0) return { problems }
  const compared = compare(estate, server)
  if (compared.problems.length > 0) return { problems: compared.problems }
  const removed = remove ? compared.missing : []
  const intent = intentOf(estate, server, compared, removed)
  const drifts = await driftsOf(to, [...compared.changes.map(({ id }) => id), ...compared.missing.map(({ id }) => id)])
  const withDrift = <T extends { readonly id?: string }>(one: T): T & { drift?: Drift } => {
    const drift = one.id === undefined ? undefined : drifts.get(one.id)
    return { ...one, ...(drift ? { drift } : {}) }
  }
  const changes = [...compared.changes, ...removed.map((thing) => removalOf(thing, server))].map(withDrift)
  const kept = remove
    ? []
    : compared.missing.map((thing) => {
        const { kind, key, id } = thing
        const owner = server.ownerOf(thing)
        return withDrift({
          kind,
          key,
          ...(owner === undefined ? {} : { owner }),
          ...(id === undefined ? {} : { id }),
        })
      })
  const plan = { cadastrePlan: planVersion, epoch: server.epoch, changes, kept, operations: intent.operations } as const
  if (intent.operations.length === 0) return { plan, problems: [] }
  return { plan: { ...plan, ...(await tried(to, plan, intent.about)) }, problems: [] }
}

function removalOf({ kind, key, id, members }: Thing, server: ServerRead): Change {
  const audience =
    kind === 'policy' ? Object.keys(members.assignments as object) : ((members.sharedWith ?? []) as string[])
  const owner = server.ownerOf({ kind, key, members, ...(id === undefined ? {} : { id }) })
  return {
    kind,
    action: 'remove',
    key,
    ...(owner === undefined ? {} : { owner }),
    ...(id === undefined ? {} : { id }),
    members: [],
    for: audience.length > 0 || owner === undefined ? audience : [owner],
  }
}

/** Tries what was planned; where something was changed since, which need not be what it is about, tries it as things are by now. */
async function standing<T>(
  { operations, epoch }: Pick<Plan, 'operations' | 'epoch'>,
  attempt: (one: { readonly operations: Plan['operations']; readonly epoch?: number }) => Promise<T>,
): Promise<T> {
  try {
    return await attempt({ operations, epoch })
  } catch (error) {
    if (!isOutdated(error)) throw error
    return attempt({ operations })
  }
}
/** Whether something was changed since the state that it was planned for. */
export const isOutdated = (error: unknown): boolean =>
  error instanceof Refused && error.problem.code === 'PreconditionFailed' && error.problem.index === undefined

/** What the server would say, were it done. */
async function tried(
  to: Destination,
  plan: Pick<Plan, 'operations' | 'epoch'>,
  about: readonly string[],
): Promise<Pick<Plan, 'impact' | 'refusal' | 'request'>> {
  try {
    const { headers } = await standing(plan, (one) => applyTo(to, one, { isDryRun: true }))
    const impact = headers.get('x-cadastre-impact')
    return impact === null ? {} : { impact: JSON.parse(impact) as ToldImpact }
  } catch (error) {
    const refused = refusalIn(error, about)
    if (refused.refusal.code !== 'ChangeRequestRequired') return refused
    return (await triedAsRequest(to, plan, about)) ?? refused
  }
}
function refusalIn(error: unknown, about: readonly string[]): Required<Pick<Plan, 'refusal'>> {
  if (!(error instanceof Refused) || error.problem.status >= 500) throw error
  const { code, detail, index } = error.problem
  const what = typeof index === 'number' ? about[index] : undefined
  return { refusal: { code, detail, ...(what === undefined ? {} : { about: what }) } }
}

/** What the server would say, were it proposed: there it goes no other way. Undefined for whoever may not propose it. */
async function triedAsRequest(
  to: Destination,
  plan: Pick<Plan, 'operations' | 'epoch'>,
  about: readonly string[],
): Promise<Pick<Plan, 'impact' | 'refusal' | 'request'> | undefined> {
  try {
    const proposal = { node: await topOf(to), reason: 'a plan' }
    const { impact, needed } = await standing(plan, (one) => tryProposal(to, one, proposal))
    const { class: found = 'contained', ...told } = impact as ToldImpact & { readonly class?: string }
    return { impact: told, request: { class: found, needed: needed! } }
  } catch (error) {
    if (error instanceof Refused && error.problem.action === 'change:propose') return undefined
    return refusalIn(error, about)
  }
}

/** Asks the server for all of it in one transaction. */
export const applyTo = (
  to: Destination,
  { operations, epoch }: Pick<Plan, 'operations'> & { readonly epoch?: number },
  { isDryRun }: { readonly isDryRun: boolean },
) =>
  send(to, {
    method: 'POST',
    path: '/governance/apply',
    query: isDryRun ? { dryRun: 'true' } : {},
    body: { operations, ...(epoch === undefined ? {} : { expectedEpoch: epoch }) },
  })

/** Who changed things last, where it was by other means than files, and after files were applied last. */
async function driftsOf(to: Destination, ids: readonly (string | undefined)[]): Promise<ReadonlyMap<string, Drift>> {
  const drifts = new Map<string, Drift>()
  const asked = [...new Set(ids)].flatMap((id) => id ?? []).slice(0, driftsMax)
  if (asked.length === 0) return drifts
  const byFiles = await momentsOfFiles(to)
  const newest = [...byFiles].sort().at(-1)
  for (const id of asked) {
    const last = await newestChange(to, { subject: id })
    if (!last || last.action === 'applyGovernance') continue
    if (last.action.endsWith('ChangeRequest') && byFiles.has(last.at)) continue
    if (newest !== undefined && last.at < newest) continue
    drifts.set(id, { action: last.action, principal: last.principal, at: last.at })
  }
  return drifts
}

/** When files were applied last: at once, and by change requests that were made of them. */
async function momentsOfFiles(to: Destination): Promise<ReadonlySet<string>> {
  const applied = await newestChange(to, { action: 'applyGovernance' })
  const requests = await latest<AppliedRequest>(to, '/change-requests', { limit: String(requestsLookedAtMax) })
  const moments = requests.flatMap(({ plannedFor, ended, progress }) =>
    plannedFor === undefined ? [] : [ended?.at, progress?.since],
  )
  return new Set([applied?.at, ...moments].filter((at) => at !== undefined))
}
interface AppliedRequest {
  readonly plannedFor?: number
  readonly ended?: { readonly at: string }
  readonly progress?: { readonly since: string }
}
interface ToldChange extends Drift {
  readonly outcome: string
}
const newestChange = async (
  to: Destination,
  filter: Readonly<Record<string, string>>,
): Promise<ToldChange | undefined> =>
  (await latest<ToldChange>(to, '/changes', { ...filter, limit: String(changesLookedAtMax) })).find(
    // What was refused has changed nothing.
    ({ outcome }) => outcome === 'Success',
  )

/** The first page of a list. Whoever may not read it is not told by whom. */
async function latest<T>(
  to: Destination,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<readonly T[]> {
  try {
    return (JSON.parse((await send(to, { method: 'GET', path, query, body: undefined })).text) as { items: T[] }).items
  } catch (error) {
    if (error instanceof Refused && error.problem.status < 500) return []
    throw error
  }
}
