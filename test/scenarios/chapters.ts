// What many stories begin with: pools with space in them, and policies that are enabled somewhere.
import type { CreateIpamPoolCommandInput, IpamPolicyResourceType } from '@aws-sdk/client-ec2'
import { home } from './acme.ts'
import { ask, type Step } from './scenario.ts'

interface PoolParams extends Partial<CreateIpamPoolCommandInput> {
  /** Provisioned at once. */
  readonly cidr?: string
  readonly tags?: Readonly<Record<string, string>>
}

const tagsOf = (tags: Readonly<Record<string, string>>) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))

/** A public IPv4 pool for EC2 in the home Region, unless the request says otherwise; the story calls it `$NAME`. */
export function pool(name: string, { cidr, tags = {}, ...params }: PoolParams = {}): Step[] {
  const isPublicIpv4 = (params.IpamScopeId ?? '$public') === '$public' && params.AddressFamily !== 'ipv6'
  const steps: Step[] = [
    {
      as: 'network',
      asks: ask('CreateIpamPool', {
        IpamScopeId: '$public',
        AddressFamily: 'ipv4',
        Locale: home,
        ...(isPublicIpv4 ? { AwsService: 'ec2' as const } : {}),
        ...(Object.keys(tags).length > 0
          ? { TagSpecifications: [{ ResourceType: 'ipam-pool' as const, Tags: tagsOf(tags) }] }
          : {}),
        ...params,
      }),
      gets: { IpamPool: { IpamPoolId: `$${name}`, State: 'create-in-progress' } },
    },
  ]
  if (cidr === undefined) return steps
  return [
    ...steps,
    {
      as: 'network',
      asks: ask('ProvisionIpamPoolCidr', { IpamPoolId: `$${name}`, Cidr: cidr }),
      gets: { IpamPoolCidr: { Cidr: cidr, State: 'pending-provision' } },
    },
  ]
}

interface PolicyParams {
  /** Settings, without their prefix `cadastre:`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Pools by resource type, such as `{ eip: ['edge'] }`, in the home Region; another Region as `eu-central-1/eip`. */
  readonly rules?: Readonly<Record<string, readonly string[]>>
  readonly on?: readonly string[]
}

/** A policy with its rules, enabled on its targets; the story calls it `$NAME`. */
export function policy(name: string, { settings = {}, rules = {}, on = [] }: PolicyParams): Step[] {
  const tags = tagsOf(Object.fromEntries(Object.entries(settings).map(([key, value]) => [`cadastre:${key}`, value])))
  return [
    {
      as: 'network',
      asks: ask('CreateIpamPolicy', {
        IpamId: '$ipam',
        ...(tags.length > 0 ? { TagSpecifications: [{ ResourceType: 'ipam-policy' as const, Tags: tags }] } : {}),
      }),
      gets: { IpamPolicy: { IpamPolicyId: `$${name}`, State: 'create-in-progress' } },
    },
    ...Object.entries(rules).map(([pair, pools]): Step => {
      const [type, locale = home] = pair.split('/').reverse() as [string, string?]
      return { as: 'network', asks: setRules(name, type, pools, locale) }
    }),
    ...on.map(
      (target): Step => ({
        as: 'network',
        asks: ask('EnableIpamPolicy', { IpamPolicyId: `$${name}`, OrganizationTargetId: target }),
        gets: { IpamPolicyId: `$${name}` },
      }),
    ),
  ]
}

/** Cadastre knows more types than Amazon's enumeration, so the SDK's type is widened here. */
export const setRules = (name: string, type: string, pools: readonly string[], locale = home) =>
  ask('ModifyIpamPolicyAllocationRules', {
    IpamPolicyId: `$${name}`,
    Locale: locale,
    ResourceType: type as IpamPolicyResourceType,
    AllocationRules: pools.map((pool) => ({ SourceIpamPoolId: `$${pool}` })),
  })

/** Tags put on a resource of the network team. */
export const tag = (resource: string, tags: Readonly<Record<string, string>>): Step => ({
  as: 'network',
  asks: ask('CreateTags', { Resources: [resource], Tags: tagsOf(tags) }),
})
