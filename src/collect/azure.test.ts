// Azure, by what its command line prints and its APIs answer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { azure } from './azure.ts'
import { SourceTrouble } from './collector.ts'
import { observed, type Source } from './testing.ts'

const subscription = '0000AAAA-0000-0000-0000-000000000001'
const account = subscription.toLowerCase()
const provider = `/subscriptions/${subscription}/resourceGroups/Net-RG/providers/Microsoft.Network`
const hub = `${provider}/virtualNetworks/hub`
const vnet = {
  id: hub,
  name: 'hub',
  type: 'Microsoft.Network/virtualNetworks',
  location: 'westeurope',
  resourceGroup: 'Net-RG',
  addressSpace: { addressPrefixes: ['192.0.2.0/24', '2001:DB8:20::/48'] },
  subnets: [
    { name: 'old', addressPrefix: '192.0.2.0/26', provisioningState: 'Succeeded', id: `${hub}/subnets/old` },
    {
      name: 'dual',
      addressPrefix: null,
      addressPrefixes: ['192.0.2.64/26', '2001:db8:20:1::/64'],
      provisioningState: 'Deleting',
      id: `${hub}/subnets/dual`,
    },
  ],
  provisioningState: 'Succeeded',
  tags: { team: 'core' },
}
const collected = (...values: unknown[]) =>
  observed(azure, { file: values.map((value) => JSON.stringify(value)).join('\n') })
const briefOf = async (...values: unknown[]) =>
  (await collected(...values)).found.map(({ kind, cidr, state }) => `${kind} ${cidr} ${state}`)

test('networks and subnets are observed, in their network, by ids in small letters', async () => {
  const { found, unlisted, notes } = await collected([vnet])
  const shared = { account, locale: 'azure:westeurope' }
  const key = hub.toLowerCase()
  const network = {
    ...shared,
    kind: 'network',
    id: hub,
    key,
    space: key,
    name: 'hub',
    type: 'azure:virtual-network',
    state: 'in-use',
    sourceState: 'Succeeded',
    tags: { team: 'core' },
  }
  const subnet = (name: string) => ({
    ...shared,
    kind: 'subnet',
    id: `${hub}/subnets/${name}`,
    key: `${key}/subnets/${name}`,
    space: key,
    parent: key,
    name,
    type: 'azure:subnet',
  })
  const leaving = { state: 'releasing', sourceState: 'Deleting' }
  assert.deepEqual(found, [
    { ...network, cidr: '192.0.2.0/24' },
    { ...network, cidr: '2001:db8:20::/48' },
    { ...subnet('old'), cidr: '192.0.2.0/26', state: 'in-use', sourceState: 'Succeeded' },
    { ...subnet('dual'), cidr: '192.0.2.64/26', ...leaving },
    { ...subnet('dual'), cidr: '2001:db8:20:1::/64', ...leaving },
  ])
  assert.deepEqual([unlisted, notes], [[], []])
})

test('the three shapes of an object are one object', async () => {
  const { id, name, type, location, tags, subnets, ...properties } = vnet
  const flat = (await collected([vnet])).found
  const inner = subnets.map(({ id, name, ...properties }) => ({ id, name, properties }))
  const rest = { id, name, type, location, tags, properties: { ...properties, subnets: inner } }
  assert.deepEqual((await collected({ value: [rest] })).found, flat)
  assert.deepEqual((await collected({ count: 1, data: [rest], skip_token: null, total_records: 1 })).found, flat)
  const pascal = {
    Name: name,
    Id: id,
    Location: 'West Europe',
    Tag: tags,
    ProvisioningState: 'Succeeded',
    AddressSpace: { AddressPrefixes: vnet.addressSpace.addressPrefixes },
    Subnets: {
      value: subnets.map((one) => ({
        Name: one.name,
        Id: one.id,
        AddressPrefix: one.addressPrefixes ?? [one.addressPrefix],
        ProvisioningState: one.provisioningState,
      })),
      Count: 2,
    },
  }
  assert.deepEqual((await collected(pascal)).found, flat)
})

test('lists that PowerShell cut off take nothing for gone', async () => {
  const { found, unlisted } = await collected({ Id: hub, Name: 'hub', AddressSpace: 'Microsoft.Azure.PSAddressSpace' })
  assert.deepEqual(found, [])
  assert.equal(unlisted[0]!.account, account)
})

test('an id that comes in another case is the same id', async () => {
  const upper = { ...vnet, id: hub.toUpperCase() }
  assert.equal((await collected([vnet], [upper])).found.length, 5)
  const identity = async (value: unknown) =>
    (await collected([value])).found.map(({ kind, space, key, cidr }) => `${kind} ${space} ${key} ${cidr}`)
  const shouted = { ...upper, subnets: vnet.subnets.map((one) => ({ ...one, id: one.id.toUpperCase() })) }
  assert.deepEqual(await identity(shouted), await identity(vnet))
})

test('a subnet that stands in its network and in a list of its own is counted once', async () => {
  const { found } = await collected(vnet.subnets, [vnet])
  assert.equal(found.length, 5)
  assert(found.every(({ locale }) => locale === 'azure:westeurope'))
  assert.equal((await collected(vnet.subnets)).found.length, 3)
})

test('tags may be null, empty or absent', async () => {
  for (const tags of [null, {}, undefined]) {
    const { found } = await collected([{ ...vnet, tags, subnets: null }])
    assert.deepEqual(
      found.map((one) => one.tags),
      [undefined, undefined],
    )
  }
})

test('what peerings and pools repeat is counted once', async () => {
  const pool = `${provider}/networkManagers/nm/ipamPools/eu`
  const { found } = await collected([
    {
      ...vnet,
      subnets: [],
      addressSpace: {
        addressPrefixes: ['192.0.2.0/24', '198.51.100.0/24'],
        ipamPoolPrefixAllocations: [
          { id: pool, numberOfIpAddresses: '256', allocatedAddressPrefixes: ['198.51.100.0/24'] },
        ],
      },
      virtualNetworkPeerings: [
        { remoteAddressSpace: { addressPrefixes: ['203.0.113.0/24'] }, peeringState: 'Connected' },
      ],
    },
  ])
  assert.deepEqual(
    found.map(({ cidr, parent }) => [cidr, parent]),
    [
      ['192.0.2.0/24', undefined],
      ['198.51.100.0/24', pool.toLowerCase()],
    ],
  )
})

test('public addresses are in use where something has them, and those without an address are none', async () => {
  const ip = (name: string, members: object) => ({
    id: `${provider}/publicIPAddresses/${name}`,
    name,
    provisioningState: 'Succeeded',
    ...members,
  })
  const nat = { natGateway: { id: 'x' } }
  const prefix = `${provider}/publicIPPrefixes/edge`
  const { found } = await collected(
    [
      ip('free', { ipAddress: '203.0.113.1', ipConfiguration: null, publicIPPrefix: { id: prefix } }),
      ip('nat', { ipAddress: '203.0.113.2', ...nat }),
      ip('vm', { ipAddress: '203.0.113.3', ipConfiguration: { id: 'y' } }),
      ip('dynamic', { publicIPAllocationMethod: 'Dynamic' }),
      ip('shell', { IpAddress: 'Not Assigned' }),
    ],
    [{ id: prefix, name: 'edge', ipPrefix: '203.0.113.0/28', prefixLength: 28, publicIPAddresses: [], ...nat }],
    [
      {
        id: `${provider}/customIpPrefixes/own`,
        name: 'own',
        cidr: '203.0.113.0/24',
        commissionedState: 'Commissioned',
      },
    ],
    [{ id: `${provider}/natGateways/out`, publicIpAddresses: [{ id: `${provider}/publicIPAddresses/nat` }] }],
  )
  assert.deepEqual(
    found.map(({ kind, cidr, state, space, parent }) => [kind, cidr, state, space, parent]),
    [
      ['address', '203.0.113.1/32', 'free', undefined, prefix.toLowerCase()],
      ['address', '203.0.113.2/32', 'in-use', undefined, undefined],
      ['address', '203.0.113.3/32', 'in-use', undefined, undefined],
      ['pool', '203.0.113.0/28', 'unknown', undefined, undefined],
      ['container', '203.0.113.0/24', 'in-use', undefined, undefined],
    ],
  )
})

test('a network interface has addresses in its subnet, and may hold a block', async () => {
  const subnet = `${hub}/subnets/old`
  const address = (privateIPAddress: string, more = {}) => ({
    privateIPAddress,
    subnet: { id: subnet.toUpperCase() },
    ...more,
  })
  const nic = {
    id: `${provider}/networkInterfaces/nic`,
    name: 'nic',
    location: 'westeurope',
    provisioningState: 'Succeeded',
    virtualMachine: { id: 'vm' },
    ipConfigurations: [
      address('192.0.2.4', { privateIPAddressPrefixLength: null }),
      address('2001:db8:20:1::4', { privateIPAddressPrefixLength: 128 }),
      address('192.0.2.16', { privateIPAddressPrefixLength: 28 }),
      { privateIPAddress: null, subnet: { id: subnet } },
    ],
  }
  const { found } = await collected([
    nic,
    { ...nic, id: `${nic.id}2`, virtualMachine: null, ipConfigurations: [address('192.0.2.5')] },
  ])
  assert.deepEqual(
    found.map(({ kind, cidr, type, state }) => [kind, cidr, type, state]),
    [
      ['address', '192.0.2.4/32', 'azure:network-interface', 'in-use'],
      ['address', '2001:db8:20:1::4/128', 'azure:network-interface', 'in-use'],
      ['range', '192.0.2.16/28', undefined, 'in-use'],
      ['address', '192.0.2.5/32', 'azure:network-interface', 'free'],
    ],
  )
  assert(found.every(({ space, parent }) => space === hub.toLowerCase() && parent === subnet.toLowerCase()))
})

test('interfaces of scale sets, which no list has, are said to be missing', async () => {
  const ipConfigurations = [
    { id: `${provider}/NETWORKINTERFACES/NIC/IPCONFIGURATIONS/A` },
    {
      id: '/SUBSCRIPTIONS/X/RESOURCEGROUPS/Y/PROVIDERS/MICROSOFT.COMPUTE/VIRTUALMACHINESCALESETS/S/VIRTUALMACHINES/0/NETWORKINTERFACES/N/IPCONFIGURATIONS/C',
    },
  ]
  const { notes } = await collected([{ ...vnet, subnets: [{ ...vnet.subnets[0], ipConfigurations }] }])
  assert.equal(notes.length, 1)
  assert.match(notes[0]!, /^1 network interfaces are of scale sets/)
})

test('load balancers, gateways, firewalls, hubs, clients and the other side are observed', async () => {
  const subnet = { id: `${hub}/subnets/old` }
  const frontend = { properties: { privateIPAddress: '192.0.2.10', subnet } }
  const values = [
    {
      id: `${provider}/loadBalancers/lb`,
      properties: { frontendIPConfigurations: [frontend, { properties: { publicIPAddress: { id: 'x' } } }] },
    },
    {
      id: `${provider}/applicationGateways/agw`,
      frontendIPConfigurations: [{ privateIpAddress: '192.0.2.11', subnet }],
    },
    {
      id: `${provider}/azureFirewalls/fw`,
      properties: {
        ipConfigurations: [{ properties: { privateIPAddress: '192.0.2.12', subnet } }],
        virtualHub: { id: `${provider}/virtualHubs/vh` },
        hubIPAddresses: { privateIPAddress: '198.51.100.4', publicIPs: { addresses: [{ address: '203.0.113.9' }] } },
      },
    },
    { id: `${provider}/virtualHubs/vh`, properties: { addressPrefix: '198.51.100.0/24' } },
    {
      id: `${provider}/virtualNetworkGateways/gw`,
      properties: {
        ipConfigurations: [{ properties: { subnet } }],
        vpnClientConfiguration: {
          radiusServerSecret: 'hunter2',
          vpnClientAddressPool: { addressPrefixes: ['172.16.0.0/24'] },
        },
      },
    },
    {
      id: `${provider}/p2sVpnGateways/p2s`,
      properties: {
        virtualHub: { id: `${provider}/virtualHubs/VH` },
        p2SConnectionConfigurations: [{ properties: { vpnClientAddressPool: { addressPrefixes: ['172.16.1.0/24'] } } }],
      },
    },
    {
      id: `${provider}/localNetworkGateways/basel`,
      properties: { localNetworkAddressSpace: { addressPrefixes: ['10.2.0.0/16'] } },
    },
    { id: `${provider}/vpnSites/oslo`, properties: { addressSpace: { addressPrefixes: ['10.2.0.0/16'] } } },
    {
      id: `/subscriptions/${account}/resourceGroups/k/providers/Microsoft.ContainerService/managedClusters/aks`,
      networkProfile: { serviceCidr: '10.0.0.0/16', serviceCidrs: ['10.0.0.0/16', 'fd00::/108'], podCidr: null },
    },
  ]
  const { found } = await collected({ value: values })
  const key = (path: string) => `${provider}/${path}`.toLowerCase()
  const inHub = hub.toLowerCase()
  assert.deepEqual(
    found.map(({ kind, cidr, space }) => [kind, cidr, space]),
    [
      ['load-balancer', '192.0.2.10/32', inHub],
      ['load-balancer', '192.0.2.11/32', inHub],
      ['address', '192.0.2.12/32', inHub],
      ['address', '198.51.100.4/32', key('virtualhubs/vh')],
      ['address', '203.0.113.9/32', undefined],
      ['network', '198.51.100.0/24', key('virtualhubs/vh')],
      ['vpn-pool', '172.16.0.0/24', inHub],
      ['vpn-pool', '172.16.1.0/24', key('virtualhubs/vh')],
      ['peer-range', '10.2.0.0/16', key('localnetworkgateways/basel')],
      ['peer-range', '10.2.0.0/16', key('vpnsites/oslo')],
      ['service-range', '10.0.0.0/16', values[8]!.id.toLowerCase()],
      ['service-range', 'fd00::/108', values[8]!.id.toLowerCase()],
    ],
  )
  assert(!JSON.stringify(found).includes('hunter2'))
})

test('pools of Virtual Network Manager have their parents and what they keep', async () => {
  const pool = (name: string, properties: object) => ({
    id: `${provider}/networkManagers/nm/ipamPools/${name}`,
    name,
    location: 'westeurope',
    properties,
  })
  const { found } = await collected({
    value: [
      pool('Root', { addressPrefixes: ['10.0.0.0/8', 'fd00::/8'], parentPoolName: '' }),
      pool('eu', { addressPrefixes: ['10.1.0.0/16'], parentPoolName: 'Root' }),
      pool('eu/staticCidrs/old', { addressPrefixes: ['10.1.0.0/24'] }),
    ],
  })
  const manager = `${provider}/networkManagers/nm`.toLowerCase()
  assert.deepEqual(
    found.map(({ kind, cidr, space, parent }) => [kind, cidr, space, parent]),
    [
      ['pool', '10.0.0.0/8', manager, manager],
      ['pool', 'fd00::/8', manager, manager],
      ['pool', '10.1.0.0/16', manager, `${manager}/ipampools/root`],
      ['reservation', '10.1.0.0/24', manager, `${manager}/ipampools/eu`],
    ],
  )
})

test('a change that failed does not say that the network is not there', async () => {
  assert.deepEqual(await briefOf([{ ...vnet, subnets: [], provisioningState: 'Failed' }]), [
    'network 192.0.2.0/24 unknown',
    'network 2001:db8:20::/48 unknown',
  ])
})

test('what holds no addresses is left out with a word, and what is no resource takes nothing for gone', async () => {
  const { found, notes, unlisted } = await collected([
    { id: `${provider}/routeTables/a` },
    { id: `${provider}/routeTables/b` },
  ])
  assert.deepEqual([found, unlisted], [[], []])
  assert.deepEqual(notes, ['2 of type microsoft.network/routetables: not read, they hold no addresses of their own'])
  assert.deepEqual((await collected([vnet, 7, { a: 1 }])).unlisted, [
    { account: '', locale: '', reason: '2 values were left out, since they are without the id of a resource.' },
  ])
})

test('a saved list that says that there is more takes nothing for gone', async () => {
  const isComplete = async (...values: unknown[]) => (await collected(...values)).unlisted.length === 0
  const page = (name: string) => [{ ...vnet, id: `${hub}${name}`, subnets: [] }]
  assert(!(await isComplete({ value: page('a'), nextLink: 'https://next' })))
  assert(
    !(await isComplete(
      { value: page('a'), nextLink: 'https://next' },
      { value: [{ id: `${provider}/networkInterfaces/n` }] },
    )),
  )
  assert(await isComplete({ value: page('a'), nextLink: 'https://next' }, { value: page('b') }))
  assert(!(await isComplete({ count: 1, data: page('a'), skip_token: 'x', total_records: 2 })))
  assert(!(await isComplete({ count: 1, data: page('a'), skip_token: null, total_records: 2 })))
  assert(
    await isComplete(
      { count: 1, data: page('a'), skip_token: 'x', total_records: 2 },
      { count: 1, data: page('b'), skip_token: null, total_records: 2 },
    ),
  )
  assert(!(await isComplete({ totalRecords: 1, count: 1, resultTruncated: 'true', data: page('a') })))
})

test('an empty file, one that is cut off, and another file are refused', async () => {
  for (const file of ['', '[{"id":', 'a,b\n']) await assert.rejects(observed(azure, { file }), SourceTrouble)
})

// By `az` --------------------------------------------------------------------------------------------------------------

type Answers = Readonly<Record<string, unknown>>
/** Answers by how a command begins; an Error is trouble, and what has no answer is an empty list. */
const asAz = (answers: Answers, asked: string[] = []): Source => ({
  run(program, args) {
    assert.equal(program, 'az')
    const line = args.slice(0, args.indexOf('--only-show-errors')).join(' ')
    asked.push(line)
    const found = Object.entries(answers).find(([beginning]) => line.startsWith(beginning))
    if (found?.[1] instanceof Error) throw found[1]
    return JSON.stringify(found ? found[1] : [])
  },
})
const accounts = [{ id: subscription, state: 'Enabled' }]

test('every subscription that is enabled is listed, and others are not taken for gone', async () => {
  const asked: string[] = []
  const other = '11111111-0000-0000-0000-000000000002'
  const source = asAz(
    { 'account list': [...accounts, { id: other, state: 'Disabled' }], 'network vnet list': [vnet] },
    asked,
  )
  const { found, unlisted } = await observed(azure, source)
  assert.equal(found.length, 5)
  assert.deepEqual(unlisted, [{ account: other, locale: '', reason: 'The subscription is Disabled.' }])
  assert(asked.includes(`network nic list --subscription ${subscription}`))
  assert(asked.every((line) => !/ (create|update|delete|set) /.test(line)))
})

test('the API’s pages are followed to the end, and pools are asked of each network manager', async () => {
  const manager = `${provider}/networkManagers/nm`
  const page = (...names: string[]) =>
    names.map((name) => ({ id: `${manager}/ipamPools/${name}`, properties: { addressPrefixes: ['10.0.0.0/8'] } }))
  const get = 'rest --method get --url'
  const { found, unlisted } = await observed(
    azure,
    asAz({
      'account list': accounts,
      [`${get} /subscriptions/${subscription}/providers/Microsoft.Network/networkManagers?`]: {
        value: [{ id: manager }],
      },
      [`${get} ${manager}/ipamPools?`]: { value: [], nextLink: 'https://elsewhere.example/next?page=2' },
      [`${get} /next?page=2`]: { value: page('a', 'b') },
      [`${get} ${manager}/ipamPools/b/staticCidrs`]: {
        value: [{ id: `${manager}/ipamPools/b/staticCidrs/s`, properties: { addressPrefixes: ['10.0.0.0/24'] } }],
      },
      'resource list --subscription 0000AAAA-0000-0000-0000-000000000001 --resource-type Microsoft.Network/localNetworkGateways':
        [{ id: `${provider}/localNetworkGateways/l` }],
      [`${get} ${provider}/localNetworkGateways/l`]: {
        id: `${provider}/localNetworkGateways/l`,
        properties: { localNetworkAddressSpace: { addressPrefixes: ['10.9.0.0/16'] } },
      },
    }),
  )
  assert.deepEqual(
    found.map(({ kind, cidr }) => `${kind} ${cidr}`),
    ['peer-range 10.9.0.0/16', 'pool 10.0.0.0/8', 'pool 10.0.0.0/8', 'reservation 10.0.0.0/24'],
  )
  assert.deepEqual(unlisted, [])
})

test('B11 nothing that Azure answers is taken for a file of this machine, and pages that name each other have an end', async () => {
  const get = 'rest --method get --url'
  const list = `${get} /subscriptions/${subscription}/providers/Microsoft.Network/virtualHubs?`
  const cases: readonly [object, RegExp][] = [
    [{ value: [], nextLink: '@/etc/passwd' }, /no URL/],
    [{ value: [], nextLink: 'http://plain.example/' }, /no URL/],
    [{ value: [], nextLink: 'https://x/subscriptions/again' }, /no end/],
  ]
  for (const [answer, reason] of cases) {
    const asked: string[] = []
    const source = asAz({ 'account list': accounts, [list]: answer, [`${get} /subscriptions/again`]: answer }, asked)
    assert.match((await observed(azure, source)).unlisted[0]!.reason, reason)
    assert(!asked.some((line) => line.includes('@')), asked.join('\n'))
  }
  const id = '@/etc/passwd'
  const managers = `${get} /subscriptions/${subscription}/providers/Microsoft.Network/networkManagers?`
  const source = asAz({ 'account list': accounts, [managers]: { value: [{ id }] } })
  assert.match((await observed(azure, source)).unlisted[0]!.reason, /^It answered `@\/etc\/passwd/)
})

test('a list that is denied takes nothing of its subscription for gone, and the others go on', async () => {
  const denied = new SourceTrouble('AuthorizationFailed')
  const { found, unlisted } = await observed(
    azure,
    asAz({ 'account list': accounts, 'network public-ip list': denied, 'network vnet list': [vnet] }),
  )
  assert.equal(found.length, 5)
  assert.deepEqual(unlisted, [{ account, locale: '', reason: 'AuthorizationFailed' }])
})

test('a provider that a subscription has never used has nothing, and is no failure', async () => {
  const never = new SourceTrouble('failed', { said: 'ERROR: (MissingSubscriptionRegistration) …\n' })
  assert.deepEqual((await observed(azure, asAz({ 'account list': accounts, 'aks list': never }))).unlisted, [])
})

test('without a subscription, or without `az`, it says so', async () => {
  await assert.rejects(observed(azure, asAz({})), SourceTrouble)
  await assert.rejects(observed(azure, {}), SourceTrouble)
})

test('only what was named is asked for', async () => {
  const asked: string[] = []
  await observed(azure, asAz({}, asked), { subscription: ` ${account} ` })
  assert(asked.length > 0 && asked.every((line) => line.includes(account)))
})

/** Pages of Resource Graph, one after another. */
const asGraph = (pages: readonly object[], asked: unknown[] = []): Source => ({
  run(_, args) {
    asked.push(JSON.parse(args[args.indexOf('--body') + 1]!))
    return JSON.stringify(pages[asked.length - 1])
  },
})
const rows = (name: string) => [
  {
    id: `${hub}${name}`,
    name,
    location: 'westeurope',
    properties: { addressSpace: { addressPrefixes: ['10.0.0.0/24'] } },
  },
]
const byGraph = (pages: readonly object[], asked?: unknown[], options = {}) =>
  observed(azure, asGraph(pages, asked), { ask: 'graph', ...options })

test('Resource Graph is asked page by page, in order, for whole properties', async () => {
  const asked: { query: string; subscriptions?: string[]; options: Record<string, unknown> }[] = []
  const pages = [
    { totalRecords: 2, count: 1, resultTruncated: 'true', $skipToken: 't', data: rows('a') },
    { totalRecords: 2, count: 1, resultTruncated: 'false', data: rows('b') },
  ]
  const { found, unlisted } = await byGraph(pages, asked, { subscription: account })
  assert.deepEqual(
    found.map(({ name }) => name),
    ['a', 'b'],
  )
  assert.deepEqual(unlisted, [])
  assert.deepEqual(
    asked.map(({ options }) => options.$skipToken),
    [undefined, 't'],
  )
  assert(
    asked.every(({ query, subscriptions }) => query.endsWith('| order by id asc') && subscriptions?.[0] === account),
  )
  assert(!asked[0]!.query.includes('mv-expand'))
})

test('an answer of Resource Graph that is cut without a token takes nothing for gone', async () => {
  for (const page of [
    { totalRecords: 1, count: 1, resultTruncated: 'true', data: rows('a') },
    { totalRecords: 2, count: 1, resultTruncated: 'false', data: rows('a') },
  ]) {
    const { found, unlisted } = await byGraph([page])
    assert.equal(found.length, 1)
    assert.equal(unlisted.length, 1)
  }
})

test('options that do not go together are refused', () => {
  const problem = (options: Record<string, string>) => azure.optionsProblem!(new Map(Object.entries(options)))
  assert.equal(problem({ file: 'x' }), undefined)
  assert.equal(problem({ ask: 'graph', subscription: 'x' }), undefined)
  assert(problem({ file: 'x', ask: 'graph' }))
  assert(problem({ file: 'x', subscription: 'x' }))
  assert(problem({ ask: 'x' }))
})
