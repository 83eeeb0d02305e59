// A filled world in which everything governed needs a change request, with examples of what is to be refused there.
import assert from 'node:assert/strict'
import type { Principal } from '#model/principal.ts'
import { type Asked, type Filled, openFilled } from './event-loop/filled-world.ts'
import { signer } from './event-loop/requests.ts'

export interface AskedAs extends Asked {
  /** The management account by default. */
  readonly as?: Principal
}
export interface ControlledWorld extends Pick<Filled, 'world' | 'native'> {
  readonly aws: ReadonlyMap<string, readonly AskedAs[]>
}

const ofAccount = (account: string): Principal => ({
  ...signer,
  account,
  arn: `arn:aws:iam::${account}:user/test`,
})

/** @param prepare what is made before nothing is any more but by a change request */
export async function openControlled(prepare?: (world: Filled['world']) => Promise<void>): Promise<ControlledWorld> {
  const { world, aws, native } = await openFilled({ allocations: 20, objects: 10 })
  const more = await examplesOf(world)
  await prepare?.(world)
  // Whose IPAMs speak for the organization, and all that is of it.
  const { account } = await world.get<{ account: string }>('/organization/ipam-administrator')
  await world.post('/ipams', { account, region: 'us-east-1' })
  const { items } = await world.get<{ items: { ipamId: string }[] }>('/ipams')
  for (const { ipamId } of items) {
    const { status } = await world.ask('PATCH', `/ipams/${ipamId}`, { body: { changeControl: 'required' } })
    // The first one asks for change requests for the others, too: all of them are the organization's.
    assert([200, 409].includes(status))
  }
  const all = new Map<string, readonly AskedAs[]>(aws)
  for (const [name, examples] of Object.entries(more)) all.set(name, [...(all.get(name) ?? []), ...examples])
  return { world, native, aws: all }
}

/** What those of the filled world do not reach. */
async function examplesOf(world: Filled['world']): Promise<Readonly<Record<string, readonly AskedAs[]>>> {
  const { Ipams } = await world.call('DescribeIpams', {})
  const ipam = Ipams![0]!
  const scope = { IpamScopeId: ipam.PrivateDefaultScopeId! }
  const Tags = [{ Key: 'Name', Value: 'to be told apart' }]
  const tagged = { TagSpecifications: [{ ResourceType: 'ipam-pool', Tags }] } as const
  const pool = (await world.call('CreateIpamPool', { ...scope, AddressFamily: 'ipv4', Locale: 'us-east-1', ...tagged }))
    .IpamPool!.IpamPoolId!
  const own = (await world.call('CreateIpamScope', { IpamId: ipam.IpamId! })).IpamScope!.IpamScopeId!
  const policy = (await world.call('CreateIpamPolicy', { IpamId: ipam.IpamId! })).IpamPolicy!.IpamPolicyId!
  const [one, other] = [
    await publicPool(world, ipam.PublicDefaultScopeId!),
    await publicPool(world, ipam.PublicDefaultScopeId!),
  ]
  const law = (await world.call('CreateIpamPolicy', { IpamId: ipam.IpamId! })).IpamPolicy!.IpamPolicyId!
  const rules = (...pools: string[]) => ({
    ...{ IpamPolicyId: law, Locale: 'us-east-1', ResourceType: 'eip' },
    AllocationRules: pools.map((SourceIpamPoolId) => ({ SourceIpamPoolId })),
  })
  await world.call('ModifyIpamPolicyAllocationRules', rules(one))
  const unit = await unitWith(world)
  const [first, second, third] = [
    await memberOf(world, 'first'),
    await memberOf(world, 'second'),
    await memberOf(world, 'third'),
  ]
  const { Ipam } = await world.call('CreateIpam', {}, { account: first.account })
  const enabled = await enabledBy(world, third)
  const tag = (...Resources: string[]): AskedAs => ({ input: { Resources, Tags: [{ Key: 'Name', Value: 'anew' }] } })
  const set = (Resource: string, Key: string, Value: string): AskedAs => ({
    input: { Resources: [Resource], Tags: [{ Key, Value }] },
  })
  return {
    CreateTags: [
      ...[tag(pool), tag(own), tag(ipam.IpamId!), tag(policy), tag(pool, own, policy)],
      ...[set(law, 'cadastre:on-explicit', 'allow'), set(law, 'cadastre:compatibility', 'aws')],
      ...[set(policy, 'cadastre:on-explicit', 'allow'), set(ipam.IpamId!, 'cadastre:unmatched', 'deny')],
      ...[set(pool, 'cadastre:shared-with', second.account), set(pool, 'cadastre:quarantine-seconds', '60')],
    ],
    DeleteTags: [{ input: { Resources: [pool] } }],
    CreateIpamPolicy: [{ input: { IpamId: ipam.IpamId!, TagSpecifications: [{ ResourceType: 'ipam-policy', Tags }] } }],
    CreateIpamPool: [
      { input: { ...scope, AddressFamily: 'ipv4', SourceIpamPoolId: pool, Description: 'below', ...tagged } },
      {
        input: {
          IpamScopeId: ipam.PublicDefaultScopeId!,
          ...{ AddressFamily: 'ipv4', Locale: 'us-east-1', AwsService: 'ec2', PublicIpSource: 'byoip' },
          AllocationResourceTags: [{ Key: 'team', Value: 'net' }],
        },
      },
    ],
    ModifyIpamPolicyAllocationRules: [{ input: rules(other, one) }, { input: rules() }],
    ModifyIpamPool: [
      {
        input: {
          IpamPoolId: pool,
          AllocationMinNetmaskLength: 20,
          AllocationMaxNetmaskLength: 28,
          AllocationDefaultNetmaskLength: 24,
          AddAllocationResourceTags: [{ Key: 'team', Value: 'net' }],
        },
      },
      { input: { IpamPoolId: pool, AutoImport: true } },
    ],
    DisableIpamPolicy: [{ input: { IpamPolicyId: enabled, OrganizationTargetId: third.account }, as: third }],
    UntagResource: [{ input: { ResourceId: unit, TagKeys: ['team'] } }],
    CreateIpam: [{ input: { Description: 'of a member' }, as: second }],
    DeleteIpam: [
      { input: { IpamId: Ipam!.IpamId! }, as: first },
      { input: { IpamId: Ipam!.IpamId!, Cascade: true }, as: first },
    ],
  }
}

async function publicPool(world: Filled['world'], scope: string): Promise<string> {
  const { IpamPool } = await world.call('CreateIpamPool', {
    ...{ IpamScopeId: scope, AddressFamily: 'ipv4', Locale: 'us-east-1' },
    ...{ AwsService: 'ec2', PublicIpSource: 'byoip' },
  })
  return IpamPool!.IpamPoolId!
}

/** A policy of an account that is in force there. */
async function enabledBy(world: Filled['world'], { account }: Principal): Promise<string> {
  const { Ipam } = await world.call('CreateIpam', {}, { account })
  const { IpamPolicy } = await world.call('CreateIpamPolicy', { IpamId: Ipam!.IpamId! }, { account })
  const policy = IpamPolicy!.IpamPolicyId!
  await world.call('EnableIpamPolicy', { IpamPolicyId: policy, OrganizationTargetId: account }, { account })
  return policy
}

async function unitWith(world: Filled['world']): Promise<string> {
  const { Roots } = await world.organizations('ListRoots', {})
  const made = await world.organizations('CreateOrganizationalUnit', {
    ParentId: Roots![0]!.Id!,
    Name: 'tagged',
    Tags: [{ Key: 'team', Value: 'net' }],
  })
  return made.OrganizationalUnit!.Id!
}
async function memberOf(world: Filled['world'], name: string): Promise<Principal> {
  const { account } = await world.post<{ account: string }>('/accounts', { name, email: `${name}@example.net` })
  return ofAccount(account)
}
