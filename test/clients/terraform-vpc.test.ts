// The real Terraform with its provider of AWS: a VPC in three zones as people write it, whose addresses are policy's to give.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CreateIpamCommand,
  CreateIpamPolicyCommand,
  CreateIpamPoolCommand,
  EC2Client,
  EnableIpamPolicyCommand,
  type IpamPolicyResourceType,
  ModifyIpamPolicyAllocationRulesCommand,
  ProvisionIpamPoolCidrCommand,
} from '@aws-sdk/client-ec2'
import { administrator, managementAccount, startServer } from './server.ts'
import { openTerraform, parallelism, whatIsMissing } from './terraform.ts'

const scenarioMs = 600_000
const region = 'us-east-1'

/** Pools of private and public space, and a policy that gives VPCs and Elastic IPs theirs. */
async function openEstate(endpoint: string): Promise<void> {
  const { accessKeyId, secretAccessKey } = administrator
  const client = new EC2Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey } })
  const { Ipam } = await client.send(new CreateIpamCommand({ OperatingRegions: [{ RegionName: region }] }))
  const IpamId = Ipam!.IpamId!
  const make = async (IpamScopeId: string, Cidr: string, more: object): Promise<string> => {
    const pool = { IpamScopeId, AddressFamily: 'ipv4', Locale: region, ...more } as const
    const { IpamPool } = await client.send(new CreateIpamPoolCommand(pool))
    const IpamPoolId = IpamPool!.IpamPoolId!
    await client.send(new ProvisionIpamPoolCidrCommand({ IpamPoolId, Cidr }))
    return IpamPoolId
  }
  const networks = await make(Ipam!.PrivateDefaultScopeId!, '10.64.0.0/12', { AllocationDefaultNetmaskLength: 18 })
  const ipv6 = await make(Ipam!.PrivateDefaultScopeId!, 'fd80::/40', { AddressFamily: 'ipv6' })
  const addresses = await make(Ipam!.PublicDefaultScopeId!, '203.0.113.0/24', { AwsService: 'ec2' })
  const { IpamPolicy } = await client.send(new CreateIpamPolicyCommand({ IpamId }))
  const IpamPolicyId = IpamPolicy!.IpamPolicyId!
  for (const [type, pools] of [
    ['vpc', [networks, ipv6]],
    ['eip', [addresses]],
  ] as const) {
    const ResourceType = type as IpamPolicyResourceType
    const AllocationRules = pools.map((SourceIpamPoolId) => ({ SourceIpamPoolId }))
    const rules = { IpamPolicyId, Locale: region, ResourceType, AllocationRules }
    await client.send(new ModifyIpamPolicyAllocationRulesCommand(rules))
  }
  await client.send(new EnableIpamPolicyCommand({ IpamPolicyId, OrganizationTargetId: managementAccount }))
  client.destroy()
}

const missing = await whatIsMissing()

test('Terraform applies a VPC in three zones with all that stands in it, plans no change, changes it, and destroys it', {
  skip: missing ?? false,
  timeout: scenarioMs,
}, async () => {
  const server = await startServer()
  await openEstate(server.endpoint)
  const { terraform, remove } = await openTerraform(server, 'terraform-vpc')
  const apply = ['apply', '-no-color', '-input=false', '-auto-approve', parallelism]
  // It ends with 2 where there is something to change.
  const plan = ['plan', '-no-color', '-input=false', '-detailed-exitcode', parallelism]
  const changed = { TF_VAR_changed: 'true' }
  try {
    const applied = await terraform(apply)
    assert.match(applied, /Resources: \d+ added, 0 changed, 0 destroyed/)
    const found = JSON.parse(await terraform(['output', '-json', 'found'])) as object
    const addresses = ['203.0.113.0', '203.0.113.1', '203.0.113.2']
    assert.deepEqual(found, {
      vpc: '10.64.0.0/18',
      subnets: [0, 4, 8, 12, 16, 20].map((third) => `10.64.${third}.0/22`),
      eips: addresses,
      gateways: addresses,
      gateway: true,
      table: true,
      group: true,
      acls: 2,
      domain: 'shop.internal',
      default: '10.64.64.0/18',
    })
    await terraform(plan)
    // What each plan has just read is not read again.
    const known = '-refresh=false'
    assert.match(await terraform([...apply, known], changed), /Resources: \d+ added, \d+ changed, \d+ destroyed/)
    await terraform(plan, changed)
    const destroy = ['destroy', '-no-color', '-input=false', '-auto-approve', parallelism, known]
    const destroyed = await terraform(destroy, changed)
    assert.match(destroyed, /Destroy complete!/)
    assert.match(await server.cadastre('check'), /sound/)
  } finally {
    await remove()
    await server.stop()
  }
})
