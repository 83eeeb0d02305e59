// Dry runs of the EC2 API: they ask about permissions and parameters, and not about what happens to be there.
import { after, before, test } from 'node:test'
import type { Ec2Input, Ec2Operation } from '#formats/aws/ec2.generated.ts'
import { type Acme, asNetwork, openAcme, shop, tagsOf } from '../../test/acme.ts'
import { refuses } from '../../test/organization.ts'

let acme: Acme
before(async () => {
  acme = await openAcme()
})
after(() => acme.close())
const dry = <Name extends Ec2Operation>(name: Name, input: Ec2Input[Name], as: object = asNetwork): Promise<unknown> =>
  acme.call(name, { ...input, DryRun: true }, as)
const ran = { code: 'DryRunSucceeded' } as const

test('a dry run does not look at the state of things', async () => {
  const pool = await acme.pool({ scope: 'private' })
  const policy = await acme.policy()
  await acme.enable(policy, shop)
  const { IpamScope } = await acme.call('CreateIpamScope', { IpamId: acme.ipam }, asNetwork)
  const IpamScopeId = IpamScope!.IpamScopeId!
  await acme.call('CreateIpamPool', { IpamScopeId, AddressFamily: 'ipv4' }, asNetwork)

  await refuses(dry('CreateIpam', {}), ran)
  await refuses(dry('DeleteIpam', { IpamId: acme.ipam }), ran)
  await refuses(dry('DeleteIpamScope', { IpamScopeId }), ran)
  await refuses(dry('DeleteIpamPool', { IpamPoolId: pool }), ran)
  await refuses(dry('DeleteIpamPolicy', { IpamPolicyId: policy }), ran)
  const idle = await acme.policy()
  await refuses(dry('DisableIpamPolicy', { IpamPolicyId: idle, OrganizationTargetId: shop }), ran)
  // Without it each of them is refused.
  await refuses(acme.call('CreateIpam', {}, asNetwork), { code: 'LimitExceeded' })
  await refuses(acme.call('DeleteIpamPool', { IpamPoolId: pool }, asNetwork), { code: 'DependencyViolation' })
  const disable = { IpamPolicyId: idle, OrganizationTargetId: shop }
  await refuses(acme.call('DisableIpamPolicy', disable, asNetwork), { code: 'IncorrectState' })
})

test('a dry run says what is wrong with parameters, what is absent, and what policy denies', async () => {
  const IpamPoolId = await acme.pool({ scope: 'private' })
  await refuses(dry('DeleteIpam', { IpamId: 'lemon' }), { code: 'MalformedId' })
  await refuses(dry('DeleteIpamPool', { IpamPoolId: 'ipam-pool-00000000000000000' }), { code: 'NotFound' })
  await refuses(dry('DeleteIpamPool', { IpamPoolId }, { account: shop }), { code: 'NotFound' })
  const AllowedCidrs = new Array(101).fill('10.0.0.0/24')
  await refuses(dry('AllocateIpamPoolCidr', { IpamPoolId, NetmaskLength: 28, AllowedCidrs }), { code: 'LimitExceeded' })
  const Tags = tagsOf(Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, 'v'])))
  await refuses(dry('CreateTags', { Resources: [IpamPoolId], Tags }), { code: 'LimitExceeded' })

  const policy = await acme.policy({ 'cadastre:required-tags': 'owner' })
  await acme.rules(policy, [await acme.pool()])
  await acme.enable(policy, shop)
  await refuses(dry('AllocateAddress', {}, { account: shop }), { code: 'DeniedByPolicy' })
})
