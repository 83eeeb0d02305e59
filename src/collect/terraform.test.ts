// States and plans of Terraform.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SourceTrouble } from './collector.ts'
import { terraform } from './terraform.ts'
import { observed } from './testing.ts'

const resource = (type: string, values: object, more: object = {}) => ({
  address: `${type}.x`,
  mode: 'managed',
  type,
  name: 'x',
  values,
  ...more,
})
const shown = (root_module: object) => ({
  format_version: '1.0',
  terraform_version: '1.14.0',
  values: { outputs: { key: { sensitive: true, value: 'hunter2' } }, root_module },
})
const collected = (document: object, options: Record<string, string> = {}) =>
  observed(terraform, { file: JSON.stringify(document) }, options)
const briefOf = async (...resources: object[]) =>
  (await collected(shown({ resources }))).found.map(({ kind, cidr, id, space, parent }) => [
    kind,
    cidr,
    id,
    space,
    parent,
  ])

const vpc = resource('aws_vpc', {
  id: 'vpc-1',
  arn: 'arn:aws:ec2:eu-central-1:111122223333:vpc/vpc-1',
  owner_id: '111122223333',
  cidr_block: '10.0.0.0/16',
  ipv6_cidr_block: '',
  tags: { Name: 'shop' },
  tags_all: { Name: 'shop', team: 'web' },
})

test('a VPC has its owner, Region and all of its tags', async () => {
  const { found, notes } = await collected(shown({ resources: [vpc, resource('aws_iam_role', { id: 'r' })] }))
  assert.deepEqual(found, [
    {
      kind: 'network',
      type: 'vpc',
      cidr: '10.0.0.0/16',
      id: 'vpc-1',
      space: 'vpc-1',
      account: '111122223333',
      locale: 'eu-central-1',
      name: 'shop',
      state: 'in-use',
      tags: { Name: 'shop', team: 'web' },
    },
  ])
  assert.deepEqual(notes, ['1 resources of 1 other types were not read'])
})

test('AWS: further blocks, subnets, Elastic IPs, NAT gateways and allocations', async () => {
  assert.deepEqual(
    await briefOf(
      vpc,
      resource('aws_vpc_ipv4_cidr_block_association', { id: 'a-1', vpc_id: 'vpc-1', cidr_block: '100.64.0.0/16' }),
      resource('aws_vpc_ipv6_cidr_block_association', { id: 'a-2', vpc_id: 'vpc-1', ipv6_cidr_block: '2001:db8::/56' }),
      resource('aws_subnet', { id: 'subnet-1', vpc_id: 'vpc-1', cidr_block: '10.0.0.0/24', ipv6_cidr_block: null }),
      resource('aws_eip', { id: 'eipalloc-1', public_ip: '203.0.113.7', private_ip: '10.0.0.5' }),
      resource('aws_nat_gateway', {
        id: 'nat-1',
        subnet_id: 'subnet-1',
        public_ip: '203.0.113.7',
        private_ip: '10.0.0.5',
        secondary_private_ip_addresses: ['10.0.0.6'],
      }),
      resource('aws_nat_gateway', {
        id: 'nat-2',
        subnet_id: null,
        vpc_id: 'vpc-1',
        public_ip: '203.0.113.8',
        private_ip: '',
      }),
      resource('aws_vpc_ipam_pool_cidr_allocation', {
        id: 'x',
        ipam_pool_id: 'ipam-pool-1',
        ipam_pool_allocation_id: 'alloc-1',
        cidr: '10.1.0.0/24',
      }),
    ),
    [
      ['network', '10.0.0.0/16', 'vpc-1', 'vpc-1', undefined],
      ['network', '100.64.0.0/16', 'vpc-1', 'vpc-1', undefined],
      ['network', '2001:db8::/56', 'vpc-1', 'vpc-1', undefined],
      ['subnet', '10.0.0.0/24', 'subnet-1', 'vpc-1', 'vpc-1'],
      ['address', '203.0.113.7/32', 'eipalloc-1', undefined, undefined],
      ['nat-gateway', '10.0.0.5/32', 'nat-1', 'subnet-1', 'subnet-1'],
      ['nat-gateway', '10.0.0.6/32', 'nat-1', 'subnet-1', 'subnet-1'],
      ['allocation', '10.1.0.0/24', 'alloc-1', 'ipam-pool-1', 'ipam-pool-1'],
    ],
  )
})

const hub =
  '/subscriptions/0000AAAA-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/hub'

test('Azure: a subnet that is inside and stands alone is counted once', async () => {
  const network = resource('azurerm_virtual_network', {
    id: hub,
    name: 'hub',
    location: 'westeurope',
    address_space: ['10.0.0.0/16'],
    subnet: [
      { name: 'a', id: `${hub}/subnets/a`, address_prefixes: ['10.0.0.0/24'] },
      { name: 'b', id: `${hub}/subnets/b`, address_prefixes: ['10.0.1.0/24'] },
    ],
  })
  const alone = resource('azurerm_subnet', {
    id: `${hub}/subnets/a`,
    name: 'a',
    address_prefix: '10.0.0.0/24',
    address_prefixes: ['10.0.0.0/24'],
  })
  for (const resources of [
    [network, alone],
    [alone, network],
  ]) {
    const { found } = await collected(shown({ resources }))
    assert.deepEqual(found.map(({ kind, cidr, name }) => [kind, cidr, name].join(' ')).sort(), [
      'network 10.0.0.0/16 hub',
      'subnet 10.0.0.0/24 a',
      'subnet 10.0.1.0/24 b',
    ])
    assert(
      found.every(
        ({ account, space }) => account === '0000aaaa-0000-0000-0000-000000000001' && space === hub.toLowerCase(),
      ),
    )
  }
})

test('Google Cloud: secondary ranges are space too, and an address with a length is a range', async () => {
  const path = 'projects/host-p/regions/europe-west1/subnetworks/s'
  const core = 'projects/host-p/global/networks/core'
  assert.deepEqual(
    await briefOf(
      resource('google_compute_subnetwork', {
        id: path,
        name: 's',
        project: 'host-p',
        region: 'europe-west1',
        self_link: `https://www.googleapis.com/compute/v1/${path}`,
        network: `https://www.googleapis.com/compute/v1/${core}`,
        ip_cidr_range: '10.0.0.0/24',
        secondary_ip_range: [{ range_name: 'pods', ip_cidr_range: '10.4.0.0/14' }],
        ipv6_cidr_range: '',
      }),
      resource('google_compute_global_address', {
        self_link: 'https://x/projects/host-p/global/addresses/g',
        address: '10.50.0.0',
        prefix_length: 16,
        network: core,
      }),
      resource('google_compute_address', {
        self_link: 'https://x/projects/host-p/regions/r/addresses/a',
        address: '203.0.113.7',
        prefix_length: 0,
      }),
    ),
    [
      ['subnet', '10.0.0.0/24', path, core, core],
      ['subnet', '10.4.0.0/14', path, core, path],
      ['range', '10.50.0.0/16', 'projects/host-p/global/addresses/g', core, core],
      ['address', '203.0.113.7/32', 'projects/host-p/regions/r/addresses/a', undefined, undefined],
    ],
  )
})

test('modules are read to the last one, also below one without resources, and what is looked up is not', async () => {
  const { found } = await collected(
    shown({
      resources: [
        { ...vpc, mode: 'data', values: { ...vpc.values, id: 'vpc-8' } },
        { ...vpc, deposed_key: 'd', values: { ...vpc.values, id: 'vpc-9' } },
      ],
      child_modules: [
        {
          address: 'module.a',
          child_modules: [
            {
              address: 'module.a.b',
              resources: [
                { ...vpc, index: 0 },
                { ...vpc, index: 1, values: { ...vpc.values, id: 'vpc-2' } },
              ],
            },
          ],
        },
      ],
    }),
  )
  assert.deepEqual(
    found.map(({ id }) => id),
    ['vpc-1', 'vpc-2'],
  )
})

test('a plan’s resources are planned, and what is not known yet is left out', async () => {
  const values = { ...vpc.values, id: null, arn: null, owner_id: null, cidr_block: '10.9.0.0/16' }
  const plan = {
    format_version: '1.2',
    planned_values: { root_module: { resources: [{ ...vpc, values }, resource('aws_eip', { public_ip: null })] } },
    prior_state: shown({ resources: [vpc] }),
  }
  const { found } = await collected(plan, { locale: 'eu-west-1' })
  assert.deepEqual(
    found.map(({ id, cidr, state, account, locale }) => [id, cidr, state, account, locale]),
    [['aws_vpc.x', '10.9.0.0/16', 'planned', undefined, 'eu-west-1']],
  )
})

const kept = (resources: object[]) => ({
  version: 4,
  terraform_version: '1.14.0',
  serial: 3,
  lineage: 'x',
  outputs: {},
  resources,
})

test('the state as it is kept is read, with every instance', async () => {
  const { found } = await collected(
    kept([
      {
        mode: 'managed',
        type: 'aws_vpc',
        name: 'x',
        provider: 'p',
        instances: [
          { index_key: 'a', attributes: vpc.values },
          { index_key: 'b', deposed: 'd', attributes: { ...vpc.values, id: 'vpc-9' } },
        ],
      },
      { mode: 'data', type: 'aws_vpc', name: 'y', instances: [{ attributes: { ...vpc.values, id: 'vpc-8' } }] },
      {
        module: 'module.m',
        mode: 'managed',
        type: 'aws_vpc',
        name: 'z',
        instances: [{ index_key: 0, attributes: { cidr_block: '10.8.0.0/16' } }],
      },
    ]),
  )
  assert.deepEqual(
    found.map(({ id }) => id),
    ['vpc-1', 'module.m.aws_vpc.z[0]'],
  )
})

test('a state whose provider has not written it again has flat attributes, which are the same', async () => {
  const flat = {
    ...{ id: 'vpc-1', arn: 'arn:aws:ec2:eu-central-1:111122223333:vpc/vpc-1', owner_id: '111122223333' },
    ...{ cidr_block: '10.9.0.0/16', 'tags.%': '1', 'tags.Name': 'shop' },
  }
  const network = {
    id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/hub',
    ...{ 'address_space.#': '2', 'address_space.0': '10.10.0.0/16', 'address_space.1': '10.11.0.0/16' },
  }
  const managed = (type: string, attributes_flat: object) => ({
    ...{ mode: 'managed', type, name: 'x', provider: 'p' },
    instances: [{ schema_version: 0, attributes_flat }],
  })
  const { found } = await collected(kept([managed('aws_vpc', flat), managed('azurerm_virtual_network', network)]))
  assert.deepEqual(
    found.map(({ cidr, account, tags }) => [cidr, account, tags?.Name]),
    [
      ['10.9.0.0/16', '111122223333', 'shop'],
      ['10.10.0.0/16', 's', undefined],
      ['10.11.0.0/16', 's', undefined],
    ],
  )
})

test('what is secret leaves neither form', async () => {
  const tags = { tags_all: { password: 'hunter2', note: 'hunter2' } }
  const secret = [
    shown({
      resources: [
        resource(
          'aws_vpc',
          { ...vpc.values, ...tags, cidr_block: '10.7.0.0/16', ipv6_cidr_block: '2001:db8::/56' },
          { sensitive_values: { tags_all: true, cidr_block: true } },
        ),
      ],
    }),
    kept([
      {
        mode: 'managed',
        type: 'aws_vpc',
        name: 'x',
        instances: [
          {
            attributes: { ...vpc.values, ...tags, cidr_block: '10.7.0.0/16', ipv6_cidr_block: '2001:db8::/56' },
            sensitive_attributes: [
              [{ type: 'get_attr', value: 'tags_all' }],
              [{ type: 'get_attr', value: 'cidr_block' }],
            ],
            private: 'hunter2',
          },
        ],
      },
    ]),
  ]
  for (const document of secret) {
    const { found } = await collected(document)
    assert.deepEqual(
      found.map(({ cidr }) => cidr),
      ['2001:db8::/56'],
    )
    assert(!JSON.stringify(found).includes('hunter2'))
  }
})

test('an empty state has nothing, and another file is refused', async () => {
  assert.deepEqual((await collected({ format_version: '1.0' })).found, [])
  for (const file of ['', '{"a":1}', '[1]', 'x']) await assert.rejects(observed(terraform, { file }), SourceTrouble)
})
