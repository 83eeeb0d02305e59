// The AWS SDK, loaded here alone and only where somebody collects: whose credentials they are, sessions in accounts, and EC2's answers.
import type * as ec2 from '@aws-sdk/client-ec2'
import type { ListAccountsRequest, ListAccountsResponse } from '@aws-sdk/client-organizations'
import type { STSClient } from '@aws-sdk/client-sts'
import { type AskService, askServiceAt } from './aws-signed.ts'
import { AwsTrouble } from './aws-trouble.ts'
import type { Around } from './collector.ts'

/** What is asked of EC2, and nothing else: the rights of the collector are these. None of them answers with a secret. */
export interface Ec2Calls {
  DescribeAddresses: [ec2.DescribeAddressesRequest, ec2.DescribeAddressesResult]
  DescribeByoipCidrs: [ec2.DescribeByoipCidrsRequest, ec2.DescribeByoipCidrsResult]
  DescribeClientVpnEndpoints: [ec2.DescribeClientVpnEndpointsRequest, ec2.DescribeClientVpnEndpointsResult]
  DescribeCoipPools: [ec2.DescribeCoipPoolsRequest, ec2.DescribeCoipPoolsResult]
  DescribeCustomerGateways: [ec2.DescribeCustomerGatewaysRequest, ec2.DescribeCustomerGatewaysResult]
  DescribeIpamPools: [ec2.DescribeIpamPoolsRequest, ec2.DescribeIpamPoolsResult]
  DescribeIpv6Pools: [ec2.DescribeIpv6PoolsRequest, ec2.DescribeIpv6PoolsResult]
  DescribeManagedPrefixLists: [ec2.DescribeManagedPrefixListsRequest, ec2.DescribeManagedPrefixListsResult]
  DescribeNatGateways: [ec2.DescribeNatGatewaysRequest, ec2.DescribeNatGatewaysResult]
  DescribeNetworkInterfaces: [ec2.DescribeNetworkInterfacesRequest, ec2.DescribeNetworkInterfacesResult]
  DescribePublicIpv4Pools: [ec2.DescribePublicIpv4PoolsRequest, ec2.DescribePublicIpv4PoolsResult]
  DescribeRegions: [ec2.DescribeRegionsRequest, ec2.DescribeRegionsResult]
  DescribeSubnets: [ec2.DescribeSubnetsRequest, ec2.DescribeSubnetsResult]
  DescribeTransitGateways: [ec2.DescribeTransitGatewaysRequest, ec2.DescribeTransitGatewaysResult]
  DescribeVpcPeeringConnections: [ec2.DescribeVpcPeeringConnectionsRequest, ec2.DescribeVpcPeeringConnectionsResult]
  DescribeVpcs: [ec2.DescribeVpcsRequest, ec2.DescribeVpcsResult]
  GetIpamPoolAllocations: [ec2.GetIpamPoolAllocationsRequest, ec2.GetIpamPoolAllocationsResult]
  GetIpamPoolCidrs: [ec2.GetIpamPoolCidrsRequest, ec2.GetIpamPoolCidrsResult]
  GetManagedPrefixListEntries: [ec2.GetManagedPrefixListEntriesRequest, ec2.GetManagedPrefixListEntriesResult]
  GetSubnetCidrReservations: [ec2.GetSubnetCidrReservationsRequest, ec2.GetSubnetCidrReservationsResult]
}
/** Rejects with `AwsTrouble`. */
export type AskEc2 = <Action extends keyof Ec2Calls>(
  action: Action,
  input: Ec2Calls[Action][0],
) => Promise<Ec2Calls[Action][1]>

/** One account, with the credentials for it. */
export interface Session {
  /** EC2 in one Region; to be closed. */
  ec2(region: string): { readonly ask: AskEc2; close(): void }
  /** Services beside it in one Region. */
  services(region: string): AskService
}
export interface Identity {
  readonly account: string
  readonly arn: string
}
export interface Role {
  readonly arn: string
  readonly externalId?: string
}
export interface Aws {
  /** The Region of what is asked once: where it begins. */
  readonly region: string
  /** With the credentials that are there. */
  readonly own: Session
  identity(): Promise<Identity>
  /** One page of the accounts of the organization. */
  listAccounts(input: ListAccountsRequest): Promise<ListAccountsResponse>
  assume(role: Role): Promise<Session>
  close(): void
}

const triesMax = 8
const connectMs = 10_000
const answerMs = 60_000
/** A role that was assumed with a role's credentials lasts no longer. */
const sessionSeconds = 3_600
/** What is asked with credentials may take minutes on its way. */
const renewBeforeMs = 300_000
const sessionName = 'cadastre-collect'
const regionDefault = 'us-east-1'

type CommandName = `${keyof Ec2Calls}Command`
type Credentials = Awaited<ReturnType<STSClient['config']['credentials']>>

/** The usual chain of credentials: environment, profiles, SSO, web identity, containers, instances. */
export async function openAws(around: Pick<Around, 'options' | 'now' | 'variable'>): Promise<Aws> {
  const [ec2Module, organizationsModule, stsModule] = await Promise.all([
    import('@aws-sdk/client-ec2'),
    import('@aws-sdk/client-organizations'),
    import('@aws-sdk/client-sts'),
  ])
  const endpoint = around.options.get('endpoint-url')
  const shared = {
    ...(endpoint === undefined ? {} : { endpoint }),
    // Waits longer after each throttled answer, with jitter, and asks less often from then on.
    retryMode: 'adaptive',
    ...(around.variable('AWS_MAX_ATTEMPTS') === undefined ? { maxAttempts: triesMax } : {}),
    requestHandler: { connectionTimeout: connectMs, requestTimeout: answerMs, throwOnRequestTimeout: true },
  }
  const named = around.options.get('region')?.split(',')[0]
  const first = new stsModule.STSClient({ ...shared, ...(named === undefined ? {} : { region: named }) })
  // Neither the environment nor a profile has one.
  const region = await first.config.region().catch(() => regionDefault)
  first.destroy()
  const sts = new stsModule.STSClient({ ...shared, region })
  // The chain is walked once, and not by each client.
  const own = (): Promise<Credentials> => sts.config.credentials()
  const organizations = new organizationsModule.OrganizationsClient({ ...shared, region, credentials: own })

  // All of them are made in one way, which their types do not say.
  const commands = ec2Module as unknown as Readonly<Record<CommandName, new (input: object) => ec2.DescribeVpcsCommand>>
  const sessionOf = (credentials: () => Promise<Credentials>): Session => ({
    ec2(place) {
      const client = new ec2Module.EC2Client({ ...shared, region: place, credentials })
      const ask = async (action: keyof Ec2Calls, input: object): Promise<unknown> => {
        const command = new commands[`${action}Command`](input)
        return asked(action, () => client.send(command))
      }
      return { ask: ask as AskEc2, close: () => client.destroy() }
    },
    services: (place) =>
      askServiceAt({
        region: place,
        endpoint: endpoint ?? around.variable('AWS_ENDPOINT_URL'),
        triesMax: Number(around.variable('AWS_MAX_ATTEMPTS') ?? triesMax) || triesMax,
        credentials: async () => {
          try {
            return await credentials()
          } catch (error) {
            throw troubleOf('credentials', error) ?? error
          }
        },
        now: around.now,
      }),
  })

  const assumeOnce = async ({ arn, externalId }: Role): Promise<Credentials & { readonly expiration: Date }> => {
    const command = new stsModule.AssumeRoleCommand({
      RoleArn: arn,
      RoleSessionName: sessionName,
      DurationSeconds: sessionSeconds,
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    })
    const answer = (await asked('AssumeRole', () => sts.send(command))).Credentials
    if (!answer?.AccessKeyId || !answer.SecretAccessKey || !answer.Expiration)
      throw new AwsTrouble('NoCredentials', `AssumeRole: the answer for \`${arn}\` has no credentials`, false)
    return {
      accessKeyId: answer.AccessKeyId,
      secretAccessKey: answer.SecretAccessKey,
      ...(answer.SessionToken === undefined ? {} : { sessionToken: answer.SessionToken }),
      expiration: answer.Expiration,
    }
  }

  return {
    region,
    own: sessionOf(own),
    async identity() {
      const command = new stsModule.GetCallerIdentityCommand({})
      const { Account: account, Arn: arn } = await asked('GetCallerIdentity', () => sts.send(command))
      if (!account || !arn)
        throw new AwsTrouble(
          'NoIdentity',
          'GetCallerIdentity: the answer names no account; is that the URL of STS?',
          false,
        )
      return { account, arn }
    },
    listAccounts: (input) =>
      asked('ListAccounts', () => organizations.send(new organizationsModule.ListAccountsCommand(input))),
    async assume(role) {
      let kept = await assumeOnce(role)
      let renewing: Promise<Credentials> | undefined
      return sessionOf(async () => {
        if (kept.expiration.getTime() - around.now() > renewBeforeMs) return kept
        renewing ??= assumeOnce(role)
          .then((fresh) => {
            kept = fresh
            return fresh
          })
          .finally(() => {
            renewing = undefined
          })
        return renewing
      })
    },
    close() {
      sts.destroy()
      organizations.destroy()
    },
  }
}

// Trouble ------------------------------------------------------------------------------------------------------------

async function asked<Output>(action: string, send: () => Promise<Output>): Promise<Output> {
  try {
    return await send()
  } catch (error) {
    throw troubleOf(action, error) ?? error
  }
}

interface SdkError extends Error {
  readonly code?: unknown
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $retryable?: { readonly throttling?: boolean }
}
const throttled = /^(RequestLimitExceeded|Throttl\w*|TooManyRequestsException|SlowDown|EC2ThrottledException)$/
const serverErrorMin = 500

/** Undefined where the error is none of AWS, of the way there or of credentials, and so ours. */
function troubleOf(action: string, error: unknown): AwsTrouble | undefined {
  if (error instanceof AwsTrouble) return error
  if (!(error instanceof Error)) return undefined
  const { name, code, message, $metadata, $retryable } = error as SdkError
  const isUnreachable = typeof code === 'string' || name === 'TimeoutError'
  if ($metadata === undefined && !isUnreachable && !/ProviderError$/.test(name)) return undefined
  const status = $metadata?.httpStatusCode
  const isPassing =
    throttled.test(name) ||
    $retryable?.throttling === true ||
    (status === undefined ? isUnreachable : status >= serverErrorMin)
  if (status === undefined && typeof code === 'string')
    return new AwsTrouble(code, `${action}: there is no way to the endpoint (${code})`, isPassing)
  // Where the SDK could not read the answer it has no name for what is wrong.
  const isUnreadable = status !== undefined && (name === 'Error' || name === 'SyntaxError')
  const because = isUnreadable ? `HTTP ${status}, and what is no answer of AWS` : `${name}: ${wordsOf(message)}`
  return new AwsTrouble(name, `${action}: ${because}`, isPassing)
}

/** An explanation that only AWS can read, of a thousand characters, says nothing here. */
const wordsOf = (message: string): string =>
  message.replace(/(?<!\s)\s*Encoded authorization failure message: \S+/, '').trim()
