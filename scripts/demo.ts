// `npm run demo`: the product's main job, end to end, with the unmodified AWS SDK. With --keep the server stays up.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as ec2 from '@aws-sdk/client-ec2'
import * as organizations from '@aws-sdk/client-organizations'
import * as sts from '@aws-sdk/client-sts'
import { childEnvironment } from '../test/children.ts'
import { buildConsole } from './console.ts'
import { estateStory } from './demo-estate.ts'
import { nativeStory } from './demo-native.ts'
import { answered, because, expect, heading, list, paint, refusedWith, say, step } from './demo-stage.ts'

const keep = process.argv.includes('--keep')
const home = join(import.meta.dirname, '..')
const region = 'eu-central-1'
const otherRegion = 'us-east-1'

const dayMs = 86_400_000
const weeks = 4

const folder = mkdtempSync(join(tmpdir(), 'cadastre-demo-'))
const adminKey = {
  accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(20).toString('hex'),
}

// The server and its clients ----------------------------------------------------------------------------------------

interface Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}
let endpoint = ''

async function startServer(): Promise<ChildProcess> {
  const clock = join(home, 'scripts/demo-clock.mjs')
  const child = spawn(process.execPath, ['--import', clock, join(home, 'src/main.ts'), 'serve'], {
    env: {
      ...childEnvironment,
      DEMO_CLOCK_AHEAD_MS: String(-weeks * 7 * dayMs),
      CADASTRE_DATA: folder,
      CADASTRE_HOST: '127.0.0.1',
      CADASTRE_PORT: keep ? (process.env.CADASTRE_PORT ?? '7420') : '0',
      CADASTRE_BOOTSTRAP_ACCESS_KEY_ID: adminKey.accessKeyId,
      CADASTRE_BOOTSTRAP_SECRET_ACCESS_KEY: adminKey.secretAccessKey,
      CADASTRE_QUARANTINE_SECONDS: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  endpoint = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk
      const url = /http:\/\/\S+:\d+/.exec(text)?.[0]
      if (url) resolve(url)
    })
    child.once('exit', (code) => reject(new Error(`The server ended with code ${code} before it listened.`)))
  })
  return child
}

const options = (credentials: Credentials, where = region) => ({ endpoint, region: where, credentials, maxAttempts: 2 })

/** SDKs that find a server's clock elsewhere sign by it, and try again. */
async function setClock(server: ChildProcess, aheadMs: number): Promise<void> {
  const set = once(server, 'message')
  server.send(aheadMs)
  await set
}

/** An EC2 client that also keeps the header with the decision of its last answer. */
function ec2Client(credentials: Credentials, where = region): ec2.EC2Client & { lastDecision?: string } {
  const client: ec2.EC2Client & { lastDecision?: string } = new ec2.EC2Client(options(credentials, where))
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const headers = (result.response as { headers?: Record<string, string> } | undefined)?.headers
      client.lastDecision = headers?.['x-cadastre-decision']
      return result
    },
    { step: 'deserialize', name: 'keepDecision', priority: 'low' },
  )
  return client
}

/** Runs `cadastre` at the server, on its data. */
async function atServer(...words: string[]): Promise<string> {
  const child = spawn(process.execPath, [join(home, 'src/main.ts'), ...words], {
    env: { ...childEnvironment, CADASTRE_DATA: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect(code === 0, `cadastre ${words.join(' ')} works`)
  return text
}

/** A link that signs a browser in: it is good for ten minutes. */
async function consoleLink(): Promise<string> {
  await buildConsole()
  const text = await atServer('operator', 'console', '--principal', 'user:olga', '--role', 'organization-administrator')
  const path = /\/console\/sign-in#\S+/.exec(text)?.[0]
  expect(path !== undefined, 'the operator gets a link to the console')
  return endpoint + path
}

async function why(client: { lastDecision?: string }): Promise<void> {
  expect(client.lastDecision !== undefined, 'the answer names its decision')
  const [sentence] = (await atServer('explain', client.lastDecision)).split('\n')
  because(`${sentence} (cadastre explain ${client.lastDecision})`)
}

/** Runs what must be refused, and prints the refusal. */
async function refused(run: () => Promise<unknown>, code: string): Promise<void> {
  try {
    await run()
  } catch (error) {
    const { name, message } = error as Error
    expect(name === code, `the refusal is ${code}, not ${name}: ${message}`)
    const [first, ...lines] = message.split('\n')
    refusedWith(`${name}: ${first}`)
    if (lines.length > 0) because(lines.join('\n'))
    return
  }
  expect(false, `this is refused with ${code}`)
}

// The story ---------------------------------------------------------------------------------------------------------

interface Company {
  readonly accounts: Record<string, string>
  readonly units: Record<string, string>
  readonly root: string
}

async function buildOrganization(client: organizations.OrganizationsClient): Promise<Company> {
  await client.send(new organizations.CreateOrganizationCommand({ FeatureSet: 'ALL' }))
  const { Roots } = await client.send(new organizations.ListRootsCommand({}))
  const rootId = Roots![0]!.Id!
  const unit = async (ParentId: string, Name: string): Promise<string> =>
    (await client.send(new organizations.CreateOrganizationalUnitCommand({ ParentId, Name }))).OrganizationalUnit!.Id!
  const workloads = await unit(rootId, 'Workloads')
  const units: Record<string, string> = {
    workloads,
    prod: await unit(workloads, 'Prod'),
    dev: await unit(workloads, 'Dev'),
    sandbox: await unit(rootId, 'Sandbox'),
  }
  const accounts: Record<string, string> = {}
  const homes = {
    network: rootId,
    shop: units.prod!,
    payments: units.prod!,
    'shop-dev': units.dev!,
    data: units.dev!,
    lab: units.sandbox!,
  }
  for (const [name, home] of Object.entries(homes)) {
    const { CreateAccountStatus: created } = await client.send(
      new organizations.CreateAccountCommand({ AccountName: name, Email: `${name}@acme.example` }),
    )
    let status = created!
    while (status.State === 'IN_PROGRESS') {
      const answer = await client.send(
        new organizations.DescribeCreateAccountStatusCommand({ CreateAccountRequestId: status.Id! }),
      )
      status = answer.CreateAccountStatus!
    }
    expect(status.State === 'SUCCEEDED', `account ${name} is created`)
    accounts[name] = status.AccountId!
    if (home !== rootId) {
      await client.send(
        new organizations.MoveAccountCommand({
          AccountId: status.AccountId!,
          SourceParentId: rootId,
          DestinationParentId: home,
        }),
      )
    }
  }
  return { accounts, units, root: rootId }
}

/** By a client that has not seen the server's clock elsewhere. */
async function assume(account: string): Promise<Credentials> {
  const client = new sts.STSClient(options(adminKey))
  const { Credentials: given } = await client.send(
    new sts.AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${account}:role/OrganizationAccountAccessRole`,
      RoleSessionName: 'demo',
    }),
  )
  return {
    accessKeyId: given!.AccessKeyId!,
    secretAccessKey: given!.SecretAccessKey!,
    sessionToken: given!.SessionToken!,
  }
}

async function createPool(client: ec2.EC2Client, input: ec2.CreateIpamPoolCommandInput, cidr: string): Promise<string> {
  const { IpamPool } = await client.send(new ec2.CreateIpamPoolCommand(input))
  const id = IpamPool!.IpamPoolId!
  await client.send(new ec2.ProvisionIpamPoolCidrCommand({ IpamPoolId: id, Cidr: cidr }))
  for (;;) {
    const { IpamPoolCidrs } = await client.send(new ec2.GetIpamPoolCidrsCommand({ IpamPoolId: id }))
    if (IpamPoolCidrs![0]?.State === 'provisioned') return id
  }
}

const named = (ResourceType: ec2.ResourceType, Name: string): ec2.TagSpecification[] => [
  { ResourceType, Tags: [{ Key: 'Name', Value: Name }] },
]

/** What the teams did meanwhile. */
async function weeksPass(server: ChildProcess, accounts: Readonly<Record<string, string>>): Promise<void> {
  const as = async (name: string): Promise<ec2.EC2Client> => ec2Client(await assume(accounts[name]!))
  const ago = (days: number): Promise<void> => setClock(server, -days * dayMs)
  const lines: string[] = []
  const note = (days: number, who: string, what: string): number =>
    lines.push(`${new Date(Date.now() - days * dayMs).toISOString().slice(0, 10)}  ${who.padEnd(9)} ${what}`)
  let lent: ec2.AllocateAddressCommandOutput | undefined
  for (let days = weeks * 7 - 2; days > 0; days -= 3) {
    await ago(days)
    const name = lines.length % 2 === 0 ? 'payments' : 'shop'
    const address = await (await as(name)).send(new ec2.AllocateAddressCommand({ Domain: 'vpc' }))
    lent ??= address
    note(days, name, address.PublicIp!)
  }
  // Since then it is somebody else's: who had it last Tuesday is asked of the record.
  await ago(0.5)
  await (await as('payments')).send(new ec2.ReleaseAddressCommand({ AllocationId: lent!.AllocationId! }))
  note(0.5, 'payments', `gives ${lent!.PublicIp} back`)
  await ago(0.25)
  const taken = await (await as('shop')).send(new ec2.AllocateAddressCommand({ Domain: 'vpc' }))
  expect(taken.PublicIp === lent!.PublicIp, 'what was given back is somebody else’s now')
  note(0.25, 'shop', taken.PublicIp!)
  list('addresses', lines)
  await setClock(server, 0)
}

/** Answers a token of the native API's administrator. */
async function story(server: ChildProcess): Promise<string> {
  heading('1  A small organization')
  const organizationsClient = new organizations.OrganizationsClient(options(adminKey))
  const { accounts, units, root } = await buildOrganization(organizationsClient)
  say('  root ─┬─ Workloads ─┬─ Prod     shop, payments')
  say('        │             └─ Dev      shop-dev, data')
  say('        ├─ Sandbox                lab')
  say('        └─ network                (runs the IPAM)')
  await ec2Client(adminKey).send(
    new ec2.EnableIpamOrganizationAdminAccountCommand({ DelegatedAdminAccountId: accounts.network! }),
  )

  heading('2  The network team designs the space and the policy')
  let network = ec2Client(await assume(accounts.network!))
  const { Ipam } = await network.send(
    new ec2.CreateIpamCommand({
      OperatingRegions: [{ RegionName: region }, { RegionName: otherRegion }],
      TagSpecifications: named('ipam', 'acme'),
    }),
  )
  const publicPool = {
    IpamScopeId: Ipam!.PublicDefaultScopeId!,
    AddressFamily: 'ipv4',
    Locale: region,
    AwsService: 'ec2',
  } as const
  const egress = await createPool(
    network,
    { ...publicPool, TagSpecifications: named('ipam-pool', 'prod-egress') },
    '203.0.113.0/28',
  )
  const other = await createPool(
    network,
    { ...publicPool, TagSpecifications: named('ipam-pool', 'partners') },
    '198.51.100.0/28',
  )
  const tiny = await createPool(
    network,
    { ...publicPool, TagSpecifications: named('ipam-pool', 'dev-egress') },
    '192.0.2.0/31',
  )
  const vpcs = await createPool(
    network,
    {
      IpamScopeId: Ipam!.PrivateDefaultScopeId!,
      AddressFamily: 'ipv4',
      Locale: region,
      AllocationMinNetmaskLength: 20,
      AllocationDefaultNetmaskLength: 24,
      AllocationMaxNetmaskLength: 28,
      TagSpecifications: named('ipam-pool', 'prod-vpcs'),
    },
    '10.20.0.0/16',
  )
  list('pools', [
    `prod-egress  ${egress} 203.0.113.0/28`,
    `partners     ${other} 198.51.100.0/28`,
    `dev-egress   ${tiny} 192.0.2.0/31`,
    `prod-vpcs    ${vpcs} 10.20.0.0/16`,
  ])

  const policy = async (name: string, target: string, rules: Record<string, string>): Promise<string> => {
    const { IpamPolicy } = await network.send(
      new ec2.CreateIpamPolicyCommand({
        IpamId: Ipam!.IpamId!,
        TagSpecifications: named('ipam-policy' as ec2.ResourceType, name),
      }),
    )
    const id = IpamPolicy!.IpamPolicyId!
    for (const [type, pool] of Object.entries(rules)) {
      await network.send(
        new ec2.ModifyIpamPolicyAllocationRulesCommand({
          IpamPolicyId: id,
          Locale: region,
          ResourceType: type as ec2.IpamPolicyResourceType,
          AllocationRules: [{ SourceIpamPoolId: pool }],
        }),
      )
    }
    await network.send(new ec2.EnableIpamPolicyCommand({ IpamPolicyId: id, OrganizationTargetId: target }))
    say(`  policy     ${name} ${id}: ${Object.keys(rules).join(', ')}`)
    return id
  }
  const production = await policy('production', units.prod!, { eip: egress, rnat: egress, vpc: vpcs })
  await policy('development', units.dev!, { eip: tiny })
  await network.send(
    new ec2.CreateTagsCommand({ Resources: [Ipam!.IpamId!], Tags: [{ Key: 'cadastre:unmatched', Value: 'deny' }] }),
  )
  say('  and        where no policy speaks, nothing is given (cadastre:unmatched=deny)')
  await network.send(
    new ec2.CreateTagsCommand({ Resources: [other], Tags: [{ Key: 'cadastre:shared-with', Value: accounts.shop! }] }),
  )

  heading(`3  ${weeks} weeks pass, on a clock of the demo's own`)
  await weeksPass(server, accounts)
  network = ec2Client(await assume(accounts.network!))

  heading('4  The application teams just want an address')
  const shop = ec2Client(await assume(accounts.shop!))

  step('shop: AllocateAddress, naming no pool')
  const eip = await shop.send(new ec2.AllocateAddressCommand({ Domain: 'vpc' }))
  expect(eip.PublicIpv4Pool === egress, 'the address comes from the pool of the policy')
  answered(`${eip.PublicIp} (${eip.AllocationId}) from ${eip.PublicIpv4Pool}`)
  await why(shop)

  step('shop: CreateVpc, naming neither a CIDR nor a pool')
  const { Vpc } = await shop.send(new ec2.CreateVpcCommand({ TagSpecifications: named('vpc', 'shop') }))
  expect(Vpc!.CidrBlock!.startsWith('10.20.'), 'the VPC comes from the pool of the policy')
  answered(`${Vpc!.VpcId} with ${Vpc!.CidrBlock}`)
  await why(shop)

  step('shop: CreateVpc with 10.99.0.0/16, which the team has always used')
  await refused(() => shop.send(new ec2.CreateVpcCommand({ CidrBlock: '10.99.0.0/16' })), 'UnauthorizedOperation')

  step('shop: a regional NAT gateway in that VPC, naming no address')
  const { NatGateway } = await shop.send(
    new ec2.CreateNatGatewayCommand({ AvailabilityMode: 'regional', VpcId: Vpc!.VpcId!, ConnectivityType: 'public' }),
  )
  await ec2.waitUntilNatGatewayAvailable(
    { client: shop, maxWaitTime: 30, minDelay: 1, maxDelay: 1 },
    { NatGatewayIds: [NatGateway!.NatGatewayId!] },
  )
  const { NatGateways } = await shop.send(
    new ec2.DescribeNatGatewaysCommand({ NatGatewayIds: [NatGateway!.NatGatewayId!] }),
  )
  const natAddresses = NatGateways![0]!.NatGatewayAddresses!.map(({ PublicIp }) => PublicIp!)
  expect(
    natAddresses.every((address) => address.startsWith('203.0.113.')),
    'the gateway has addresses of the policy’s pool',
  )
  answered(`${NatGateway!.NatGatewayId} with ${natAddresses.join(', ')}`)

  step('shop: AllocateAddress from the pool `partners`, which is shared with the account but not in its policy')
  await refused(
    () => shop.send(new ec2.AllocateAddressCommand({ Domain: 'vpc', IpamPoolId: other })),
    'UnauthorizedOperation',
  )

  step(`shop: AllocateAddress in ${otherRegion}, for which no policy speaks`)
  const shopElsewhere = ec2Client(await assume(accounts.shop!), otherRegion)
  await refused(() => shopElsewhere.send(new ec2.AllocateAddressCommand({ Domain: 'vpc' })), 'UnauthorizedOperation')

  step('shop-dev: three addresses from a pool that has two')
  const dev = ec2Client(await assume(accounts['shop-dev']!))
  for (let i = 0; i < 2; i++) {
    const address = await dev.send(new ec2.AllocateAddressCommand({ Domain: 'vpc' }))
    answered(`${address.PublicIp} from ${address.PublicIpv4Pool}`)
  }
  await refused(() => dev.send(new ec2.AllocateAddressCommand({ Domain: 'vpc' })), 'InsufficientAddressCapacity')

  step('network: AllocateIpamPoolCidr twice with the same client token, as after a lost answer')
  const reservation = {
    IpamPoolId: vpcs,
    NetmaskLength: 24,
    Description: 'kept for the data centre',
    ClientToken: 'demo-reservation-1',
  }
  await network.send(
    new ec2.CreateTagsCommand({ Resources: [Ipam!.IpamId!], Tags: [{ Key: 'cadastre:unmatched', Value: 'provider' }] }),
  )
  const first = await network.send(new ec2.AllocateIpamPoolCidrCommand(reservation))
  const again = await network.send(new ec2.AllocateIpamPoolCidrCommand(reservation))
  expect(
    first.IpamPoolAllocation!.IpamPoolAllocationId === again.IpamPoolAllocation!.IpamPoolAllocationId,
    'one token has one effect',
  )
  answered(`${first.IpamPoolAllocation!.Cidr} (${first.IpamPoolAllocation!.IpamPoolAllocationId}), both times`)

  step('shop: ReleaseAddress, and the next address is the same one again')
  await shop.send(new ec2.ReleaseAddressCommand({ AllocationId: eip.AllocationId! }))
  const next = await shop.send(new ec2.AllocateAddressCommand({ Domain: 'vpc' }))
  expect(next.PublicIp === eip.PublicIp, 'a released address is free again (this demo lets nothing rest)')
  answered(`released ${eip.PublicIp}; allocated ${next.PublicIp}`)

  heading('5  Utilization')
  for (const [name, id] of Object.entries({
    'prod-egress': egress,
    partners: other,
    'dev-egress': tiny,
    'prod-vpcs': vpcs,
  })) {
    const { IpamPoolCidrs } = await network.send(new ec2.GetIpamPoolCidrsCommand({ IpamPoolId: id }))
    const { IpamPoolAllocations } = await network.send(new ec2.GetIpamPoolAllocationsCommand({ IpamPoolId: id }))
    const size = (cidr: string): number => 2 ** (32 - Number(cidr.split('/')[1]))
    const total = IpamPoolCidrs!.reduce((sum, { Cidr }) => sum + size(Cidr!), 0)
    const used = IpamPoolAllocations!.reduce((sum, { Cidr }) => sum + size(Cidr!), 0)
    const share = used / total
    const bar = '█'.repeat(Math.round(share * 20)).padEnd(20, '░')
    say(
      `  ${name.padEnd(12)} ${bar} ${(share * 100).toFixed(1).padStart(5)} % ${used} of ${total} addresses, ${IpamPoolAllocations!.length} taken`,
    )
  }
  const tokenFor = async (principal: string, ...role: string[]): Promise<string> => {
    const printed = await atServer('operator', 'token', '--principal', principal, ...role)
    const token = /CADASTRE_TOKEN=(\S+)/.exec(printed)?.[1]
    expect(token !== undefined, 'the operator gets a token')
    return token
  }
  await nativeStory({
    endpoint,
    region,
    tokenFor,
    ipam: Ipam!.IpamId!,
    publicScope: Ipam!.PublicDefaultScopeId!,
    root,
    sandbox: units.sandbox!,
    account: accounts.lab!,
    lab: ec2Client(await assume(accounts.lab!)),
    refused,
  })
  const files = mkdtempSync(join(tmpdir(), 'cadastre-estate-'))
  try {
    await estateStory({
      endpoint,
      region,
      tokenFor,
      ipam: Ipam!.IpamId!,
      root,
      folder: files,
      production,
      prod: units.prod!,
      shop: accounts.shop!,
    })
  } finally {
    rmSync(files, { recursive: true, force: true })
  }
  say(`\n${paint(32, 'Every address above was decided, allocated and recorded by policy.')}`)
  return tokenFor('user:olga')
}

const server = await startServer()
const ended = new Promise<number | string | null>((resolve) => {
  server.once('exit', (code, signal) => resolve(code ?? signal))
})
const stopServer = async (): Promise<void> => {
  server.kill('SIGTERM')
  const how = await ended
  rmSync(folder, { recursive: true, force: true })
  expect(how === 0, `the server ends well, not with ${how}`)
}
// A terminal that is closed, and whoever ends it from elsewhere, leave no server behind, either.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(signal, () => void stopServer().then(() => process.exit(code)))
}
try {
  say(`A Cadastre server runs at ${endpoint},\non an embedded database in ${folder}.`)
  const token = await story(server)
  if (keep) {
    heading('The server stays up. Look at it in a browser, signed in by this link, once:')
    say(`  ${await consoleLink()}`)
    say('\nOr point the AWS CLI at it:')
    say(`  export AWS_ACCESS_KEY_ID=${adminKey.accessKeyId}`)
    say(`  export AWS_SECRET_ACCESS_KEY=${adminKey.secretAccessKey}`)
    say(`  export AWS_DEFAULT_REGION=${region} AWS_ENDPOINT_URL=${endpoint}`)
    say('  aws organizations list-accounts')
    say('  aws ec2 describe-addresses')
    say('\nOr ask it at the command line, which also tells why something was so:')
    say(`  export CADASTRE_URL=${endpoint} CADASTRE_TOKEN=${token}`)
    say('  npm run -s cadastre -- policy list')
    say('  npm run -s cadastre -- explain DECISION')
    say('Ctrl-C ends the server and removes its data.')
    await ended
  } else {
    await stopServer()
  }
} catch (error) {
  process.stderr.write(`\n${(error as Error).stack ?? error}\n`)
  process.exitCode = 1
  await stopServer()
}
