// Who may plan the inside of a VPC with a pool: its own account, and whoever administers IPAM for the organization that it is in.
import type { Snapshot } from '#model/policy/snapshot.ts'
import { refuse } from '#model/refusal.ts'
import type { Pool } from '#store/tables/pools.ts'

export const mayPlan = (
  { delegatedAdministrator, nodes }: Snapshot,
  planner: string,
  vpc: { readonly account: string },
): boolean => vpc.account === planner || (delegatedAdministrator === planner && nodes.has(vpc.account))

/**
 * Whether a pool plans a VPC of another account and its own may not any more: an administrator is not let go before its plans end,
 * but databases from before have such pools. They give nothing, and the owner of the VPC may delete them.
 */
export const isPlanEnded = (
  snapshot: Snapshot,
  { account, sourceResource }: Pick<Pool, 'account' | 'sourceResource'>,
): boolean => sourceResource !== undefined && !mayPlan(snapshot, account, sourceResource)

export function refuseEndedPlan({ id, account, sourceResource }: Pool): never {
  refuse({ code: 'NotEligible', problem: { why: 'plan-ended', pool: id, network: sourceResource!.id, account } })
}
