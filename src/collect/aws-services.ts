// What one account has in one Region of AWS beside EC2: ranges of clusters, and public addresses that stand in no VPC.
import type { ObservedState } from '#model/observation.ts'
import type { AskService, ServiceCall } from './aws-signed.ts'
import { AwsTrouble } from './aws-trouble.ts'
import { listOf, memberOf, textOf } from './collector.ts'
import { Pages } from './pages.ts'
import { addressOf, blockOf, type Found } from './seen.ts'

export interface ServicePlace {
  readonly account: string
  readonly region: string
  readonly askService: AskService
}
type Batches = AsyncGenerator<readonly Found[]>

/** The service is the whole world's, and answers here alone. */
const acceleratorRegion = 'us-west-2'

export const serviceReaders: Readonly<Record<string, (place: ServicePlace) => Batches>> = {
  'EKS clusters': readClusters,
  'Lightsail addresses': readLightsail,
  'global accelerators': readAccelerators,
}

/** Every page, also behind an empty one: the end is where there is no token. */
async function* pages(
  { askService }: ServicePlace,
  call: ServiceCall,
  { asked, told }: { readonly asked: string; readonly told: string },
): AsyncGenerator<unknown> {
  let token: string | undefined
  const named = new Pages()
  for (;;) {
    const answer = await askService(call, token === undefined ? {} : { page: [asked, token] })
    yield answer
    const next = textOf(answer, told)
    if (next === undefined) return
    const problem = named.problemOf(next)
    if (problem) throw new AwsTrouble('TooManyPages', `${call}: its list ${problem}`, false)
    token = next
  }
}

const stateOf = (states: Readonly<Record<string, ObservedState>>, word: string | undefined) => ({
  state: word !== undefined && Object.hasOwn(states, word) ? states[word]! : ('unknown' as const),
  ...(word === undefined ? {} : { sourceState: word }),
})
const textsOf = (value: unknown, name: string): readonly string[] =>
  listOf(value, name).filter((one) => typeof one === 'string') as string[]

const clusterStates = {
  CREATING: 'planned',
  PENDING: 'planned',
  ACTIVE: 'in-use',
  UPDATING: 'in-use',
  DELETING: 'releasing',
  FAILED: 'failed',
} as const

/** The ranges of their services, and of what stands elsewhere and belongs to them. Pods have addresses of their VPC, or ranges inside. */
async function* readClusters(place: ServicePlace): Batches {
  for await (const page of pages(place, 'eks:ListClusters', { asked: 'nextToken', told: 'nextToken' })) {
    for (const name of textsOf(page, 'clusters')) {
      // Nothing else of the answer is looked at: clusters that are only connected have a code in it.
      const cluster = memberOf(await place.askService('eks:DescribeCluster', { name }), 'cluster')
      const own = memberOf(cluster, 'kubernetesNetworkConfig')
      const remote = memberOf(cluster, 'remoteNetworkConfig')
      const ranges = [
        ['service-range', textOf(own, 'serviceIpv4Cidr')],
        ['service-range', textOf(own, 'serviceIpv6Cidr')],
        ...listOf(remote, 'remoteNodeNetworks').flatMap((one) =>
          textsOf(one, 'cidrs').map((cidr) => ['peer-range', cidr] as const),
        ),
        ...listOf(remote, 'remotePodNetworks').flatMap((one) =>
          textsOf(one, 'cidrs').map((cidr) => ['pod-range', cidr] as const),
        ),
      ] as const
      const id = textOf(cluster, 'arn') ?? name
      yield ranges.flatMap(([kind, text]): Found[] => {
        const cidr = blockOf(text)
        if (cidr === undefined) return []
        return [
          {
            kind,
            cidr,
            // Many clusters have the same ranges, each for itself.
            space: id,
            id,
            account: place.account,
            locale: place.region,
            name,
            ...stateOf(clusterStates, textOf(cluster, 'status')),
            tags: Object.entries((memberOf(cluster, 'tags') as Readonly<Record<string, unknown>> | undefined) ?? {}),
          },
        ]
      })
    }
  }
}

/** The public ones: privately every account has the same network there, which nothing else is connected with. */
async function* readLightsail(place: ServicePlace): Batches {
  const paged = { asked: 'pageToken', told: 'nextPageToken' }
  const here = (one: unknown) => ({
    kind: 'address' as const,
    id: textOf(one, 'arn') ?? textOf(one, 'name'),
    account: place.account,
    locale: place.region,
    name: textOf(one, 'name'),
  })
  for await (const page of pages(place, 'lightsail:GetStaticIps', paged))
    yield listOf(page, 'staticIps').flatMap((one): Found[] => {
      const cidr = addressOf(textOf(one, 'ipAddress'))
      if (cidr === undefined) return []
      return [{ ...here(one), cidr, state: memberOf(one, 'isAttached') === true ? 'in-use' : 'free', tags: [] }]
    })
  for await (const page of pages(place, 'lightsail:GetInstances', paged))
    yield listOf(page, 'instances').flatMap((one): Found[] => {
      const tags = listOf(one, 'tags').map((tag) => [textOf(tag, 'key') ?? '', textOf(tag, 'value') ?? ''] as const)
      // A static address is told of as such.
      const public4 = memberOf(one, 'isStaticIp') === true ? undefined : textOf(one, 'publicIpAddress')
      return [public4, ...textsOf(one, 'ipv6Addresses')].flatMap((text): Found[] => {
        const cidr = addressOf(text)
        return cidr === undefined ? [] : [{ ...here(one), cidr, state: 'in-use', tags }]
      })
    })
}

const acceleratorStates = { IN_PROGRESS: 'planned', DEPLOYED: 'in-use' } as const

async function* readAccelerators(place: ServicePlace): Batches {
  if (place.region !== acceleratorRegion) return
  const paged = { asked: 'NextToken', told: 'NextToken' }
  for await (const page of pages(place, 'globalaccelerator:ListAccelerators', paged))
    yield listOf(page, 'Accelerators').flatMap((one) =>
      listOf(one, 'IpSets').flatMap((set) =>
        textsOf(set, 'IpAddresses').flatMap((text): Found[] => {
          const cidr = addressOf(text)
          if (cidr === undefined) return []
          return [
            {
              kind: 'address',
              cidr,
              id: textOf(one, 'AcceleratorArn'),
              account: place.account,
              // They are everywhere. Here they are listed, and where that fails they are not taken for gone.
              locale: place.region,
              name: textOf(one, 'Name'),
              ...stateOf(acceleratorStates, textOf(one, 'Status')),
              tags: [],
            },
          ]
        }),
      ),
    )
}
