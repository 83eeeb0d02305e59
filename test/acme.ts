// The company that tests of policies are told about: an organization, a network team with an IPAM, and teams that ask.

import { cutFacts, type ShownRefusal } from '#api/wording.ts'
import type { Tag } from '#formats/aws/ec2.generated.ts'
import { Refused } from '#model/refusal.ts'
import type { OperationSettings } from '#operations/operation.ts'
import type { Store } from '#store/store.ts'
import type { Engine } from './engines.ts'
import { managementAccount, openWorld, type World } from './world.ts'

/** The delegated administrator: owner of the IPAM, its pools and policies. */
export const network = '222222222222'
/** In Prod. */
export const shop = '333333333333'
/** In Dev. */
export const lab = '444444444444'
/** In no organization. */
export const stranger = '999999999999'
export const root = 'r-acme'
export const workloads = 'ou-acme-workload'
export const prod = 'ou-acme-prodprod'
export const dev = 'ou-acme-devdevde'

export interface Acme extends World {
  readonly ipam: string
  readonly publicScope: string
  readonly privateScope: string
  /** Makes a public IPv4 pool for EC2 with a /28 of its own, and answers its id. */
  pool(params?: PoolParams): Promise<string>
  /** Makes a policy of the network team with these tags, and answers its id. */
  policy(tags?: Readonly<Record<string, string>>): Promise<string>
  rules(policy: string, pools: readonly string[], pair?: { locale?: string; type?: string }): Promise<void>
  enable(policy: string, target?: string): Promise<void>
  /** Allocates an Elastic IP as an account and answers the pool that it came from. */
  poolOfAddress(account: string, input?: { IpamPoolId?: string }): Promise<string>
}
export interface PoolParams {
  readonly locale?: string
  readonly scope?: 'public' | 'private'
  readonly family?: 'ipv4' | 'ipv6'
  readonly awsService?: 'ec2'
  readonly cidr?: string
}

export const asNetwork = { account: network } as const
export const tagsOf = (tags: Readonly<Record<string, string>>): Tag[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))

export async function openAcme({
  tier = 'advanced',
  around,
  engine,
  settings,
}: {
  tier?: 'free' | 'advanced'
  around?: (store: Store) => Store
  engine?: Engine
  settings?: Partial<OperationSettings>
} = {}): Promise<Acme> {
  const world = await openWorld(settings, around, engine)
  await foundOrganization(world)
  const { Ipam } = await world.call(
    'CreateIpam',
    { Tier: tier, OperatingRegions: [{ RegionName: 'us-east-1' }, { RegionName: 'eu-central-1' }] },
    asNetwork,
  )
  const scopes = { public: Ipam!.PublicDefaultScopeId!, private: Ipam!.PrivateDefaultScopeId! }
  let pools = 0

  return {
    ...world,
    ipam: Ipam!.IpamId!,
    publicScope: scopes.public,
    privateScope: scopes.private,
    async pool({ locale = 'us-east-1', scope = 'public', family = 'ipv4', awsService, cidr } = {}) {
      const isPublic = scope === 'public'
      const { IpamPool } = await world.call(
        'CreateIpamPool',
        {
          IpamScopeId: scopes[scope],
          AddressFamily: family,
          Locale: locale,
          ...(isPublic && family === 'ipv4' ? { AwsService: awsService ?? 'ec2', PublicIpSource: 'byoip' } : {}),
          ...(isPublic && family === 'ipv6' ? { PubliclyAdvertisable: false } : {}),
        },
        asNetwork,
      )
      const id = IpamPool!.IpamPoolId!
      const own = family === 'ipv6' ? '2a00:1234::/48' : `${isPublic ? '203.0' : '10.0'}.${100 + pools++}.0/28`
      await world.call('ProvisionIpamPoolCidr', { IpamPoolId: id, Cidr: cidr ?? own }, asNetwork)
      return id
    },
    async policy(tags = {}) {
      const { IpamPolicy } = await world.call(
        'CreateIpamPolicy',
        {
          IpamId: Ipam!.IpamId!,
          ...(Object.keys(tags).length > 0
            ? { TagSpecifications: [{ ResourceType: 'ipam-policy', Tags: tagsOf(tags) }] }
            : {}),
        },
        asNetwork,
      )
      return IpamPolicy!.IpamPolicyId!
    },
    async rules(policy, pools, { locale = 'us-east-1', type = 'eip' } = {}) {
      await world.call(
        'ModifyIpamPolicyAllocationRules',
        {
          IpamPolicyId: policy,
          Locale: locale,
          ResourceType: type,
          AllocationRules: pools.map((SourceIpamPoolId) => ({ SourceIpamPoolId })),
        },
        asNetwork,
      )
    },
    async enable(policy, target = root) {
      await world.call('EnableIpamPolicy', { IpamPolicyId: policy, OrganizationTargetId: target }, asNetwork)
    },
    async poolOfAddress(account, input = {}) {
      return (await world.call('AllocateAddress', input, { account })).PublicIpv4Pool!
    },
  }
}

/** The facts and words of the refusal that `work` ends with; a plain error where it ends otherwise. */
export async function refusalOf(work: Promise<unknown>) {
  const answer = await work.catch((error: unknown) => error)
  if (answer instanceof Refused) {
    const { told } = answer.refusal
    return { ...cutFacts(answer.refusal), ...(told && { told }) } as ShownRefusal
  }
  throw new Error('expected a refusal', { cause: answer })
}

/** The organization alone, with nothing in it. */
export async function foundOrganization({ store }: Pick<World, 'store'>): Promise<void> {
  await store.write(async (tx) => {
    const { organizations, now } = tx
    await organizations.create({ id: 'o-acmeacme00', managementAccount, rootId: root, createdAt: now })
    const units = [
      [workloads, root],
      [prod, workloads],
      [dev, workloads],
    ] as const
    for (const [id, parentId] of units) {
      await organizations.insertNode({ id, kind: 'organizational-unit', parentId, name: id.slice(8) })
    }
    const accounts = [
      [network, root],
      [shop, prod],
      [lab, dev],
      [stranger, undefined],
    ] as const
    for (const [id, parentId] of accounts) {
      await organizations.insertAccount({
        id,
        name: `account-${id[0]}`,
        email: `${id}@example.com`,
        status: 'ACTIVE',
        joinedMethod: 'CREATED',
        joinedAt: now,
      })
      if (parentId) await organizations.insertNode({ id, kind: 'account', parentId, name: `account-${id[0]}` })
    }
    await organizations.delegate({ account: network, servicePrincipal: 'ipam.amazonaws.com', enabledAt: now })
    await tx.moveGovernanceEpoch()
  })
}
