// What refusals of the EC2 API call things: by the id, and by the name beside it, for whoever may see what is called so.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  CreateIpamCommand,
  CreateIpamPoolCommand,
  CreateIpamScopeCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteIpamScopeCommand,
  DeleteVpcCommand,
  EC2Client,
} from '@aws-sdk/client-ec2'
import { CreateOrganizationCommand, OrganizationsClient } from '@aws-sdk/client-organizations'
import { administrator } from './clients/server.ts'
import { type ServerHere, startServerHere } from './clients/server-here.ts'

let server: ServerHere
let ec2: EC2Client
const clientOf = (credentials: typeof administrator): EC2Client =>
  new EC2Client({ endpoint: server.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
before(async () => {
  server = await startServerHere()
  ec2 = clientOf(administrator)
})
after(() => server.stop())

const called = (name: string) => [{ Key: 'Name', Value: name }]
const refusalOf = async (asked: Promise<unknown>): Promise<Error> => {
  try {
    await asked
  } catch (error) {
    return error as Error
  }
  throw new assert.AssertionError({ message: 'it is not refused' })
}

test('a scope, a VPC and a subnet have their names beside their ids in what is refused for them', async () => {
  const { Ipam } = await ec2.send(new CreateIpamCommand({ OperatingRegions: [{ RegionName: 'us-east-1' }] }))
  const IpamId = Ipam!.IpamId!
  const TagSpecifications = [{ ResourceType: 'ipam-scope' as const, Tags: called('lab') }]
  const { IpamScope } = await ec2.send(new CreateIpamScopeCommand({ IpamId, TagSpecifications }))
  const IpamScopeId = IpamScope!.IpamScopeId!
  await ec2.send(new CreateIpamPoolCommand({ IpamScopeId, AddressFamily: 'ipv4' }))
  const scope = await refusalOf(ec2.send(new DeleteIpamScopeCommand({ IpamScopeId })))
  assert.match(scope.message, new RegExp(`${IpamScopeId}.? \\(lab\\)`))

  const { Vpc } = await ec2.send(
    new CreateVpcCommand({
      CidrBlock: '10.0.0.0/16',
      TagSpecifications: [{ ResourceType: 'vpc', Tags: called('shop') }],
    }),
  )
  const VpcId = Vpc!.VpcId!
  await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.0.0.0/24' }))
  const vpc = await refusalOf(ec2.send(new DeleteVpcCommand({ VpcId })))
  assert.equal(vpc.name, 'DependencyViolation')
  assert.match(vpc.message, new RegExp(`${VpcId}.? \\(shop\\)`))

  // Somebody else is told as of what is not there.
  const at = { endpoint: server.endpoint, region: 'us-east-1', credentials: administrator }
  await new OrganizationsClient(at).send(new CreateOrganizationCommand({}))
  const token = await server.cadastre('operator', 'token', '--principal', 'user:olga')
  const headers = {
    authorization: `Bearer ${token.trim().replace('CADASTRE_TOKEN=', '')}`,
    'content-type': 'application/json',
  }
  const body = JSON.stringify({ account: '222222222222', name: 'shop' })
  assert.equal((await fetch(`${server.endpoint}/api/v1/accounts`, { method: 'POST', headers, body })).status, 201)
  const printed = await server.cadastre('keys', 'create', '--account', '222222222222', '--user', 'dora', '-o', 'json')
  const { accessKeyId, secretAccessKey } = JSON.parse(printed) as typeof administrator
  const other = clientOf({ accessKeyId, secretAccessKey })
  for (const command of [new DeleteVpcCommand({ VpcId }), new DeleteVpcCommand({ VpcId: 'vpc-0123456789abcdef0' })]) {
    const hidden = await refusalOf(other.send(command as DeleteVpcCommand))
    assert.equal(hidden.name, 'InvalidVpcID.NotFound')
    assert.doesNotMatch(hidden.message, /shop/)
  }
})
