// IPAMs made and changed by whoever has the right at their owner's: what they say of requests without a policy is a rule, and needs
// the right to rules.
import { orderedJson } from '#model/ordered-json.ts'
import type { Ipam } from '#store/tables/ipams.ts'
import { requirePermission } from '../identity/authority.ts'
import type { WriteContext } from '../operation.ts'
import { speaksForAll } from '../policy/content-shares.ts'
import { checkRegion } from '../space/request-parts.ts'
import {
  type ChangeRules,
  changeRulesDefault,
  createIpam,
  deleteIpam,
  type IpamChanges,
  type IpamSettings,
  type IpamSpec,
  ipamSettingsDefault,
  updateIpam,
} from './ipams.ts'
import { readableIpams } from './readable.ts'

export async function makeIpam(
  context: WriteContext,
  { account, region, ...spec }: IpamSpec & { readonly account: string; readonly region: string },
): Promise<Ipam> {
  checkRegion(context, 'region', region)
  checkRegions(context, spec)
  if (saysOtherwise(spec, { ...ipamSettingsDefault, ...changeRulesDefault })) await requireRules(context, account)
  return createIpam(context.actingFor(account, region), spec)
}

export async function changeIpam(context: WriteContext, id: string, changes: IpamChanges): Promise<Ipam> {
  const found = await readableIpams.get(context, id)
  checkRegions(context, changes)
  if (saysOtherwise(changes, found)) await requireRules(context, found.account)
  return updateIpam(context, found, changes)
}

export async function dropIpam(
  context: WriteContext,
  id: string,
  options: Parameters<typeof deleteIpam>[2],
): Promise<void> {
  const found = await readableIpams.get(context, id)
  const hasPolicies = (await context.tx.policies.countOfIpam(id)) > 0
  // Its word for requests of which no document speaks ends with it, and so do its policies.
  if (saysOtherwise(changeRulesDefault, found) || found.unmatched === 'deny' || (options.cascade && hasPolicies))
    await requireRules(context, found.account)
  await deleteIpam(context.actingFor(found.account, found.region), found, options)
}

function checkRegions(context: WriteContext, { operatingRegions = [] }: Pick<IpamSpec, 'operatingRegions'>): void {
  for (const [index, name] of operatingRegions.entries()) checkRegion(context, `operatingRegions.${index}`, name)
}

/** Whether settings are given that are otherwise than those that there are. */
const saysOtherwise = (given: IpamChanges, there: IpamSettings & ChangeRules): boolean =>
  (given.policyCompatibility ?? there.policyCompatibility) !== there.policyCompatibility ||
  (given.unmatched ?? there.unmatched) !== there.unmatched ||
  (given.changeControl ?? there.changeControl) !== there.changeControl ||
  (given.changeApprovals !== undefined && !isSame(given.changeApprovals ?? undefined, there.changeApprovals)) ||
  (given.changeFreezes !== undefined && !isSame(given.changeFreezes, there.changeFreezes))
const isSame = (one: unknown, other: unknown): boolean => orderedJson(one) === orderedJson(other)

/** What holds where no document applies is a rule: of the account, or of the whole organization where its IPAM speaks for that. */
async function requireRules(context: WriteContext, account: string): Promise<void> {
  const isMember = (await context.snapshot()).nodes.has(account)
  const isOfAll = isMember && (await speaksForAll(context, account))
  const organization = isOfAll ? await context.tx.organizations.find() : undefined
  await requirePermission(context, 'policy:manage', { node: organization?.rootId ?? account })
}
