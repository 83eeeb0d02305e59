// What goes by an id, a name or a tag, of whatever kind: each kind for whoever may read such things where this one is.
import { expandId, formatId, kindOf, parseId } from '#model/identifier.ts'
import { type FoundNoun, kinds, kindsWith } from '#model/kinds.ts'
import { canonicalExternalId, isAccountId, isTargetId } from '#model/organization.ts'
import type { Action } from '#model/roles.ts'
import { nameKey } from '#model/tags.ts'
import type { Tenure } from '#store/tables/timeline.ts'
import { permitter } from '../identity/authority.ts'
import { holdersOf, visibleAccounts } from '../identity/visible-accounts.ts'
import type { ReadContext } from '../operation.ts'
import { permitterThen, placeOfObject } from './object-places.ts'

/** Of each kind. */
export const matchesMax = 20
/** Rows looked at for what may be seen among them, of one kind. */
const rowsMax = 500

/** The kinds that are found, by their nouns. */
export type FoundKind = FoundNoun
const found = kindsWith('read').map((name) => kinds[name])
export const foundKinds: readonly FoundKind[] = found.map(({ noun }) => noun)
/** What lets somebody read such things. */
const readActions = Object.fromEntries(found.map(({ noun, read }) => [noun, read])) as Readonly<
  Record<FoundKind, Action>
>
const isFoundKind = (kind: string): kind is FoundKind => Object.hasOwn(readActions, kind)

/** The kinds that can have tags, with what tags call them. */
const taggedKinds = kindsWith('tagType').map((name) => [kinds[name].noun, kinds[name].tagType] as const)
/** Their tags are the organization's, and whose they are is said by the tree. */
const isNode = (kind: FoundKind): boolean => readActions[kind] === 'organization:read'

export interface Match {
  readonly kind: FoundKind
  readonly id: string
  readonly account: string | undefined
  /** What it is called, where that is known without looking. */
  readonly name?: string | undefined
  /** Of what has space. */
  readonly tenure?: Tenure
  /** It was there once. */
  readonly isGone?: true
}
export interface MatchGroup {
  readonly kind: FoundKind
  readonly matches: readonly Match[]
  readonly hasMore: boolean
}

export interface FoundObjects {
  readonly groups: readonly MatchGroup[]
  /** Of some kind not all that goes by the text was looked at: there may be more, also where nothing was found. */
  readonly hasMore: boolean
}

/** All that the text may stand for. */
export async function findObjects(context: ReadContext, text: string): Promise<FoundObjects> {
  let isCut = false
  const groups = new Map<FoundKind, { matches: Map<string, Match>; hasMore: boolean }>()
  const add = ({ matches, hasMore }: Matches) => {
    isCut ||= hasMore
    for (const match of matches) {
      const group = groups.get(match.kind) ?? { matches: new Map<string, Match>(), hasMore: false }
      groups.set(match.kind, group)
      if (group.matches.size < matchesMax || group.matches.has(match.id)) group.matches.set(match.id, match)
      else group.hasMore = true
      group.hasMore ||= hasMore
    }
  }
  const id = expandId(context.tx.installation, text) ?? text
  add({ matches: await findById(context, id), hasMore: false })
  add(await findNodesNamed(context, text))
  add(await findOfResource(context, text))
  await context.tx.nextTurn()
  for (const tag of tagsIn(text)) {
    for (const one of await findTagged(context, tag)) add(one)
  }
  const listed = foundKinds.flatMap((kind) => {
    const group = groups.get(kind)
    return group ? [{ kind, matches: [...group.matches.values()], hasMore: group.hasMore }] : []
  })
  return { groups: listed, hasMore: isCut }
}

interface KeyValue {
  readonly key: string
  readonly value: string
}
/** What has a name has it as a tag; with a `=`, it may be any tag. */
function tagsIn(text: string): readonly KeyValue[] {
  const at = text.indexOf('=')
  const named = { key: nameKey, value: text }
  return at < 1 ? [named] : [{ key: text.slice(0, at), value: text.slice(at + 1) }, named]
}

// By id --------------------------------------------------------------------------------------------------------------

async function findById(context: ReadContext, id: string): Promise<readonly Match[]> {
  const kind = kindOf(id)
  if (kind === 'allocation' || kind === 'address') return findTenure(context, kind, id)
  if (kind === 'decision') return findDecision(context, id)
  if (kind === 'finding') return findFinding(context, id)
  if (isAccountId(id)) return findAccount(context, id)
  const [unit] = isTargetId(id) ? await findNode(context, id) : []
  if (unit) return [unit]
  const latest = await context.tx.history.latest(id)
  if (!latest || !isFoundKind(latest.kind)) return []
  const node = await placeOfObject(context, id, latest)
  const match = { kind: latest.kind, id, account: latest.account }
  if (latest.untilAt === undefined) {
    const isPermitted = await permitter(context, readActions[latest.kind])
    return isPermitted(node) ? [match] : []
  }
  const wasPermitted = await permitterThen(context, 'history:read')
  return (await wasPermitted(node, latest.fromAt, latest.untilAt)) ? [{ ...match, isGone: true }] : []
}

async function findTenure(context: ReadContext, kind: 'allocation' | 'address', id: string): Promise<readonly Match[]> {
  const { tx } = context
  const n = parseId(kind, tx.installation, id)
  const tenure = n === undefined ? undefined : await tx.tenures.latestOf(n)
  if (!tenure || (kind === 'address' && tenure.resourceType !== 'eip')) return []
  const { account, from, heldUntil } = tenure
  const match = matchOf(context, tenure)
  if (heldUntil === undefined) return (await permitter(context, 'allocation:read'))(account) ? [match] : []
  const wasPermitted = await permitterThen(context, 'history:read')
  return (await wasPermitted(account, from, heldUntil)) ? [{ ...match, isGone: true }] : []
}
/** Elastic IPs go by the id that EC2 has for them. */
function matchOf({ tx: { installation } }: ReadContext, tenure: Tenure): Match {
  const isAddress = tenure.resourceType === 'eip' && tenure.state === 'allocated'
  const kind = isAddress ? 'elastic-ip' : 'ipam-pool-allocation'
  const id = formatId(isAddress ? 'address' : 'allocation', installation, tenure.n)
  return { kind, id, account: tenure.account, tenure }
}

async function findDecision(context: ReadContext, id: string): Promise<readonly Match[]> {
  const n = parseId('decision', context.tx.installation, id)
  const found = n === undefined ? undefined : await context.tx.journal.findDecision(n)
  if (!found) return []
  const isPermitted = await permitterThen(context, 'decision:read')
  const { account } = found.request
  return (await isPermitted(account, found.at.getTime())) ? [{ kind: 'decision', id, account }] : []
}

async function findFinding(context: ReadContext, id: string): Promise<readonly Match[]> {
  const n = parseId('finding', context.tx.installation, id)
  const found = n === undefined ? undefined : await context.tx.findings.find(n)
  const isPermitted = await permitter(context, readActions.finding)
  if (!found || !isPermitted(found.node)) return []
  return [{ kind: 'finding', id, account: isAccountId(found.node) ? found.node : undefined, name: found.control }]
}

async function findAccount(context: ReadContext, id: string): Promise<readonly Match[]> {
  const isPermitted = await permitter(context, readActions.account)
  const account = isPermitted(id) ? await context.tx.organizations.findAccount(id) : undefined
  return account ? [{ kind: 'account', id, account: id, name: account.name }] : []
}

async function findNode(context: ReadContext, id: string): Promise<readonly Match[]> {
  const isPermitted = await permitter(context, 'organization:read')
  const node = isPermitted(id) ? await context.tx.organizations.findNode(id) : undefined
  return node ? [{ kind: node.kind, id, account: undefined, name: node.name }] : []
}

// By name ------------------------------------------------------------------------------------------------------------

async function findNodesNamed(context: ReadContext, text: string): Promise<Matches> {
  const isPermitted = await permitter(context, 'organization:read')
  const accounts = await visibleAccounts(context, 'organization:read', 'now')
  const called = { name: text, externalId: canonicalExternalId(text) }
  const found = await context.tx.finding.nodesNamed(called, rowsMax, accounts)
  const matches = found
    .filter(({ id }) => isPermitted(id))
    .map(({ id, kind, name }): Match => ({ kind, id, name, account: kind === 'account' ? id : undefined }))
  return { matches, hasMore: found.length === rowsMax }
}

type Matches = Pick<MatchGroup, 'matches' | 'hasMore'>

/** What names the text as the resource that has it, or is used by that. */
async function findOfResource(context: ReadContext, resourceId: string): Promise<Matches> {
  const { tx } = context
  const isPermitted = await permitter(context, 'allocation:read')
  const accounts = await visibleAccounts(context, 'allocation:read', 'now')
  const holders = await holdersOf(context, accounts)
  const allocated = holders
    ? await tx.allocationLists.ofResource(holders, resourceId, 0, rowsMax)
    : await tx.allocations.ofResource(resourceId, 0, rowsMax)
  const held = await tx.space.holds.list({ accounts, resourceId }, 0, rowsMax)
  const used = await tx.addresses.usedBy({ resourceId }, 0, rowsMax)
  const numbers = [...allocated, ...held].filter(({ account }) => isPermitted(account)).map(({ n }) => n)
  const tenures = await tx.tenures.presentOf([...new Set([...numbers, ...used])])
  const found = [...tenures.values()]
    // What a pool was given is the pool, which is found itself.
    .filter(({ resourceType }) => resourceType !== 'ipam-pool' && resourceType !== 'reserved')
    .filter(({ account, heldUntil }) => heldUntil === undefined && isPermitted(account))
    .sort((a, b) => a.n - b.n)
  const isCut = [allocated, held, used].some(({ length }) => length === rowsMax)
  return { matches: found.map((tenure) => matchOf(context, tenure)), hasMore: isCut }
}

/** Each kind by itself, so that what there is much of hides nothing else. */
async function findTagged(context: ReadContext, { key, value }: KeyValue): Promise<readonly Matches[]> {
  const found: Matches[] = []
  for (const [kind, type] of taggedKinds) {
    const action = readActions[kind]
    const isPermitted = await permitter(context, action)
    const accounts = isNode(kind) ? undefined : await visibleAccounts(context, action, 'now')
    const rows = await context.tx.finding.tagged({ key, value, type }, accounts ? matchesMax + 1 : rowsMax, accounts)
    const matches = rows
      .filter(({ id, account }) => isPermitted(isNode(kind) ? id : account))
      .map(({ id, account }): Match => ({ kind, id, account: isNode(kind) ? undefined : account }))
    found.push({
      matches: await withTenures(context, kind, matches.slice(0, matchesMax + 1)),
      hasMore: rows.length === rowsMax,
    })
  }
  return found
}

/** What has space says which. */
async function withTenures({ tx }: ReadContext, kind: FoundKind, matches: readonly Match[]): Promise<readonly Match[]> {
  if (kind !== 'elastic-ip' && kind !== 'ipam-pool-allocation') return matches
  const idKind = kind === 'elastic-ip' ? 'address' : 'allocation'
  const numberOf = ({ id }: Match): number => parseId(idKind, tx.installation, id) ?? -1
  const tenures = await tx.tenures.presentOf(matches.map(numberOf))
  return matches.map((match) => ({ ...match, tenure: tenures.get(numberOf(match)) }) as Match)
}
