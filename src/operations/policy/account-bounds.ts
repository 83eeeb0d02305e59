// What one account may add to what every decision is made on: each change of governance reads all of it for everybody.
import { type Refusal, refuse } from '#model/refusal.ts'
import type { ContentChange, Policy } from '#store/tables/policies.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { refuseBeyondShareOfContent, refuseBeyondShareOfWriting, speaksForAll } from './content-shares.ts'

type LimitReached = Extract<Refusal, { readonly code: 'LimitExceeded' }>

/** What one version of a policy says, as JSON in UTF-8. */
export const policyBytesMax = 524_288
/** What all policies of an account say, by the versions in force and those of candidates. */
const policyBytesPerAccountMax = 2_097_152
/** The same of the account whose IPAM speaks for the organization. */
const policyBytesOfAdministratorMax = 33_554_432
/** Each version is kept as a whole and for ever, also a draft, and that of a policy that is deleted. */
const policyBytesPerDayMax = 67_108_864
const policyBytesPerDayOfAdministratorMax = 1_073_741_824
const policiesPerAccountMax = 1_000
const poolsPerAccountMax = 2_000
const poolsOfAdministratorMax = 20_000
const poolCidrsPerAccountMax = 5_000
const poolCidrsOfAdministratorMax = 50_000
const sharesPerAccountMax = 10_000
const requiredTagBytesPerAccountMax = 262_144
const requiredTagBytesOfAdministratorMax = 2_097_152

/** More for the account whose policies and pools are those of the whole organization. */
async function boundFor(context: ReadContext, account: string, max: number, ofAdministrator: number): Promise<number> {
  return (await speaksForAll(context, account)) ? ofAdministrator : max
}

// Policies -----------------------------------------------------------------------------------------------------------

export async function refuseTooManyPolicies(context: ReadContext, account: string): Promise<void> {
  const used = await context.tx.policies.countOfAccount(account)
  if (used < policiesPerAccountMax) return refuseBeyondShareOfContent(context, 'policies', account)
  refuse({
    code: 'LimitExceeded',
    what: { of: 'policies' },
    limit: policiesPerAccountMax,
    used,
    countedFor: { per: 'regions', account },
    remedy: { do: 'write-documents-together' },
  })
}

/**
 * Refuses a version that says too much by itself, or that is too much on one day. One that comes in force and is shorter than what
 * is in force now has as much again in a day, whatever others wrote: what is there can be made less.
 */
export async function refuseTooMuchWritten(
  context: WriteContext,
  policy: Policy,
  text: string,
  { isDraft }: { readonly isDraft: boolean },
): Promise<void> {
  const { tx } = context
  const bytes = Buffer.byteLength(text)
  const inForce = isDraft ? undefined : await tx.policies.measureVersion(policy.id, policy.version)
  const isShorter = bytes < (inForce?.bytes ?? 0)
  if (bytes > policyBytesMax && !isShorter) {
    refuse({
      code: 'LimitExceeded',
      what: { of: 'policy-bytes' },
      limit: policyBytesMax,
      used: bytes,
      countedFor: { per: 'version', policy: policy.id },
      remedy: { do: 'divide-documents' },
    })
  }
  const { account } = policy
  const limit = await boundFor(context, account, policyBytesPerDayMax, policyBytesPerDayOfAdministratorMax)
  const used = await tx.policies.bytesWritten(account)
  // Each shorter by a byte, versions would fill the disk as well.
  const limitNow = isShorter ? 2 * limit : limit
  if (used + bytes <= limitNow) return isShorter ? undefined : refuseBeyondShareOfWriting(context, account, bytes)
  refuse({
    code: 'LimitExceeded',
    what: { of: 'policy-bytes-today' },
    limit: limitNow,
    used,
    countedFor: { per: 'account', of: 'policies', account },
    remedy: { do: 'write-at-once', bytes },
  })
}

/**
 * Refuses what would let all policies of the account say too much, unless they say less than before.
 * @param added bytes of a version that would be in force and is not there yet
 */
export async function refuseTooMuchContent(
  context: WriteContext,
  account: string,
  change: ContentChange,
  added = 0,
): Promise<void> {
  const { policies } = context.tx
  const limit = await boundFor(context, account, policyBytesPerAccountMax, policyBytesOfAdministratorMax)
  const after = (await policies.bytesInUse(account, change)) + added
  const used = await policies.bytesInUse(account)
  if (after <= used) return
  if (after <= limit) return refuseBeyondShareOfContent(context, 'policyBytes', account, after - used)
  refuse({
    code: 'LimitExceeded',
    what: { of: 'policy-bytes' },
    limit,
    used,
    countedFor: { per: 'policies-and-candidates', account },
    remedy: { do: 'delete-documents', after },
  })
}

// Pools --------------------------------------------------------------------------------------------------------------

export async function refuseTooManyPools(context: ReadContext, account: string): Promise<void> {
  refuseOneMore(account, {
    what: { of: 'pools' },
    within: 'IPAMs',
    limit: await boundFor(context, account, poolsPerAccountMax, poolsOfAdministratorMax),
    used: await context.tx.pools.countOfAccount(account),
    remedy: { do: 'delete' },
  })
  await refuseBeyondShareOfContent(context, 'pools', account)
}

export async function refuseTooManyPoolCidrs(context: ReadContext, account: string): Promise<void> {
  refuseOneMore(account, {
    what: { of: 'pool-cidrs' },
    within: 'pools',
    limit: await boundFor(context, account, poolCidrsPerAccountMax, poolCidrsOfAdministratorMax),
    used: await context.tx.pools.countCidrsOfAccount(account),
    remedy: { do: 'larger-cidrs' },
  })
  await refuseBeyondShareOfContent(context, 'poolCidrs', account)
}

/** @param more how many entries the list of one pool would be longer by */
export async function refuseTooManyShares(context: ReadContext, account: string, more: number): Promise<void> {
  if (more <= 0) return
  const used = await context.tx.pools.countSharesOfAccount(account)
  if (used + more <= sharesPerAccountMax) return refuseBeyondShareOfContent(context, 'shares', account, more)
  refuse({
    code: 'LimitExceeded',
    what: { of: 'shares' },
    limit: sharesPerAccountMax,
    used,
    countedFor: { per: 'pools-together', account },
    remedy: { do: 'share-with-unit', more },
  })
}

/** @param before what the pool requires now; nothing where it is new */
export async function refuseTooLongRequiredTags(
  context: ReadContext,
  { account, requiredTags }: Pick<Pool, 'account' | 'requiredTags'>,
  before: Pool['requiredTags'] = [],
): Promise<void> {
  const more = bytesOf(requiredTags) - bytesOf(before)
  if (more <= 0) return
  const limit = await boundFor(context, account, requiredTagBytesPerAccountMax, requiredTagBytesOfAdministratorMax)
  const used = await context.tx.pools.requiredTagBytesOfAccount(account)
  if (used + more <= limit) return refuseBeyondShareOfContent(context, 'requiredTagBytes', account, more)
  refuse({
    code: 'LimitExceeded',
    what: { of: 'required-tag-bytes' },
    limit,
    used,
    countedFor: { per: 'pools-together', account },
    remedy: { do: 'require-less', more },
  })
}
/** Refuses one more of what an account has as many of as it may. */
function refuseOneMore(
  account: string,
  { within, ...bound }: Omit<LimitReached, 'code' | 'countedFor'> & { readonly within: 'pools' | 'IPAMs' },
): void {
  if (bound.used < bound.limit) return
  refuse({ code: 'LimitExceeded', ...bound, countedFor: { per: 'account', of: within, account } })
}
const bytesOf = (tags: Pool['requiredTags']): number =>
  tags.length === 0 ? 0 : Buffer.byteLength(JSON.stringify(tags))
