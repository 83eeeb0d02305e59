// Google Cloud, by what its command line and its APIs print.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SourceTrouble } from './collector.ts'
import { gcp } from './gcp.ts'
import { observed, type Source } from './testing.ts'

const v1 = 'https://www.googleapis.com/compute/v1/projects'
const core = 'projects/host-p/global/networks/core'
const gke = 'projects/host-p/regions/europe-west1/subnetworks/gke-eu'
const subnetwork = {
  kind: 'compute#subnetwork',
  id: '4111000000000000001',
  name: 'gke-eu',
  region: `${v1}/host-p/regions/europe-west1`,
  network: `${v1}/host-p/global/networks/core`,
  ipCidrRange: '192.0.2.0/25',
  secondaryIpRanges: [
    { rangeName: 'pods', ipCidrRange: '198.51.100.0/24' },
    { rangeName: 'svc', ipCidrRange: '203.0.113.0/26' },
  ],
  stackType: 'IPV4_IPV6',
  ipv6AccessType: 'EXTERNAL',
  externalIpv6Prefix: '2001:db8:40:0:0:0:0:0/64',
  ipv6CidrRange: '2001:db8:ffff::/64',
  purpose: 'PRIVATE',
  selfLink: `${v1}/host-p/regions/europe-west1/subnetworks/gke-eu`,
}
const collected = (...values: unknown[]) =>
  observed(gcp, { file: values.map((value) => JSON.stringify(value)).join('\n') })
const at = (path: string) => `${v1}/${path}`

test('a subnetwork has its range, its secondary ranges and its IPv6, in its network', async () => {
  const { found, unlisted, notes } = await collected([subnetwork])
  const shared = {
    kind: 'subnet',
    id: gke,
    account: 'host-p',
    locale: 'gcp:europe-west1',
    space: core,
    type: 'gcp:subnetwork',
    state: 'in-use',
  }
  assert.deepEqual(found, [
    { ...shared, cidr: '192.0.2.0/25', name: 'gke-eu', parent: core },
    { ...shared, cidr: '2001:db8:40::/64', name: 'gke-eu', parent: core },
    { ...shared, cidr: '198.51.100.0/24', key: `${gke}#pods`, name: 'gke-eu pods', parent: gke },
    { ...shared, cidr: '203.0.113.0/26', key: `${gke}#svc`, name: 'gke-eu svc', parent: gke },
  ])
  assert.deepEqual([unlisted, notes], [[], []])
})

test('a subnetwork of IPv6 alone has no other range, and secondary ranges may be IPv6', async () => {
  const { found } = await collected([
    {
      selfLink: subnetwork.selfLink,
      network: subnetwork.network,
      stackType: 'IPV6_ONLY',
      internalIpv6Prefix: 'fd20:1:2:3:0:0:0:0/64',
      secondaryIpRanges: [{ rangeName: 'six', ipCidrRange: '2001:db8:41:0:0:0:0:0/64', ipVersion: 'IPV6' }],
    },
  ])
  assert.deepEqual(
    found.map(({ cidr }) => cidr),
    ['fd20:1:2:3::/64', '2001:db8:41::/64'],
  )
})

test('all forms of a list, and an asset, are the same objects', async () => {
  const { found } = await collected([subnetwork])
  const forms = [
    subnetwork,
    { kind: 'compute#subnetworkList', items: [subnetwork] },
    {
      kind: 'compute#subnetworkAggregatedList',
      items: {
        'regions/europe-west1': { subnetworks: [subnetwork] },
        'regions/us-central1': { warning: { code: 'NO_RESULTS_ON_PAGE' } },
      },
    },
    {
      name: '//compute.googleapis.com/x',
      asset_type: 'compute.googleapis.com/Subnetwork',
      resource: { version: 'v1', data: subnetwork },
    },
    { assets: [{ name: 'x', assetType: 'y', resource: { data: subnetwork } }], readTime: 'z' },
    { results: [{ name: 'x', versionedResources: [{ version: 'v1', resource: subnetwork }] }] },
  ]
  for (const form of forms) {
    const again = await collected(form)
    assert.deepEqual([again.found, again.unlisted], [found, []])
  }
})

test('the id of an object has neither host nor version, which differ', async () => {
  const links = [
    'https://www.googleapis.com/compute/v1/',
    'https://compute.googleapis.com/compute/beta/',
    'https://compute.googleapis.com/compute/v1/',
  ]
  const { found } = await collected(links.map((link) => ({ ...subnetwork, selfLink: link + gke })))
  assert.equal(found.length, 4)
})

test('networks have no block of their own but for old ones and the inside of IPv6', async () => {
  const network = (name: string, members: object) => ({
    selfLink: at(`host-p/global/networks/${name}`),
    name,
    ...members,
  })
  const { found } = await collected([
    network('core', { autoCreateSubnetworks: false }),
    network('old', { IPv4Range: '10.240.0.0/16' }),
    network('six', { internalIpv6Range: 'fd20:aaa:0:0:0:0:0:0/48' }),
  ])
  assert.deepEqual(
    found.map(({ kind, cidr, space, locale }) => [kind, cidr, space, locale]),
    [
      ['network', '10.240.0.0/16', 'projects/host-p/global/networks/old', undefined],
      ['network', 'fd20:aaa::/48', 'projects/host-p/global/networks/six', undefined],
    ],
  )
})

const address = (name: string, members: object) => ({
  kind: 'compute#address',
  selfLink: at(`svc-p/regions/europe-west1/addresses/${name}`),
  region: at('svc-p/regions/europe-west1'),
  name,
  status: 'IN_USE',
  ...members,
})

test('an address with a length is a range', async () => {
  const { found } = await collected([
    address('peering', {
      address: '10.50.0.0',
      prefixLength: 16,
      purpose: 'VPC_PEERING',
      network: at('host-p/global/networks/core'),
      addressType: 'INTERNAL',
    }),
    address('six', {
      address: '2001:db8:40:0:8000:0:0:0',
      prefixLength: 96,
      addressType: 'EXTERNAL',
      subnetwork: at(gke.slice(9)),
    }),
    address('one', { address: '203.0.113.7', addressType: 'EXTERNAL', status: 'RESERVED', labels: { team: 'web' } }),
    address('reserving', { address: '', status: 'RESERVING' }),
  ])
  assert.deepEqual(
    found.map(({ kind, cidr, space, type, state, tags }) => [kind, cidr, space, type, state, tags]),
    [
      ['range', '10.50.0.0/16', core, undefined, 'in-use', undefined],
      ['range', '2001:db8:40:0:8000::/96', gke, undefined, 'in-use', undefined],
      ['address', '203.0.113.7/32', undefined, 'gcp:address', 'free', { team: 'web' }],
    ],
  )
  assert(found.every(({ account }) => account === 'svc-p'))
})

test('what lies in a network of another project is in that network, in whatever order they come', async () => {
  const inside = address('in', { address: '192.0.2.9', addressType: 'INTERNAL', subnetwork: at(gke.slice(9)) })
  for (const values of [
    [[inside], [subnetwork]],
    [[subnetwork], [inside]],
  ]) {
    const { found, notes } = await collected(...values)
    const one = found.find(({ cidr }) => cidr === '192.0.2.9/32')!
    assert.deepEqual([one.space, one.parent, one.account], [core, gke, 'svc-p'])
    assert.deepEqual(notes, [])
  }
  const alone = await collected([inside])
  assert.equal(alone.found[0]!.space, gke)
  assert.equal(alone.notes.length, 1)
})

test('an address that is reserved is not counted again where it is used, and one that is not is', async () => {
  const rule = (name: string, members: object) => ({
    selfLink: at(`svc-p/regions/europe-west1/forwardingRules/${name}`),
    name,
    region: at('svc-p/regions/europe-west1'),
    ...members,
  })
  const inside = { subnetwork: at(gke.slice(9)), network: at('host-p/global/networks/core') }
  const { found } = await collected(
    [
      rule('http', { IPAddress: '203.0.113.7', loadBalancingScheme: 'EXTERNAL' }),
      rule('https', { IPAddress: '203.0.113.8', loadBalancingScheme: 'EXTERNAL' }),
      rule('http2', { IPAddress: '203.0.113.8', loadBalancingScheme: 'EXTERNAL' }),
      rule('in', { IPAddress: '192.0.2.9', loadBalancingScheme: 'INTERNAL', ...inside }),
    ],
    [
      {
        selfLink: at('svc-p/zones/europe-west1-b/instances/vm'),
        name: 'vm',
        zone: at('svc-p/zones/europe-west1-b'),
        status: 'RUNNING',
        metadata: { items: [{ key: 'startup-script', value: 'hunter2' }] },
        networkInterfaces: [
          {
            ...inside,
            networkIP: '192.0.2.20',
            ipv6Address: '',
            aliasIpRanges: [{ ipCidrRange: '198.51.100.16/28', subnetworkRangeName: 'pods' }],
            accessConfigs: [{ natIP: '203.0.113.9' }, { natIP: '203.0.113.7' }, {}],
            ipv6AccessConfigs: [{ externalIpv6: '2001:db8:40:0:0:0:0:1' }],
          },
        ],
      },
    ],
    [
      address('static', { address: '203.0.113.7', addressType: 'EXTERNAL' }),
      address('in', { address: '192.0.2.9', addressType: 'INTERNAL', ...inside }),
    ],
  )
  assert.deepEqual(
    found.map(({ kind, cidr, space, name }) => [kind, cidr, space, name]),
    [
      ['address', '203.0.113.7/32', undefined, 'static'],
      ['address', '192.0.2.9/32', core, 'in'],
      ['load-balancer', '203.0.113.8/32', undefined, 'https'],
      ['address', '192.0.2.20/32', core, 'vm'],
      ['range', '198.51.100.16/28', core, 'vm'],
      ['address', '203.0.113.9/32', undefined, 'vm'],
      ['address', '2001:db8:40::1/128', core, 'vm'],
    ],
  )
  const vm = found.find(({ cidr }) => cidr === '192.0.2.20/32')!
  assert.deepEqual([vm.locale, vm.zone, vm.parent], ['gcp:europe-west1', 'europe-west1-b', gke])
  assert(!JSON.stringify(found).includes('hunter2'))
})

test('a cluster’s ranges are counted once: as secondary ranges, or as its own', async () => {
  const cluster = (name: string, members: object) => ({
    selfLink: `https://container.googleapis.com/v1/projects/svc-p/locations/europe-west1/clusters/${name}`,
    name,
    location: 'europe-west1',
    network: 'core',
    clusterIpv4Cidr: '198.51.100.0/24',
    servicesIpv4Cidr: '34.118.224.0/20',
    status: 'RUNNING',
    masterAuth: { clientKey: 'hunter2' },
    ...members,
  })
  const { found } = await collected({
    clusters: [
      cluster('native', {
        ipAllocationPolicy: {
          useIpAliases: true,
          clusterSecondaryRangeName: 'pods',
          servicesSecondaryRangeName: 'svc',
        },
        networkConfig: { network: core, subnetwork: gke },
        privateClusterConfig: { masterIpv4CidrBlock: '172.16.0.0/28' },
      }),
      cluster('old', {}),
    ],
  })
  const old = 'projects/svc-p/locations/europe-west1/clusters/old'
  assert.deepEqual(
    found.map(({ kind, cidr, space }) => [kind, cidr, space]),
    [
      ['peer-range', '172.16.0.0/28', core],
      ['pod-range', '198.51.100.0/24', old],
      ['service-range', '34.118.224.0/20', old],
    ],
  )
  assert(!JSON.stringify(found).includes('hunter2'))
})

test('prefixes, internal ranges and gateways are observed', async () => {
  const { found } = await collected(
    [
      {
        selfLink: at('host-p/global/publicAdvertisedPrefixes/own'),
        name: 'own',
        ipCidrRange: '203.0.113.0/24',
        status: 'ANNOUNCED_TO_INTERNET',
      },
    ],
    [
      {
        selfLink: at('host-p/regions/europe-west1/publicDelegatedPrefixes/eu'),
        name: 'eu',
        ipCidrRange: '203.0.113.0/26',
        status: 'ANNOUNCED',
        parentPrefix: at('host-p/global/publicAdvertisedPrefixes/own'),
        publicDelegatedSubPrefixs: [
          { name: 'sub', ipCidrRange: '203.0.113.0/28', delegateeProject: 'svc-p', status: 'ACTIVE' },
        ],
      },
    ],
    [
      {
        name: 'projects/host-p/locations/global/internalRanges/later',
        ipCidrRange: '10.9.0.0/16',
        network: at('host-p/global/networks/core'),
        usage: 'FOR_VPC',
      },
      {
        name: 'projects/host-p/locations/global/internalRanges/dc',
        ipCidrRange: '10.8.0.0/16',
        network: core,
        usage: 'EXTERNAL_TO_VPC',
      },
    ],
    [
      {
        selfLink: at('host-p/regions/europe-west1/vpnGateways/ha'),
        vpnInterfaces: [{ id: 0, ipAddress: '203.0.113.200' }, { id: 1 }],
      },
    ],
  )
  const own = 'projects/host-p/global/publicAdvertisedPrefixes/own'
  const eu = 'projects/host-p/regions/europe-west1/publicDelegatedPrefixes/eu'
  assert.deepEqual(
    found.map(({ kind, cidr, account, parent, state }) => [kind, cidr, account, parent, state]),
    [
      ['container', '203.0.113.0/24', 'host-p', undefined, 'in-use'],
      ['pool', '203.0.113.0/26', 'host-p', own, 'in-use'],
      ['allocation', '203.0.113.0/28', 'svc-p', eu, 'in-use'],
      ['container', '10.9.0.0/16', 'host-p', core, 'planned'],
      ['peer-range', '10.8.0.0/16', 'host-p', core, 'planned'],
      ['address', '203.0.113.200/32', 'host-p', undefined, 'in-use'],
    ],
  )
})

test('proxy-only subnetworks are used like others, and one that drains is on its way out', async () => {
  const proxy = (name: string, state: string) => ({
    ...subnetwork,
    selfLink: at(`host-p/regions/europe-west1/subnetworks/${name}`),
    secondaryIpRanges: [],
    externalIpv6Prefix: '',
    purpose: 'REGIONAL_MANAGED_PROXY',
    state,
  })
  const { found } = await collected([proxy('a', 'READY'), proxy('b', 'DRAINING')])
  assert.deepEqual(
    found.map(({ cidr, state }) => [cidr, state]),
    [
      ['192.0.2.0/25', 'in-use'],
      ['192.0.2.0/25', 'releasing'],
    ],
  )
})

test('a list that is not complete takes nothing for gone', async () => {
  const list = (name: string, more: object) => ({
    kind: 'compute#subnetworkList',
    items: [{ ...subnetwork, selfLink: at(`host-p/regions/europe-west1/subnetworks/${name}`) }],
    ...more,
  })
  const parts = async (...values: unknown[]) => (await collected(...values)).unlisted.map(({ locale }) => locale)
  assert.deepEqual(await parts(list('a', {})), [])
  assert.deepEqual(await parts(list('a', { nextPageToken: 't' })), [''])
  assert.deepEqual(await parts(list('a', { nextPageToken: 't' }), list('b', {})), [])
  assert.deepEqual(await parts({ kind: 'compute#subnetworkList', nextPageToken: 't' }), [''])
  assert.deepEqual(await parts(list('a', { unreachables: ['projects/p/regions/us-east1'] })), ['gcp:us-east1'])
  assert.deepEqual(await parts({ internalRanges: [], unreachable: ['projects/p/locations/global'] }), [''])
  assert.deepEqual(await parts({ clusters: [], missingZones: ['europe-west1-b'] }), ['gcp:europe-west1'])
  assert.deepEqual(
    await parts({
      kind: 'x',
      items: {
        'zones/us-east1-b': { warning: { code: 'UNREACHABLE' } },
        'zones/us-east1-c': { warning: { code: 'NO_RESULTS_ON_PAGE' } },
      },
    }),
    ['gcp:us-east1'],
  )
})

test('what holds no addresses is left out with a word, and what is no object takes nothing for gone', async () => {
  const { found, notes, unlisted } = await collected([{ selfLink: at('p/global/routes/r') }])
  assert.deepEqual([found, unlisted, notes.length], [[], [], 1])
  assert.deepEqual((await collected([subnetwork, { a: 1 }, 7])).unlisted, [
    { account: '', locale: '', reason: '2 values were left out, since they are without the URL of an object.' },
  ])
  await assert.rejects(observed(gcp, { file: '' }), SourceTrouble)
})

// By `gcloud` ----------------------------------------------------------------------------------------------------------

type Answer = unknown | Error | { printed: unknown; warned: string }
const asGcloud = (answers: Readonly<Record<string, Answer>>, asked: string[] = []): Source => ({
  run(program, args, warned) {
    assert.equal(program, 'gcloud')
    const line = args.join(' ')
    asked.push(line)
    const answer = Object.entries(answers).find(([beginning]) => line.startsWith(beginning))?.[1]
    if (answer instanceof Error) throw answer
    if (typeof answer === 'object' && answer !== null && 'warned' in answer) {
      warned?.(String(answer.warned))
      return JSON.stringify((answer as unknown as { printed: unknown }).printed)
    }
    return JSON.stringify(answer ?? [])
  },
})
const projects = [
  { projectId: 'svc-p', lifecycleState: 'ACTIVE' },
  { projectId: 'host-p', lifecycleState: 'ACTIVE' },
  { projectId: 'gone-p', lifecycleState: 'DELETE_REQUESTED' },
  { projectId: 'sys-123', lifecycleState: 'ACTIVE' },
]

test('every active project is listed, the networks of all of them first, and no key is asked for', async () => {
  const asked: string[] = []
  const inside = address('in', { address: '192.0.2.9', addressType: 'INTERNAL', subnetwork: at(gke.slice(9)) })
  const { found, unlisted } = await observed(
    gcp,
    asGcloud(
      {
        'projects list': projects,
        'compute networks subnets list --project=host-p': [subnetwork],
        'compute addresses list --project=svc-p': [inside],
      },
      asked,
    ),
  )
  assert.equal(found.length, 5)
  assert.equal(found.at(-1)!.space, core)
  assert.deepEqual(unlisted, [])
  assert(!asked.some((line) => line.includes('gone-p') || line.includes('sys-')))
  assert(asked.every((line) => /^[a-z -]+ list .*--format=json\([^)]+\) --quiet$/.test(line)))
  for (const secret of ['metadata', 'masterAuth', 'sharedSecret', 'vpn-tunnels', 'routers', 'nodeConfig'])
    assert(!asked.some((line) => line.includes(secret)))
})

test('an API that is switched off has nothing, and one that is denied takes nothing for gone', async () => {
  const off = new SourceTrouble('failed', {
    said: 'Enable it by visiting https://console.developers.google.com/apis/api/compute.googleapis.com/overview?project=p\n',
  })
  const off2 = new SourceTrouble('failed', { said: '  reason: SERVICE_DISABLED\n' })
  const denied = new SourceTrouble('denied')
  const { unlisted } = await observed(
    gcp,
    asGcloud({
      'compute networks list': off,
      'container clusters list': off2,
      'compute addresses list --project=b-project': denied,
    }),
    { project: 'a-project, b-project' },
  )
  assert.deepEqual(unlisted, [{ account: 'b-project', locale: '', reason: 'denied' }])
})

test('zones that did not answer are not taken for empty', async () => {
  const warned =
    'Some news.\nWARNING: The following zones did not respond: europe-west1-b, us-east1-c. List results may be incomplete.\n'
  const { unlisted } = await observed(gcp, asGcloud({ 'container clusters list': { printed: [], warned } }), {
    project: 'a-project',
  })
  assert.deepEqual(
    unlisted.map(({ account, locale }) => [account, locale]),
    [
      ['a-project', 'gcp:europe-west1'],
      ['a-project', 'gcp:us-east1'],
    ],
  )
  const other = 'WARNING: Python 3.8 is old.\nUpdates are available: europe-west1-b\n'
  assert.deepEqual(
    (
      await observed(gcp, asGcloud({ 'container clusters list': { printed: [], warned: other } }), {
        project: 'a-project',
      })
    ).unlisted,
    [],
  )
})

test('without a project, or without `gcloud`, it says so', async () => {
  await assert.rejects(observed(gcp, asGcloud({})), SourceTrouble)
  await assert.rejects(observed(gcp, {}), SourceTrouble)
  assert(
    gcp.optionsProblem!(
      new Map([
        ['file', 'x'],
        ['project', 'y'],
      ]),
    ),
  )
})
