// A plan as a change request: proposed once for all of it, and gone on with as others decide on it.
import { type Destination, Refused, send } from '#cli/client.ts'
import { Stopped, UsageProblem } from '#cli/exit-codes.ts'
import type { GovernedOperation } from '#operations/governance/operations.native.ts'
import { canonical, rootKey } from './estate.ts'

/** Of one principal at one node: so many may be open. */
const openMax = 50

type Args = ReadonlyMap<string, string>
export interface Needed {
  readonly approvers: number
  readonly ofRoot: number
}
/** What is to be done, and the state that it was planned for; undefined where it is only tried, as things are by now. */
interface Planned {
  readonly operations: readonly GovernedOperation[]
  readonly epoch?: number
}
/** As the header of a dry run says it. */
export interface ToldImpact {
  readonly noncompliant: number
  readonly compliant: number
  readonly evaluated: number
  readonly isWhole: boolean
  readonly groups: readonly {
    readonly account: string
    readonly resourceType: string
    readonly noncompliant: number
    readonly compliant: number
  }[]
  readonly samples: readonly {
    readonly id: string
    readonly cidr: string
    readonly account: string
    readonly becomes: string
    readonly setting?: string
  }[]
}
/** What is used of a change request. */
export interface ToldRequest {
  readonly changeRequestId: string
  readonly node: string
  readonly reason: string
  readonly state: string
  readonly contentHash: string
  readonly impact?: { readonly class: string } & Partial<ToldImpact>
  readonly needed?: Needed
  readonly approvals: readonly { readonly by: string }[]
  readonly operations: Planned['operations']
  readonly window?: Window
  readonly rollout?: unknown
  readonly progress?: { readonly stage: number; readonly stages: number; readonly nextAt: string }
}
interface Window {
  readonly from?: string
  readonly until?: string
}
export interface Proposal {
  readonly node: string
  readonly reason: string
  readonly window?: unknown
  readonly rollout?: unknown
}

/** What an open one says otherwise than the words do that would go on with it: of what they leave out, it says what holds. */
async function differing(to: Destination, open: ToldRequest, proposal: Proposal, said: Args): Promise<string[]> {
  const isOther = {
    node: said.has('node') && proposal.node !== open.node && (await idOf(to, proposal.node)) !== open.node,
    reason: proposal.reason !== open.reason,
    window: proposal.window !== undefined && canonicalWindow(proposal.window) !== canonicalWindow(open.window),
    rollout: proposal.rollout !== undefined && canonical(proposal.rollout) !== canonical(open.rollout),
  }
  return requestFlags.filter((flag) => isOther[flag])
}
/** A moment can be written in several ways. */
function canonicalWindow(window: unknown): string {
  if (typeof window !== 'object' || window === null) return canonical(window)
  const moments = Object.entries(window).map(([end, moment]) => [end, Date.parse(String(moment))])
  return canonical(Object.fromEntries(moments))
}
/** The id of a unit or an account by its name; undefined where nothing is called so. */
async function idOf(to: Destination, name: string): Promise<string | undefined> {
  for (const [kind, id] of [
    ['organizational-units', 'unitId'],
    ['accounts', 'account'],
  ] as const) {
    try {
      const found = await ask<Readonly<Record<string, string>>>(to, 'GET', `/${kind}/${encodeURIComponent(name)}`)
      return found[id]
    } catch (error) {
      // It may be one of the other kind; of neither, it is no node that the request is at.
      if (!(error instanceof Refused)) throw error
    }
  }
  return undefined
}

/** Flags that say something of a change request, beside `--request`. */
export const requestFlags = ['node', 'reason', 'window', 'rollout'] as const

/** What is to be proposed, as the words say it: at the top, where they do not say where. */
export async function proposalOf(to: Destination, args: Args): Promise<Proposal> {
  const reason = args.get('reason')
  if (reason === undefined)
    throw new UsageProblem('`--request` needs `--reason`: what the change is for, for whoever approves it.')
  const [window, rollout] = [jsonIn(args, 'window'), jsonIn(args, 'rollout')]
  return {
    node: await nodeOf(to, args.get('node')),
    reason,
    ...(window === undefined ? {} : { window }),
    ...(rollout === undefined ? {} : { rollout }),
  }
}
function jsonIn(args: Args, flag: string): unknown {
  const text = args.get(flag)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    // What is wrong with it, the reader says in words of its own.
    throw new UsageProblem(`\`--${flag}\` is not JSON.`)
  }
}
/** A node as files call it, for the server. */
async function nodeOf(to: Destination, text = rootKey): Promise<string> {
  if (text === rootKey) return topOf(to)
  return text.startsWith('/') ? text.slice(1) : text
}
/** The root, or one's own account where there is none to be seen. */
export async function topOf(to: Destination): Promise<string> {
  try {
    return (await ask<{ rootId: string }>(to, 'GET', '/organization')).rootId
  } catch (error) {
    // Not there and not to be seen are told in the same words.
    if (!(error instanceof Refused) || ![403, 404].includes(error.problem.status)) throw error
    return (await ask<{ account: string }>(to, 'GET', '/me')).account
  }
}

/** Tries a proposal of the plan: what it would do, and who would have to approve it. */
export const tryProposal = (to: Destination, plan: Planned, proposal: Proposal) =>
  propose(to, plan, { proposal, isDryRun: true })

export interface Requested {
  readonly request: ToldRequest
  /** What this call has done. */
  readonly did: 'proposed' | 'applied' | 'nothing'
}
/**
 * Proposes the plan as one change request. Where the caller has proposed the very same already, it goes on with that: it applies it once
 * it is approved, and else says what it waits for.
 */
export async function requestPlan(
  to: Destination,
  plan: Planned,
  {
    proposal,
    said,
    isDryRun,
  }: { readonly proposal: Proposal /** The words. */; readonly said: Args; readonly isDryRun: boolean },
): Promise<Requested> {
  const open = await openOne(to, plan)
  const others = open ? await differing(to, open, proposal, said) : []
  if (open && others.length > 0) refuseOthers(open, others)
  if (!open) return { request: await propose(to, plan, { proposal, isDryRun }), did: 'proposed' }
  if (open.state !== 'approved' || isDryRun) return { request: open, did: 'nothing' }
  const { changeRequestId, contentHash } = open
  const path = `/change-requests/${changeRequestId}/apply`
  return { request: await ask<ToldRequest>(to, 'POST', path, { contentHash }), did: 'applied' }
}

function refuseOthers({ changeRequestId: id, state }: ToldRequest, others: readonly string[]): never {
  const flags = others.map((flag) => `\`--${flag}\``).join(', ')
  const isUnderWay = state === 'scheduled' || state === 'halted'
  const next = isUnderWay
    ? `\`cadastre change-request show ${id}\` says how it is made.`
    : `leave them out to go on with it as it is; or \`cadastre change-request edit ${id}\`, or \`cadastre change-request abandon ${id}\` and propose it anew.`
  throw new Stopped('conflict', `It is proposed already, as ${id}, with other values of ${flags}.`, [next])
}

const propose = (
  to: Destination,
  { operations, epoch }: Planned,
  { proposal, isDryRun }: { readonly proposal: Proposal; readonly isDryRun: boolean },
): Promise<ToldRequest> =>
  ask(to, 'POST', `/change-requests${isDryRun ? '?dryRun=true' : ''}`, {
    ...proposal,
    operations,
    ...(epoch === undefined ? {} : { expectedEpoch: epoch }),
  })

/** One of the caller's own that says the same and is open. */
async function openOne(to: Destination, { operations }: Planned): Promise<ToldRequest | undefined> {
  const { principal } = await ask<{ principal: string }>(to, 'GET', '/me')
  const wanted = canonical(operations)
  for (const state of ['approved', 'in-review', 'scheduled', 'halted']) {
    const query = new URLSearchParams({ author: principal, state, limit: String(openMax) })
    const { items } = await ask<{ items: readonly ToldRequest[] }>(to, 'GET', `/change-requests?${query}`)
    for (const { changeRequestId } of items) {
      const request = await ask<ToldRequest>(to, 'GET', `/change-requests/${changeRequestId}`)
      if (canonical(request.operations) === wanted) return request
    }
  }
  return undefined
}

async function ask<T>(
  to: Destination,
  method: 'GET' | 'POST',
  asked: string,
  body?: Readonly<Record<string, unknown>>,
): Promise<T> {
  const [path = '', search] = asked.split('?')
  const query = Object.fromEntries(new URLSearchParams(search))
  return JSON.parse((await send(to, { method, path, query, body })).text) as T
}

// In words -----------------------------------------------------------------------------------------------------------

export function neededWords({ approvers, ofRoot }: Needed): string {
  const who = approvers === 1 ? 'one other person has to approve it' : `${approvers} others have to approve it`
  if (ofRoot === 0) return who
  return `${who}${approvers === 1 ? ', who may do so at the root' : `, ${ofRoot === 1 ? 'one' : ofRoot} of whom at the root`}`
}

/** What has become of it, and what comes next. */
export function requestLines({ request, did }: Requested, { isDryRun, again }: { isDryRun: boolean; again: string }) {
  const { changeRequestId: id, state, needed, approvals, contentHash, progress } = request
  if (isDryRun && did === 'proposed') {
    return [`Tried, and not proposed.${needed ? ` Proposed, ${neededWords(needed)}.` : ''}`]
  }
  const named = `as ${id}`
  if (did === 'applied') {
    const stages = progress ? `stage ${progress.stage} of ${progress.stages} is made` : 'done, all of it'
    return [
      `Applied ${named}: ${stages}.`,
      `Next, should it have to go back: \`cadastre change-request revert ${id} --note WHY\`.`,
    ]
  }
  const begin = did === 'proposed' ? `Proposed ${named}` : `It is proposed already, ${named}`
  switch (state) {
    case 'in-review': {
      const so = approvals.length === 0 ? '' : `; so far ${approvals.map(({ by }) => by).join(', ')} did`
      return [
        `${begin}: ${neededWords(needed!)}${so}.`,
        `Next, others: \`cadastre change-request show ${id}\`, then`,
        `  \`cadastre change-request approve ${id} --content-hash ${contentHash}\`.`,
        `Then you: \`${again}\` once more applies it.`,
      ]
    }
    case 'approved':
      return [`${begin}, and approved: \`${again}\` applies it.`]
    case 'halted':
      return [
        `${begin}, and its rollout is halted: \`cadastre change-request show ${id}\` says why.`,
        `Next: \`cadastre change-request resume ${id}\`, or \`cadastre change-request revert ${id} --note WHY\`.`,
      ]
    default:
      return [
        `${begin}, and is rolled out: stage ${progress?.stage} of ${progress?.stages} is made, the next at ${progress?.nextAt}.`,
      ]
  }
}
