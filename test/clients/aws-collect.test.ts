// `cadastre collect aws` with the SDK itself: against our own EC2, Organizations and STS, and against moto where the machine has it.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import * as ec2 from '@aws-sdk/client-ec2'
import type { SnapshotEnd, WrittenObservation } from '#formats/observations.ts'
import { readLine } from '#formats/observations.ts'
import { endWithThisProcess } from '../children.ts'
import { freePort } from '../ports.ts'
import { abroad, foundAcme, home } from '../scenarios/acme.ts'
import { runCommand } from './command.ts'
import { administrator } from './server.ts'

interface Printed {
  readonly found: readonly WrittenObservation[]
  readonly end: SnapshotEnd
  readonly errors: string
}
async function dryRun(
  endpoint: string,
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
  ...words: string[]
): Promise<Printed> {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-aws-'))
  try {
    const { code, output, errors } = await runCommand(['collect', 'aws', '--dry-run', ...words], {
      environment: {
        HOME: folder,
        XDG_CONFIG_HOME: folder,
        AWS_ENDPOINT_URL: endpoint,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_MAX_ATTEMPTS: '2',
      },
    })
    assert.equal(code, 0, errors)
    const lines = output.trimEnd().split('\n')
    for (const line of lines) {
      const read = readLine(line)
      assert(!('wrong' in read), line)
    }
    const end = JSON.parse(lines.at(-1)!) as { readonly end: SnapshotEnd }
    return { found: lines.slice(1, -1).map((line) => JSON.parse(line) as WrittenObservation), end: end.end, errors }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

test('our own organization is read account by account, Region by Region', async () => {
  const acme = await foundAcme()
  try {
    const { ec2: network } = acme.clients('network')
    const id = (name: string): string => acme.names.get(name)!
    const pool = async (IpamScopeId: string, Cidr: string, more: object): Promise<string> => {
      const { IpamPool: made } = await network.send(
        new ec2.CreateIpamPoolCommand({ IpamScopeId, AddressFamily: 'ipv4', ...more }),
      )
      await network.send(new ec2.ProvisionIpamPoolCidrCommand({ IpamPoolId: made!.IpamPoolId!, Cidr }))
      return made!.IpamPoolId!
    }
    const top = await pool(id('private'), '10.0.0.0/8', {})
    const planned = await pool(id('private'), '10.1.0.0/16', { SourceIpamPoolId: top, Locale: abroad })
    const edge = await pool(id('public'), '203.0.113.0/24', { Locale: home, AwsService: 'ec2' })
    const { ec2: there } = acme.clients('network', abroad)
    const { Vpc: vpc } = await there.send(new ec2.CreateVpcCommand({ Ipv4IpamPoolId: planned, Ipv4NetmaskLength: 24 }))
    const { Subnet: subnet } = await there.send(
      new ec2.CreateSubnetCommand({ VpcId: vpc!.VpcId!, CidrBlock: vpc!.CidrBlock!.replace(/24$/, '26') }),
    )
    const { AllocationId: address } = await network.send(new ec2.AllocateAddressCommand({ IpamPoolId: edge }))

    const { found, end, errors } = await dryRun(
      acme.server.endpoint,
      administrator,
      '--organization-role',
      'OrganizationAccountAccessRole',
    )
    assert.deepEqual(end, { observations: found.length }, errors)
    const owner = id('network')
    const shown = found
      .filter(({ account }) => account === owner)
      .map(({ kind, cidr, locale, id: own, parent = '' }) => [kind, cidr, locale, own, parent].join(' '))
    for (const expected of [
      ['pool', '10.0.0.0/8', home, top, ''],
      ['pool', '10.1.0.0/16', abroad, planned, top],
      ['pool', '203.0.113.0/24', home, edge, ''],
      ['network', vpc!.CidrBlock, abroad, vpc!.VpcId, ''],
      ['subnet', subnet!.CidrBlock, abroad, subnet!.SubnetId, vpc!.VpcId],
    ])
      assert(shown.includes(expected.join(' ')), `${expected.join(' ')} in:\n${shown.join('\n')}`)
    const allocated = found.filter(({ kind, parent }) => kind === 'allocation' && parent === planned)
    assert.deepEqual(
      allocated.map(({ cidr, tags }) => [cidr, tags?.['aws:resource-id']]),
      [[vpc!.CidrBlock, vpc!.VpcId]],
    )
    const [eip, ...others] = found.filter(({ id: own }) => own === address)
    assert.deepEqual(others, [])
    assert.deepEqual([eip!.kind, eip!.type, eip!.state, eip!.locale], ['address', 'eip', 'free', home])
    // Each once, in whichever Regions and accounts it is listed.
    const identities = found.map(({ kind, space, id: own, cidr }) => [kind, space, own, cidr].join(' '))
    assert.deepEqual(identities, [...new Set(identities)])
  } finally {
    await acme.close()
  }
})

// moto ---------------------------------------------------------------------------------------------------------------

const hasMoto = await new Promise<boolean>((resolve) => {
  execFile('python3', ['-c', 'import moto.server, flask'], (error) => resolve(error === null))
})

async function startMoto(): Promise<{ readonly endpoint: string; stop(): Promise<void> }> {
  const port = await freePort()
  const child = spawn('python3', ['-m', 'moto.server', '-p', String(port)], { stdio: ['ignore', 'pipe', 'pipe'] })
  endWithThisProcess(child)
  const ended = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  for await (const line of createInterface({ input: child.stderr })) {
    if (!line.includes('Running on')) continue
    child.stderr.resume()
    child.stdout.resume()
    return { endpoint: `http://127.0.0.1:${port}`, stop }
  }
  throw new Error('moto did not start')
}

const motoMs = 120_000
test('an estate in moto is read as it was made', {
  skip: hasMoto ? false : 'there is no moto with its server here (`pip install "moto[server]"`)',
  timeout: motoMs,
}, async () => {
  const moto = await startMoto()
  const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' }
  const client = new ec2.EC2Client({ endpoint: moto.endpoint, region: abroad, credentials })
  try {
    const { Vpc: vpc } = await client.send(
      new ec2.CreateVpcCommand({
        CidrBlock: '10.20.0.0/16',
        TagSpecifications: [{ ResourceType: 'vpc', Tags: [{ Key: 'Name', Value: 'shop' }] }],
      }),
    )
    const VpcId = vpc!.VpcId!
    await client.send(new ec2.AssociateVpcCidrBlockCommand({ VpcId, CidrBlock: '10.21.0.0/16' }))
    const { CidrBlockAssociation: gone } = await client.send(
      new ec2.AssociateVpcCidrBlockCommand({ VpcId, CidrBlock: '10.22.0.0/16' }),
    )
    await client.send(new ec2.DisassociateVpcCidrBlockCommand({ AssociationId: gone!.AssociationId! }))
    const { Subnet: subnet } = await client.send(new ec2.CreateSubnetCommand({ VpcId, CidrBlock: '10.20.1.0/24' }))
    const SubnetId = subnet!.SubnetId!
    const address = await client.send(new ec2.AllocateAddressCommand({ Domain: 'vpc' }))
    const { NatGateway: nat } = await client.send(
      new ec2.CreateNatGatewayCommand({ SubnetId, AllocationId: address.AllocationId! }),
    )
    const { PrefixList: list } = await client.send(
      new ec2.CreateManagedPrefixListCommand({
        PrefixListName: 'offices',
        AddressFamily: 'IPv4',
        MaxEntries: 5,
        Entries: [{ Cidr: '198.51.100.0/28', Description: 'Oslo' }],
      }),
    )
    const { NetworkInterface: host } = await client.send(
      new ec2.CreateNetworkInterfaceCommand({ SubnetId, PrivateIpAddress: '10.20.1.77' }),
    )

    const { found, end, errors } = await dryRun(moto.endpoint, credentials, '--region', abroad, '--interfaces', 'all')
    const of = (own: string | undefined): string[] =>
      found
        .filter(({ id }) => id === own)
        .map(({ kind, cidr, space = '', name = '' }) => [kind, cidr, space, name].join(' '))
        .sort()
    assert.deepEqual(of(VpcId), [`network 10.20.0.0/16 ${VpcId} shop`, `network 10.21.0.0/16 ${VpcId} shop`], errors)
    assert.deepEqual(of(SubnetId), [`subnet 10.20.1.0/24 ${VpcId} `])
    assert.deepEqual(of(address.AllocationId), [`address ${address.PublicIp}/32  `])
    assert.equal(of(nat!.NatGatewayId).length, 1)
    assert.deepEqual(of(list!.PrefixListId), [`prefix-list 198.51.100.0/28 ${list!.PrefixListId} Oslo`])
    assert.deepEqual(of(host!.NetworkInterfaceId), [`address 10.20.1.77/32 ${VpcId} `])
    // The default VPC, which is the same in every Region.
    assert(found.some(({ cidr, tags }) => cidr === '172.31.0.0/16' && tags?.['aws:default-vpc'] === 'true'))
    // It has no IPAM and no pools, and answers so with a page for people: then nothing in the Region is taken for gone.
    assert.deepEqual(
      (end.unlisted ?? []).map(({ account, locale }) => [account, locale]),
      [['', abroad]],
    )
  } finally {
    client.destroy()
    await moto.stop()
  }
})
