// Change control: what of a change is governed by which IPAMs, and the refusal of one that needs a change request (policy-model §8).
import { isDeepStrictEqual } from 'node:util'
import type { ApprovalRules } from '#model/change-request.ts'
import { kindOf } from '#model/identifier.ts'
import { isAccountId, isTargetId } from '#model/organization.ts'
import { proposalLengthMax, type Refusal, refuse } from '#model/refusal.ts'
import { everywhere } from '#model/roles.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { Subject } from '#store/subjects.ts'
import type { HistoryBody } from '#store/tables/history.ts'
import type { Ruling } from '#store/tables/ipams.ts'
import type { Organization } from '#store/tables/organizations.ts'
import { mayAtTop } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'
import { ipamService } from '../organization/delegated-administrators.ts'
import { topOf } from '../record/object-places.ts'
import { changedObjects } from './changed-objects.ts'
import { proposalOf } from './proposals.ts'
import type { ProposedOperation } from './proposed.ts'

/**
 * Operations of either API that are no change beside change requests, though they move the epoch: what is itself asked for by one and
 * approved by another, what never acts, and change requests. Every other one needs a change request where control is required.
 */
export const withoutControl: ReadonlySet<string> = new Set([
  // Asked for by one and approved by another already; break-glass is a finding until it is reviewed.
  'requestException',
  'renewException',
  'approveException',
  'denyException',
  'revokeException',
  'reviewException',
  'breakGlass',
  // Asked beside what is in force, and never acting.
  'draftPolicyVersion',
  'putAssignmentCandidate',
  'deleteAssignmentCandidate',
  // Change requests themselves.
  'proposeChange',
  'updateChangeRequest',
  'submitChangeRequest',
  'simulateChangeRequest',
  'approveChangeRequest',
  'rejectChangeRequest',
  'abandonChangeRequest',
  'applyChangeRequest',
  'breakGlassChangeRequest',
  'resumeChangeRequest',
  'revertChangeRequest',
  // What a clock makes and goes on with.
  'openChangeRequest',
  'advanceChangeRequest',
  'reviewChangeRequest',
])

interface ControlledChange {
  readonly operation: string
  /** What it says itself; undefined where that is to be found. */
  readonly proposal: readonly ProposedOperation[] | undefined
  /** What it has changed. */
  readonly subjects: readonly Subject[]
}
/** Refuses a change that has just been made without a change request where an IPAM asks for one. What turns it on is not such a change. */
export async function refuseWithoutRequest(
  context: ReadContext,
  { operation, proposal: said, subjects }: ControlledChange,
): Promise<void> {
  const { tx } = context
  const isTurnedOff = subjects.some(({ id }) => kindOf(id) === 'ipam')
  if (!isTurnedOff && !(await tx.ipams.hasChangeControl())) return
  const ruling = (await rulingOf(context, subjects)).find(({ changeControl }) => changeControl === 'required')
  if (!ruling) return
  const proposal = said ?? (await proposalOf(tx, subjects))
  refuse({ code: 'ChangeRequestRequired', ipamId: ruling.id, operation, ...told(proposal) })
}
function told(
  proposal: readonly ProposedOperation[] | undefined,
): Pick<ChangeRequestRequired, 'proposal' | 'noProposal'> {
  if (!proposal) return { noProposal: 'no-operation' }
  if (proposal.length === 0) return { noProposal: 'no-change' }
  const text = JSON.stringify(proposal)
  return text.length <= proposalLengthMax ? { proposal: text } : { noProposal: 'too-long' }
}
type ChangeRequestRequired = Extract<Refusal, { readonly code: 'ChangeRequestRequired' }>

/**
 * What IPAMs say of a change that was made in this transaction, as they said it before: of an IPAM, its scopes, pools and policies, itself;
 * of all that is the organization's or an account's of it, the IPAMs of the account that speaks for it; of any other account's, its own.
 * Whoever sets the rules of the organization may lift those of any other IPAM.
 */
export async function rulingOf(context: ReadContext, subjects: readonly Subject[]): Promise<readonly Ruling[]> {
  const { tx } = context
  const states = await statesOf(tx, subjects)
  const before = new Map((await tx.ipams.ruling()).map((one) => [one.id, one]))
  for (const { id, body } of states.filter(({ id }) => kindOf(id) === 'ipam')) {
    if (body === undefined || body.isNew) before.delete(id)
    else before.set(id, rulingIn(id, body.was))
  }
  if (before.size === 0) return []
  const speaking = await speakingOf(tx, [...before.values()], subjects)
  const lifted = await liftedIn(context, subjects, speaking)
  const ruling = new Set<Ruling>()
  const ipams = await ipamsOf(tx, states)
  // Of what is many mostly all is at one account.
  const inside = new Map<string, boolean>()
  const isInside = async (place: string): Promise<boolean> => {
    const known = inside.get(place) ?? (await tx.organizations.findNode(place)) !== undefined
    inside.set(place, known)
    return known
  }
  for (const { id, kind, account, body } of states) {
    const was = body?.was ?? {}
    const ipamId = kindOf(id) === 'ipam' ? id : ((was.ipamId as string | undefined) ?? ipams.get(was.pool))
    const own = ipamId === undefined ? undefined : before.get(ipamId)
    if (own && !lifted.has(id)) ruling.add(own)
    const place = isTargetId(id) ? id : ((was.node ?? was.target ?? account) as string)
    // Who has just left was in it when the change was asked for; of whom nothing was on record before, that is not known.
    const mayHaveLeft = isAccountId(id) && (body === undefined || body.isNew || 'parentId' in was)
    const isOfOrganization = place === everywhere || !isAccountId(place) || mayHaveLeft || (await isInside(place))
    if (isOfOrganization && kind !== 'change-request') for (const one of speaking) ruling.add(one)
    else if (!lifted.has(id)) for (const one of before.values()) if (one.account === place) ruling.add(one)
  }
  return [...ruling]
}

/** Of the pools that CIDRs are of, which say nothing of an IPAM themselves. */
async function ipamsOf(tx: ReadTransaction, states: readonly State[]): Promise<ReadonlyMap<unknown, string>> {
  const ofCidrs = states.filter(({ kind }) => kind === 'ipam-pool-cidr')
  if (ofCidrs.length === 0) return new Map()
  const named = new Set(ofCidrs.map(({ body }) => body?.was.pool as string))
  const found = await tx.pools.findMany([...named])
  // What is not there any more has gone with its CIDRs.
  const gone = states.filter(({ id }) => named.has(id)).map(({ id, body }) => ({ id, ipamId: body?.was.ipamId }))
  return new Map([...gone, ...found].flatMap(({ id, ipamId }) => (ipamId ? [[id, ipamId as string] as const] : [])))
}

/** Those of whoever spoke for the organization before the change; where it is gone by it, all. */
async function speakingOf(
  tx: ReadTransaction,
  before: readonly Ruling[],
  subjects: readonly Subject[],
): Promise<readonly Ruling[]> {
  const organization = await tx.organizations.find()
  if (!organization) return before
  const speakers = await speakersBefore(tx, organization, subjects)
  return before.filter(({ account }) => speakers.includes(account))
}
/** The delegated administrator of IPAM; where there was none, the management account. */
async function speakersBefore(
  tx: ReadTransaction,
  { managementAccount }: Organization,
  subjects: readonly Subject[],
): Promise<readonly string[]> {
  const prefix = `${ipamService}/`
  const delegated = subjects.filter(({ id }) => id.startsWith(prefix))
  if (delegated.length === 0) return [(await tx.organizations.findAdministrator(ipamService)) ?? managementAccount]
  return delegated.flatMap(({ id, before, after }) => {
    const account = id.slice(prefix.length)
    if (before !== undefined) return [account]
    // Of one that ends, and of which nothing is on record from before, it is not known whether the change itself had made it.
    return after === undefined ? [account, managementAccount] : [managementAccount]
  })
}

/** What IPAMs say of changes at a node, such as of a role there. */
export async function rulingAt(tx: ReadTransaction, node: string): Promise<readonly Ruling[]> {
  const all = await tx.ipams.ruling()
  const isOutside = isAccountId(node) && !(await tx.organizations.findNode(node))
  return isOutside ? all.filter(({ account }) => account === node) : speakingOf(tx, all, [])
}

/** An IPAM that asks for change requests of a pool, where one does. */
export async function controlOf(
  tx: ReadTransaction,
  { account, ipamId }: { readonly account: string; readonly ipamId?: string | undefined },
): Promise<Ruling | undefined> {
  if (!(await tx.ipams.hasChangeControl())) return undefined
  const own = (await tx.ipams.ruling()).filter(({ id }) => id === ipamId)
  return [...own, ...(await rulingAt(tx, account))].find(({ changeControl }) => changeControl === 'required')
}

/**
 * IPAMs of which nothing but the rules of changes is other, by whoever may set those of the organization: what one account says of its
 * changes shuts out nobody who administers all of them, as its `forbid` does not. Those that speak for the organization are not among them.
 */
async function liftedIn(
  context: ReadContext,
  subjects: readonly Subject[],
  speaking: readonly Ruling[],
): Promise<ReadonlySet<string>> {
  const lifted = new Set<string>()
  const own = subjects.filter(({ id, before, after }) => {
    const isOwn = kindOf(id) === 'ipam' && !speaking.some((one) => one.id === id)
    return isOwn && before !== undefined && after !== undefined
  })
  if (own.length === 0 || !(await mayAtTop(context, 'policy:manage', [await topOf(context)]))) return lifted
  for (const { id, was, is } of await changedObjects(context.tx, own)) {
    if (isDeepStrictEqual(withoutRules(was!), withoutRules(is!))) lifted.add(id)
  }
  return lifted
}
const withoutRules = ({ changeControl: _, changeApprovals: __, changeFreezes: ___, ...rest }: HistoryBody) => rest

/** The versions of those that have some from before, by their ids. */
export const versionsBefore = (subjects: readonly Subject[]): Readonly<Record<string, number>> =>
  Object.fromEntries(subjects.flatMap(({ id, before }) => (before === undefined ? [] : [[id, before]])))

interface State {
  readonly id: string
  readonly kind: string
  readonly account: string
  /** As it was before the change; where it was not there, as it is. */
  readonly body: { readonly was: HistoryBody; readonly isNew: boolean } | undefined
}
async function statesOf(tx: ReadTransaction, subjects: readonly Subject[]): Promise<readonly State[]> {
  const asked = subjects.flatMap(({ id, before, after }) => {
    // What was made and removed again in the same change was done, and is in the record as it was meanwhile.
    const passing = tx.history.written.has(`${id}/1`) ? 1 : undefined
    const version = before ?? after ?? passing
    return version === undefined ? [] : [[id, version] as const]
  })
  const versions = await tx.history.findVersions(asked)
  const made = new Set(subjects.flatMap(({ id, before }) => (before === undefined ? [id] : [])))
  const unknown = subjects.filter(
    ({ id, before, after }) => isTargetId(id) && before === undefined && after === undefined,
  )
  const nodes = unknown.map(({ id }) => ({ id, kind: 'node', account: id, body: undefined }))
  const known = asked.flatMap(([id, number]) => {
    const version = versions.get(`${id}/${number}`)
    if (!version) return []
    const isNew = made.has(id)
    const { kind, account } = version
    return [{ id, kind, account, body: { was: tx.history.bodyOf(version), isNew } }]
  })
  return [...known, ...nodes]
}

/** Of an IPAM from before it could say anything: nothing. */
const rulingIn = (id: string, body: HistoryBody): Ruling => ({
  id,
  account: body.account as string,
  changeControl: (body.changeControl as Ruling['changeControl'] | undefined) ?? 'none',
  changeFreezes: (body.changeFreezes as Ruling['changeFreezes'] | undefined) ?? [],
  ...(body.changeApprovals ? { changeApprovals: body.changeApprovals as ApprovalRules } : {}),
})
