// What one account has beside EC2: ranges of clusters, and public addresses that stand in no VPC.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WrittenObservation } from '#formats/observations.ts'
import { readRegion } from './aws-region.ts'
import type { AskService } from './aws-signed.ts'
import { AwsTrouble } from './aws-trouble.ts'

const own = '111122223333'
const region = 'eu-central-1'

/** What is read of one Region in which EC2 has nothing. */
async function read(
  services: (...asked: Parameters<AskService>) => unknown,
  place = region,
): Promise<{
  readonly found: readonly WrittenObservation[]
  readonly missing: readonly string[]
  readonly absent: readonly string[]
}> {
  const found: WrittenObservation[] = []
  const missing: string[] = []
  const absent: string[] = []
  const parts = readRegion({
    account: own,
    region: place,
    ask: (async () => ({})) as never,
    askService: async (...asked) => services(...asked) ?? {},
    wantsPrivate: false,
    isRead: () => false,
    isAlone: true,
    progress: () => {},
    offersNo: (what) => void absent.push(what),
  })
  for await (const part of parts) {
    if ('missing' in part) missing.push(...part.missing)
    else found.push(...part.found.flatMap((one) => ('found' in one ? [one.found] : [])))
  }
  return { found, missing, absent }
}

test('a cluster has the ranges of its services and of what stands elsewhere, each cluster for itself', async () => {
  const arn = `arn:aws:eks:${region}:${own}:cluster/shop`
  const { found, missing, absent } = await read((call, { name, page }) => {
    // An empty page says nothing about the next one.
    if (call === 'eks:ListClusters') return page ? { clusters: ['shop', 'old'] } : { clusters: [], nextToken: 'more' }
    if (call !== 'eks:DescribeCluster') return {}
    if (name === 'old') {
      return { cluster: { name, kubernetesNetworkConfig: null, connectorConfig: { activationCode: 'secret' } } }
    }
    return {
      cluster: {
        ...{ name, arn, status: 'ACTIVE', tags: { team: 'shop' } },
        kubernetesNetworkConfig: { serviceIpv4Cidr: '10.100.0.0/16', serviceIpv6Cidr: 'FD00:1::/108' },
        remoteNetworkConfig: {
          remoteNodeNetworks: [{ cidrs: ['192.168.0.0/24'] }],
          remotePodNetworks: [{ cidrs: ['192.168.64.0/18'] }],
        },
      },
    }
  })
  const shared = { space: arn, id: arn, account: own, locale: region, name: 'shop', tags: { team: 'shop' } }
  const used = { state: 'in-use', sourceState: 'ACTIVE' }
  assert.deepEqual(found, [
    { kind: 'service-range', cidr: '10.100.0.0/16', ...shared, ...used },
    { kind: 'service-range', cidr: 'fd00:1::/108', ...shared, ...used },
    { kind: 'peer-range', cidr: '192.168.0.0/24', ...shared, ...used },
    { kind: 'pod-range', cidr: '192.168.64.0/18', ...shared, ...used },
  ])
  assert.deepEqual([missing, absent], [[], []])
})

test('Lightsail has public addresses that stand in no VPC, each told of once', async () => {
  const { found } = await read((call, { page }) => {
    if (call === 'lightsail:GetStaticIps') {
      const [name, ipAddress, isAttached] = page ? ['spare', '203.0.113.8', false] : ['door', '203.0.113.7', true]
      const staticIps = [{ name, arn: `arn:${name}`, ipAddress, isAttached }]
      return { staticIps, ...(page ? {} : { nextPageToken: 'x' }) }
    }
    if (call !== 'lightsail:GetInstances') return {}
    return {
      instances: [
        { name: 'a', arn: 'arn:a', isStaticIp: true, publicIpAddress: '203.0.113.7', privateIpAddress: '172.26.1.2' },
        { name: 'b', arn: 'arn:b', publicIpAddress: '203.0.113.9', ipv6Addresses: ['2001:DB8::1'] },
      ],
    }
  })
  assert.deepEqual(
    found.map(({ cidr, id, state, locale }) => [cidr, id, state, locale]),
    [
      ['203.0.113.7/32', 'arn:door', 'in-use', region],
      ['203.0.113.8/32', 'arn:spare', 'free', region],
      ['203.0.113.9/32', 'arn:b', 'in-use', region],
      ['2001:db8::1/128', 'arn:b', 'in-use', region],
    ],
  )
})

test('Global Accelerator is asked where it answers, and nowhere else', async () => {
  const IpSets = [{ IpFamily: 'IPv4', IpAddresses: ['198.51.100.1', '198.51.100.2'] }]
  const answer: AskService = async (call) =>
    call === 'globalaccelerator:ListAccelerators'
      ? { Accelerators: [{ AcceleratorArn: 'arn:ga', Name: 'edge', Status: 'DEPLOYED', IpSets }] }
      : {}
  const { found } = await read(answer, 'us-west-2')
  assert.deepEqual(
    found.map(({ cidr, id, locale }) => [cidr, id, locale]),
    [
      ['198.51.100.1/32', 'arn:ga', 'us-west-2'],
      ['198.51.100.2/32', 'arn:ga', 'us-west-2'],
    ],
  )
  assert.deepEqual((await read(answer)).found, [])
})

test('a service that is denied takes nothing of its Region for gone, and one that is not there is noted', async () => {
  const { missing, absent } = await read((call) => {
    if (call === 'eks:ListClusters') throw new AwsTrouble('AccessDeniedException', 'ListClusters: no', false)
    if (call === 'lightsail:GetStaticIps') throw new AwsTrouble('UnknownOperationException', 'GetStaticIps: no', false)
    return {}
  })
  assert.deepEqual([missing, absent], [['ListClusters: no'], ['Lightsail addresses']])
})
