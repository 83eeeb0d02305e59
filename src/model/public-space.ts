// Public space: one for the whole installation, and whose it is to provision at the top.
import type { Problem } from './problems/problem.ts'

/** Names the space of all public scopes and of the provider, in which no two top-level CIDRs overlap (invariant I1). */
export const publicSpace = 'public'

export interface PublicSpaceFacts {
  /** Undefined where there is no organization. */
  readonly managementAccount: string | undefined
  /** The delegated administrator of IPAM, where there is one. */
  readonly administrator: string | undefined
  /** Whether the account is in the organization. */
  readonly isMember: boolean
  /** Accounts that the operator adds (`CADASTRE_PUBLIC_SPACE_ACCOUNTS`). */
  readonly added: readonly string[]
}

/**
 * Why an account may not provision public CIDRs into a pool without a source pool; undefined where it may. In an
 * organization that is for its administrator of IPAM, and for the accounts that the operator adds; whoever is in none is
 * not bound by one.
 */
export function publicSpaceProblem(
  account: string,
  { managementAccount, administrator = managementAccount, isMember, added }: PublicSpaceFacts,
): Problem | undefined {
  if (managementAccount === undefined || (!isMember && account !== managementAccount)) return undefined
  if (account === administrator || added.includes(account)) return undefined
  return { why: 'public-space-of-others', by: administrator!, isManagement: administrator === managementAccount }
}
