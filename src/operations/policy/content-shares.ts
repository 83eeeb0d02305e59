// What every snapshot holds in all, shared out: who makes many accounts in a part of the organization has no more for it.
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import type { Counted, Remedy } from '#model/problems/limits.ts'
import { refuse } from '#model/refusal.ts'
import type { Action } from '#model/roles.ts'
import { mayAtTop } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'

/** Of each: below one unit at the top, or of an account there; and in all, of which the last tenth is for the top. */
const ipamsPerTopUnitMax = 5_000
const ipamsMax = 20_000
const policiesPerTopUnitMax = 5_000
const policiesMax = 20_000
const policyBytesPerTopUnitMax = 8_388_608
const policyBytesInAllMax = 33_554_432
const poolsPerTopUnitMax = 5_000
const poolsInAllMax = 20_000
const poolCidrsPerTopUnitMax = 12_500
const poolCidrsMax = 50_000
const sharesPerTopUnitMax = 12_500
const sharesMax = 50_000
const requiredTagBytesPerTopUnitMax = 524_288
const requiredTagBytesInAllMax = 2_097_152
const nodeTagsPerTopUnitMax = 25_000
const nodeTagsMax = 250_000
/** What is written in a day is kept for ever. */
const policyBytesPerDayPerTopUnitMax = 268_435_456
const policyBytesPerDayInAllMax = 1_073_741_824

/** Of what is counted, between two turns of the event loop: a few milliseconds. */
const countedPerTurn = 5_000

interface Kind {
  readonly what: Counted
  /** Who may do this at the top is bound by what is in all alone. */
  readonly action: Action
  readonly perTopUnitMax: number
  readonly max: number
  /** What the snapshot holds of it, by the account or the node that has it. */
  count(snapshot: Snapshot): Iterable<readonly [owner: string, more: number]>
}
const kinds = {
  ipams: {
    what: { of: 'ipams-in-all' },
    action: 'ipam:manage',
    perTopUnitMax: ipamsPerTopUnitMax,
    max: ipamsMax,
    *count({ ipams }) {
      for (const { account } of ipams.values()) yield [account, 1]
    },
  },
  policies: {
    what: { of: 'policies' },
    action: 'policy:manage',
    perTopUnitMax: policiesPerTopUnitMax,
    max: policiesMax,
    *count({ policies }) {
      for (const { account } of policies.values()) yield [account, 1]
    },
  },
  policyBytes: {
    what: { of: 'policy-bytes-of-policies' },
    action: 'policy:manage',
    perTopUnitMax: policyBytesPerTopUnitMax,
    max: policyBytesInAllMax,
    *count({ policies, candidates }) {
      for (const { account, bytes = 0 } of policies.values()) yield [account, bytes]
      for (const { policyId, version, account, bytes = 0 } of candidates?.snapshot.otherVersions.values() ?? []) {
        if (policies.get(policyId)?.version !== version) yield [account, bytes]
      }
    },
  },
  pools: {
    what: { of: 'pools' },
    action: 'ipam:manage',
    perTopUnitMax: poolsPerTopUnitMax,
    max: poolsInAllMax,
    *count({ pools }) {
      for (const { account } of pools.values()) yield [account, 1]
    },
  },
  poolCidrs: {
    what: { of: 'cidrs-of-pools' },
    action: 'ipam:manage',
    perTopUnitMax: poolCidrsPerTopUnitMax,
    max: poolCidrsMax,
    *count({ pools }) {
      for (const { account, cidrs } of pools.values()) yield [account, cidrs.length]
    },
  },
  shares: {
    what: { of: 'shares' },
    action: 'ipam:manage',
    perTopUnitMax: sharesPerTopUnitMax,
    max: sharesMax,
    *count({ pools }) {
      for (const { account, sharedWith } of pools.values()) yield [account, sharedWith.length]
    },
  },
  requiredTagBytes: {
    what: { of: 'required-tag-bytes-of-pools' },
    action: 'ipam:manage',
    perTopUnitMax: requiredTagBytesPerTopUnitMax,
    max: requiredTagBytesInAllMax,
    *count({ pools }) {
      for (const { account, requiredTags } of pools.values()) {
        if (requiredTags.length > 0) yield [account, Buffer.byteLength(JSON.stringify(requiredTags))]
      }
    },
  },
  nodeTags: {
    what: { of: 'node-tags' },
    action: 'organization:manage',
    perTopUnitMax: nodeTagsPerTopUnitMax,
    max: nodeTagsMax,
    *count({ nodes }) {
      for (const { id, tags } of nodes.values()) if (tags) yield [id, tags.size]
    },
  },
} as const satisfies Readonly<Record<string, Kind>>
export type Content = keyof typeof kinds

/**
 * Whether an account's policies and pools are those of the whole organization: the delegated administrator of IPAM's, where there is
 * none the management account's, and an account's that is in no organization. These have bounds of their own, and are not counted here.
 */
export async function speaksForAll(context: ReadContext, account: string): Promise<boolean> {
  const { delegatedAdministrator, nodes } = await context.snapshot()
  if (delegatedAdministrator === account || !nodes.has(account)) return true
  if (delegatedAdministrator !== undefined) return false
  return (await context.tx.organizations.find())?.managementAccount === account
}

/**
 * Refuses more of what every snapshot holds where the part of the organization has its share of it, or all of it is used.
 * Costs one pass over what the snapshot in force has of it in memory, a tenth of what compiling the next one costs, which every
 * such change brings about.
 * @param owner the account that would have it; of tags, the node, or where it is new the one above it
 */
export async function refuseBeyondShareOfContent(
  context: ReadContext,
  content: Content,
  owner: string,
  more = 1,
): Promise<void> {
  if (more <= 0) return
  const isOfNodes = content === 'nodeTags'
  if (!isOfNodes && (await speaksForAll(context, owner))) return
  const snapshot = await context.snapshot()
  const { what, action, perTopUnitMax, max }: Kind = kinds[content]
  const path = pathOf(snapshot, owner)
  const part = topUnitsOf(snapshot)(owner)
  const administrator = isOfNodes ? undefined : await administratorOf(context)
  const byPart = await usedOf(context, snapshot, content, administrator)
  const ofPart = byPart.get(part) ?? 0
  const inAll = [...byPart.values()].reduce((sum, used) => sum + used, 0)
  const isAtTop = (await mayAtTop(context, action, path)) || (await isManagement(context))
  const remedy = { do: 'take-away-or-ask', more } as const
  refuseBeyond({ what, part, ofPart, perTopUnitMax, inAll, max, isAtTop, remedy }, more)
}

/**
 * The same of what is written to policies in a day. What a part has written was counted for it when it was, wherever the account is
 * by now.
 */
export async function refuseBeyondShareOfWriting(context: ReadContext, account: string, bytes: number): Promise<void> {
  const [ofPart, inAll] = await writtenFor(context, account)
  if (ofPart === undefined || inAll === undefined) return
  const snapshot = await context.snapshot()
  const isAtTop = await mayAtTop(context, 'policy:manage', pathOf(snapshot, account))
  const bounds = {
    what: { of: 'policy-bytes-today' } as const,
    part: topUnitsOf(snapshot)(account),
    ofPart: await context.tx.policies.bytesWritten(ofPart),
    perTopUnitMax: policyBytesPerDayPerTopUnitMax,
    inAll: await context.tx.policies.bytesWritten(inAll),
    max: policyBytesPerDayInAllMax,
    isAtTop: isAtTop || (await isManagement(context)),
    remedy: { do: 'write-less-often', bytes } as const,
  }
  refuseBeyond(bounds, bytes)
}

/** Under which names it is counted, beside the account, what is written to its policies: of its part, and of all. */
export async function writtenFor(context: ReadContext, account: string): Promise<readonly string[]> {
  if (await speaksForAll(context, account)) return []
  return [`below ${topUnitsOf(await context.snapshot())(account)}`, 'the organization']
}

interface Bounds {
  readonly what: Counted
  readonly part: string
  readonly ofPart: number
  readonly perTopUnitMax: number
  readonly inAll: number
  readonly max: number
  readonly isAtTop: boolean
  readonly remedy: Remedy
}
function refuseBeyond({ what, part, ofPart, perTopUnitMax, inAll, max, isAtTop, remedy }: Bounds, more: number): void {
  const bounds = [
    ...(isAtTop ? [] : ([[ofPart, perTopUnitMax, { per: 'part', node: part }]] as const)),
    [inAll, isAtTop ? max : max - Math.ceil(max / 10), { per: 'organization-without', hasRest: !isAtTop }],
  ] as const
  for (const [used, limit, countedFor] of bounds) {
    if (used + more > limit) refuse({ code: 'LimitExceeded', what, limit, used, countedFor, remedy })
  }
}

type Used = ReadonlyMap<string, number>
/** A snapshot never changes: what was counted on it holds as long as it does, for whoever is refused and asks again. */
const counted = new WeakMap<Snapshot, Map<Content, Used>>()

/** How much every part has. */
async function usedOf(
  { tx }: ReadContext,
  snapshot: Snapshot,
  content: Content,
  administrator: string | undefined,
): Promise<Used> {
  const ofSnapshot = counted.get(snapshot) ?? new Map<Content, Used>()
  const known = ofSnapshot.get(content)
  if (known) return known
  const byPart = new Map<string, number>()
  const topUnitOf = topUnitsOf(snapshot)
  const { count }: Kind = kinds[content]
  let looked = 0
  for (const [owner, more] of count(snapshot)) {
    // A snapshot never changes, whatever others do in between.
    if (++looked % countedPerTurn === 0) await tx.nextTurn()
    if (owner === administrator || !snapshot.nodes.has(owner)) continue
    const part = topUnitOf(owner)
    byPart.set(part, (byPart.get(part) ?? 0) + more)
  }
  counted.set(snapshot, ofSnapshot.set(content, byPart))
  return byPart
}

/** Parts of the organization, and who is a part by itself: who speaks for all of it, and whoever is in none. */
export async function partsOf(
  context: ReadContext,
): Promise<{ readonly partOf: (account: string) => string; readonly isOwnPart: (account: string) => boolean }> {
  const snapshot = await context.snapshot()
  const administrator = await administratorOf(context)
  const isOwnPart = (account: string) => account === administrator || !snapshot.nodes.has(account)
  return { partOf: topUnitsOf(snapshot), isOwnPart }
}

/** Tells the unit below the root that a node is in, or the node itself where it stands there. */
function topUnitsOf({ nodes }: Snapshot): (node: string) => string {
  const known = new Map<string, string>()
  const parentOf = (node: string): string | undefined => nodes.get(node)?.parentId
  return (node) => {
    const parent = parentOf(node)
    if (parent === undefined || parentOf(parent) === undefined) return node
    const found = known.get(parent)
    if (found !== undefined) return found
    let top = parent
    for (let above = parentOf(top); above !== undefined && parentOf(above) !== undefined; above = parentOf(above))
      top = above
    known.set(parent, top)
    return top
  }
}

async function administratorOf(context: ReadContext): Promise<string | undefined> {
  const { delegatedAdministrator } = await context.snapshot()
  return delegatedAdministrator ?? (await context.tx.organizations.find())?.managementAccount
}

/** Over the AWS APIs there are no roles: the management account is what stands at the top. */
async function isManagement({ caller, tx }: ReadContext): Promise<boolean> {
  return !caller.native && (await tx.organizations.find())?.managementAccount === caller.account
}
