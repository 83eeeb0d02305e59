// The company that all scenarios are about, founded through the AWS SDKs on a server of its own.
import * as ec2 from '@aws-sdk/client-ec2'
import * as organizations from '@aws-sdk/client-organizations'
import * as sts from '@aws-sdk/client-sts'
import { administrator, managementAccount } from '../clients/server.ts'
import { type ServerHere, startServerHere } from '../clients/server-here.ts'

export const home = 'us-east-1'
export const abroad = 'eu-central-1'

/**
 * `management` owns the organization. `network` is under the root and administers IPAM for all. `shop` is in Workloads/Prod,
 * `lab` in Workloads/Dev, `toys` in Sandbox.
 */
export const callers = ['management', 'network', 'shop', 'lab', 'toys'] as const
export type Caller = (typeof callers)[number]

export interface Clients {
  readonly ec2: ec2.EC2Client
  readonly organizations: organizations.OrganizationsClient
  readonly sts: sts.STSClient
}
export interface Acme {
  readonly server: ServerHere
  clients(caller: Caller, region?: string): Clients
  /** What scenarios call `$root`, `$prod`, `$shop`, `$ipam` and so on. */
  readonly names: ReadonlyMap<string, string>
  close(): Promise<void>
}

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** What the server tells of a decision beside EC2's own answer: `decision` and `warning` in the output. */
const headersShown = { 'x-cadastre-decision': 'decision', 'x-cadastre-warning': 'warning' } as const

/** Unmodified clients; they try once, so that a test sees the first answer. */
export function makeClients(endpoint: string, credentials: Credentials, region = home): Clients {
  const options = { endpoint, region, credentials, maxAttempts: 1 }
  const client = new ec2.EC2Client(options)
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const { headers } = result.response as { headers: Record<string, string | undefined> }
      for (const [header, member] of Object.entries(headersShown)) {
        if (headers[header] !== undefined) Object.assign(result.output as object, { [member]: headers[header] })
      }
      return result
    },
    { step: 'deserialize', priority: 'high' },
  )
  return {
    ec2: client,
    organizations: new organizations.OrganizationsClient(options),
    sts: new sts.STSClient(options),
  }
}

export async function foundAcme(settings: Readonly<Record<string, string>> = {}): Promise<Acme> {
  const server = await startServerHere(settings)
  const made: Clients[] = []
  const credentials = new Map<Caller, Credentials>([['management', administrator]])
  const known = new Map<string, Clients>()
  const clients = (caller: Caller, region = home): Clients => {
    const key = `${caller} ${region}`
    const found = known.get(key)
    if (found) return found
    const fresh = makeClients(server.endpoint, credentials.get(caller)!, region)
    made.push(fresh)
    known.set(key, fresh)
    return fresh
  }
  const close = async (): Promise<void> => {
    for (const each of made) for (const client of Object.values(each)) client.destroy()
    await server.stop()
  }
  try {
    const names = await foundOrganization(clients('management').organizations)
    for (const caller of callers) {
      if (caller === 'management') continue
      credentials.set(caller, await enter(clients('management').sts, names.get(caller)!))
    }
    await clients('management').ec2.send(
      new ec2.EnableIpamOrganizationAdminAccountCommand({ DelegatedAdminAccountId: names.get('network')! }),
    )
    const { Ipam: ipam } = await clients('network').ec2.send(
      new ec2.CreateIpamCommand({ OperatingRegions: [{ RegionName: home }, { RegionName: abroad }] }),
    )
    names.set('ipam', ipam!.IpamId!)
    names.set('public', ipam!.PublicDefaultScopeId!)
    names.set('private', ipam!.PrivateDefaultScopeId!)
    return { server, clients, names, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Temporary credentials of the role that every member account is made with. */
export async function enter(client: sts.STSClient, account: string): Promise<Credentials> {
  const { Credentials: given } = await client.send(
    new sts.AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${account}:role/OrganizationAccountAccessRole`,
      RoleSessionName: 'scenario',
    }),
  )
  return {
    accessKeyId: given!.AccessKeyId!,
    secretAccessKey: given!.SecretAccessKey!,
    sessionToken: given!.SessionToken!,
  }
}

async function foundOrganization(client: organizations.OrganizationsClient): Promise<Map<string, string>> {
  await client.send(new organizations.CreateOrganizationCommand({ FeatureSet: 'ALL' }))
  const { Roots: roots } = await client.send(new organizations.ListRootsCommand({}))
  const root = roots![0]!.Id!
  const unit = async (Name: string, ParentId: string): Promise<string> => {
    const answer = await client.send(new organizations.CreateOrganizationalUnitCommand({ ParentId, Name }))
    return answer.OrganizationalUnit!.Id!
  }
  const account = async (name: string, DestinationParentId: string): Promise<string> => {
    const { CreateAccountStatus: begun } = await client.send(
      new organizations.CreateAccountCommand({ AccountName: name, Email: `${name}@acme.example` }),
    )
    const { CreateAccountStatus: done } = await client.send(
      new organizations.DescribeCreateAccountStatusCommand({ CreateAccountRequestId: begun!.Id! }),
    )
    const AccountId = done!.AccountId!
    if (DestinationParentId !== root) {
      await client.send(new organizations.MoveAccountCommand({ AccountId, SourceParentId: root, DestinationParentId }))
    }
    return AccountId
  }
  const workloads = await unit('Workloads', root)
  const prod = await unit('Prod', workloads)
  const dev = await unit('Dev', workloads)
  const sandbox = await unit('Sandbox', root)
  return new Map([
    ['management', managementAccount],
    ['root', root],
    ['workloads', workloads],
    ['prod', prod],
    ['dev', dev],
    ['sandbox', sandbox],
    ['network', await account('network', root)],
    ['shop', await account('shop', prod)],
    ['lab', await account('lab', dev)],
    ['toys', await account('toys', sandbox)],
  ])
}
