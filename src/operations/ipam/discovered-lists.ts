// What a discovery finds in a Region: accounts, and their resources. The register is asked itself, so that what it has is as of now;
// what a source observes is as old as its snapshot.

import { isLookedAt, looksAtOthers } from '#model/discovery.ts'
import type { Awaitable } from '#store/sql.ts'
import type { Discovery } from '#store/tables/discoveries.ts'
import { type Matching, type Page, type PageAsked, readFrom, readPage, readSlicedPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import {
  type DiscoveredCidr,
  type DiscoveredFilter,
  type DiscoveredRow,
  readDiscovered,
  seeingIn,
  seenBounds,
} from './discovered.ts'
import { describeStates, type ResourceState } from './resource-states.ts'

export interface DiscoveredAccount {
  readonly account: string
  /** Undefined: right below the root, or in no organization. */
  readonly unit: string | undefined
}

/** In the order of their numbers. */
export async function listDiscoveredAccounts<Item>(
  context: ReadContext,
  discovery: Discovery,
  region: string,
  asked: PageAsked<string>,
  show: (accounts: readonly DiscoveredAccount[]) => Awaitable<readonly (Item | undefined)[]>,
): Promise<Page<Item, string>> {
  const snapshot = await context.snapshot()
  const { account: own, regions, exclusions } = seeingIn(discovery, region)
  const looking = { account: own, exclusions }
  const others = looksAtOthers(snapshot, own)
  const accounts =
    regions.length === 0
      ? []
      : others
        ? [...snapshot.nodes.values()].filter(({ id, kind }) => kind === 'account' && isLookedAt(snapshot, looking, id))
        : [{ id: own }]
  const ids = accounts.map(({ id }) => id).sort()
  return readPage(context, asked, {
    read: readFrom<string>(ids, (id, place) => id > place),
    placeOf: (id: string) => id,
    show: (rows) =>
      show(
        rows.map((account) => {
          const parentId = snapshot.nodes.get(account)?.parentId
          const isUnit = parentId !== undefined && snapshot.nodes.get(parentId)?.kind === 'organizational-unit'
          return { account, unit: isUnit ? parentId : undefined }
        }),
      ),
  })
}

/** When what is said of a CIDR was so: now, or when its source last listed. */
export const sampledAt = ({ now }: ReadContext, { observed }: DiscoveredCidr): number =>
  observed ? observed.source.takenAt : now

/** The CIDRs that a discovery finds in a Region. */
export async function listDiscoveredCidrs(
  context: ReadContext,
  discovery: Discovery,
  region: string,
  { filter = {}, matching }: { readonly filter?: DiscoveredFilter; readonly matching: Matching<ResourceState> },
  asked: PageAsked<string>,
): Promise<Page<ResourceState, string>> {
  const seeing = seeingIn(discovery, region)
  const ipam = await ipamOf(context, discovery)
  return readSlicedPage<DiscoveredRow, ResourceState>(context, asked, {
    readSlice: (after, limit) => readDiscovered(context, seeing, filter, after, limit),
    placeOf: ({ place }) => place,
    bounds: seenBounds,
    async show(rows) {
      const states = await describeStates(
        context,
        ipam,
        seeing,
        rows.flatMap(({ found }) => found ?? []),
        { isWithoutOverlaps: true },
      )
      const shown = states.values()
      return matching(rows.map((row) => (row.found ? shown.next().value : undefined)))
    },
  })
}

/** A discovery says the same with an IPAM and without one: scopes and overlaps alone are an IPAM's, and nothing of them is told. */
async function ipamOf({ tx, now }: ReadContext, { account, region }: Discovery) {
  const [own] = await tx.ipams.ofAccount(account, region)
  if (own) return own
  return {
    id: '',
    account,
    region,
    tier: 'advanced',
    isPrivateGuaEnabled: false,
    meteredAccount: 'ipam-owner',
    publicScopeId: '',
    privateScopeId: '',
    resourceDiscoveryId: '',
    resourceDiscoveryAssociationId: '',
    policyCompatibility: 'strict',
    changeControl: 'none',
    changeFreezes: [],
    unmatched: 'provider',
    operatingRegions: [region],
    createdAt: now,
  } as const
}
