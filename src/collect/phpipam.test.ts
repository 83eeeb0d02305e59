// phpIPAM, by what its API answers and its table says.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HttpRequest, SourceTrouble } from './collector.ts'
import { phpipam } from './phpipam.ts'
import { observed, type Source } from './testing.ts'

const url = 'https://phpipam.example/api/collector/'
const none = () => new SourceTrouble('404', { status: 404 })
/** Answers by paths behind the app; what has none is not found. */
function asPhpipam(answers: Readonly<Record<string, unknown>>, asked: HttpRequest[] = []): Source {
  return {
    variables: { PHPIPAM_TOKEN: 'hunter2' },
    ask(request) {
      asked.push(request)
      const path = request.url.slice(url.length, -1)
      const data = answers[path]
      if (data instanceof Error) throw data
      if (data === undefined) throw none()
      return Array.isArray(data) ? { code: 200, success: true, data, time: 0.01 } : data
    },
  }
}
const office = {
  id: 3,
  subnet: '192.0.2.0',
  mask: '24',
  sectionId: 1,
  description: 'Office',
  vrfId: 0,
  masterSubnetId: 2,
  isFolder: 0,
  isPool: 0,
  tag: 2,
  location: [],
  permissions: 'hunter2',
  custom_cost_center: 'x17',
  custom_snmp_community: 'hunter2',
}
const sections = [{ id: '1', name: 'Customers' }]
const collected = (answers: Readonly<Record<string, unknown>>) =>
  observed(phpipam, asPhpipam({ sections, ...answers }), { api: url })

test('a subnet and its addresses are observed, of their section', async () => {
  const { found, unlisted, notes } = await collected({
    'sections/1/subnets': [{ ...office, masterSubnetId: 0 }],
    'subnets/3/addresses': [
      {
        id: 9,
        ip: '192.0.2.9',
        tag: 3,
        hostname: 'a.example',
        owner: 'Olga',
        mac: null,
        lastSeen: '1970-01-01 00:00:01',
      },
    ],
  })
  const shared = { account: 'Customers', space: 'Customers' }
  assert.deepEqual(found, [
    {
      ...shared,
      kind: 'network',
      type: 'onprem:network',
      cidr: '192.0.2.0/24',
      id: '3',
      name: 'Office',
      state: 'in-use',
      sourceState: 'Used',
      tags: { cost_center: 'x17' },
    },
    {
      ...shared,
      kind: 'address',
      type: 'onprem:host',
      cidr: '192.0.2.9/32',
      id: '9',
      name: 'a.example',
      parent: '3',
      state: 'planned',
      sourceState: 'Reserved',
      tags: { owner: 'Olga' },
    },
  ])
  assert.deepEqual([unlisted, notes], [[], []])
})

test('numbers and texts are the same, and so are the two names of a member', async () => {
  const asText = {
    ...office,
    id: '3',
    vrfId: '5',
    masterSubnetId: '0',
    isFolder: '0',
    isPool: '1',
    tag: undefined,
    state: '2',
    location: { id: 1, name: 'Oslo' },
  }
  for (const vrf of [
    { vrfId: '5', name: 'blue' },
    { id: 5, name: 'blue' },
  ]) {
    const { found } = await collected({
      vrf: [vrf],
      'sections/1/subnets': [asText],
      'subnets/3/addresses': [{ id: '9', ip_addr: '192.0.2.9', state: '7' }],
    })
    assert.deepEqual(
      found.map(({ kind, space, locale, state, sourceState }) => [kind, space, locale, state, sourceState]),
      [
        ['pool', 'Customers/blue', 'onprem:oslo', 'in-use', 'Used'],
        ['address', 'Customers/blue', 'onprem:oslo', 'unknown', 'tag 7'],
      ],
    )
  }
})

test('addresses as decimal numbers, as the database has them', async () => {
  const { found } = await collected({
    'sections/1/subnets': [
      { ...office, id: 1, subnet: '3221225984' },
      { ...office, id: 2, subnet: '42540766411282592856903984951653826560', mask: '32' },
      { ...office, id: 3, subnet: 3221225984, mask: 25 },
    ],
    'subnets/1/addresses': [
      { id: 9, ip: '3221225993' },
      { id: 10, ip: '42540766411282592856903984951653826561' },
    ],
  })
  assert.deepEqual(
    found.map(({ cidr }) => cidr),
    ['192.0.2.0/24', '192.0.2.9/32', '2001:db8::1/128', '2001:db8::/32', '192.0.2.0/25'],
  )
})

test('folders are no subnets, and the parent of what lies in one is the subnet above it', async () => {
  const folder = (id: number, masterSubnetId: number) => ({
    id,
    isFolder: 1,
    description: 'Folder',
    masterSubnetId,
    subnet: '0.0.0.0',
    mask: '',
  })
  const { found } = await collected({
    'sections/1/subnets': [
      { ...office, id: 1, masterSubnetId: 0, mask: '16', subnet: '192.0.0.0' },
      folder(2, 1),
      { ...office, id: 3, masterSubnetId: 2 },
      folder(4, 0),
      { ...office, id: 5, masterSubnetId: 4, mask: '25' },
      { ...office, id: 6, masterSubnetId: 99, mask: '26' },
      folder(7, 8),
      folder(8, 7),
      { ...office, id: 9, masterSubnetId: 7, mask: '27' },
    ],
  })
  assert.deepEqual(
    found.map(({ id, parent }) => [id, parent]),
    [
      ['1', undefined],
      ['3', '1'],
      ['5', undefined],
      ['6', undefined],
      ['9', undefined],
    ],
  )
})

test('nothing found is an empty list, and anything else takes nothing of its section for gone', async () => {
  assert.deepEqual((await collected({ 'sections/1/subnets': [office] })).unlisted, [])
  const two = {
    sections: [...sections, { id: '2', name: 'Lab' }],
    'sections/1/subnets': new SourceTrouble('500', { status: 500 }),
    'sections/2/subnets': [office],
  }
  const { found, unlisted } = await collected(two)
  assert.equal(found[0]!.account, 'Lab')
  assert.deepEqual(unlisted, [{ account: 'Customers', locale: '', reason: '500' }])
  const denied = await collected({ 'sections/1/subnets': { code: 403, success: false, message: 'Unauthorized' } })
  assert.equal(denied.unlisted.length, 1)
  const old = await collected({
    'sections/1/subnets': { code: 200, success: 1, data: [office] },
    'subnets/3/addresses': { code: 404, success: 0, message: 'No addresses found' },
  })
  assert.deepEqual([old.found.length, old.unlisted.length], [1, 0])
})

test('a subnet that is no block is named, and takes nothing for gone', async () => {
  const { found, notes, unlisted } = await collected({ 'sections/1/subnets': [{ ...office, subnet: 'x' }] })
  assert.deepEqual([found.length, notes.length, unlisted.length], [0, 1, 1])
})

test('an app’s code or a user signs in, and nothing is written', async () => {
  const asked: HttpRequest[] = []
  await observed(phpipam, asPhpipam({ sections }, asked), { api: url })
  assert(asked.every(({ method, headers }) => method === undefined && headers!.token === 'hunter2'))
  asked.length = 0
  const user = {
    ...asPhpipam({ sections, user: { code: 200, success: true, data: { token: 't-1', expires: 'x' } } }, asked),
    variables: { PHPIPAM_USER: 'olga', PHPIPAM_PASSWORD: 'p:w' },
  }
  await observed(phpipam, user, { api: url })
  assert.deepEqual([asked[0]!.method, asked[0]!.headers], ['POST', { authorization: `Basic ${btoa('olga:p:w')}` }])
  assert(asked.slice(1).every(({ method, headers }) => method === undefined && headers!.token === 't-1'))
  await assert.rejects(observed(phpipam, { ...user, variables: {} }, { api: url }), SourceTrouble)
  await assert.rejects(observed(phpipam, asPhpipam({}), { api: url }), SourceTrouble)
})

test('a table of subnets is read, folders left out, and lines that cannot be read are named', async () => {
  const file = [
    'Section;Subnet;Description;VLAN;VLAN Domain;VRF;Master Subnet;Requests;Host check;Discover;Cost center',
    'Customers;10.0.0.0/8;All;NA;NA;default;/;0;0;0;',
    'Customers;Sites (folder);;;;;/;;;;',
    'Customers;10.1.0.0/16;Zürich;20;default;blue;10.0.0.0/8;0;0;0;x17',
    'Customers;10.1/16;;;;;;;;;',
  ].join('\r\n')
  const { found, notes, unlisted } = await observed(phpipam, { file: Buffer.from(file, 'latin1') })
  assert.deepEqual(found, [
    {
      kind: 'network',
      account: 'Customers',
      space: 'Customers',
      cidr: '10.0.0.0/8',
      id: '10.0.0.0/8',
      name: 'All',
      type: 'onprem:network',
    },
    {
      kind: 'network',
      account: 'Customers',
      space: 'Customers/blue',
      cidr: '10.1.0.0/16',
      id: '10.1.0.0/16',
      name: 'Zürich',
      type: 'onprem:network',
      parent: '10.0.0.0/8',
      tags: { vlan: '20', 'Cost center': 'x17' },
    },
  ])
  assert.deepEqual(notes, ['line 5: `10.1/16` is no block'])
  assert.equal(unlisted.length, 1)
})

test('a table of addresses is read', async () => {
  const file =
    'Section,IP Address,Hostname,Description,VRF,Subnet,MAC,Owner,Device,Note,Tag,Gateway\nCustomers,192.0.2.9,a.example,,,192.0.2.0/24,,Olga,,,Reserved,\nCustomers,192.0.2.10,,b,,192.0.2.0/24,,,,,Printer,\n'
  const { found } = await observed(phpipam, { file })
  assert.deepEqual(
    found.map(({ kind, cidr, name, parent, state, sourceState, tags }) => [
      kind,
      cidr,
      name,
      parent,
      state,
      sourceState,
      tags,
    ]),
    [
      ['address', '192.0.2.9/32', 'a.example', '192.0.2.0/24', 'planned', 'Reserved', { owner: 'Olga' }],
      ['address', '192.0.2.10/32', 'b', '192.0.2.0/24', 'unknown', 'Printer', undefined],
    ],
  )
})

test('another table, and options that do not go together, are refused', async () => {
  for (const file of ['', 'a,b\n1,2\n', 'Bereich;Subnetz\nx;10.0.0.0/8\n'])
    await assert.rejects(observed(phpipam, { file }), SourceTrouble)
  const problem = (options: Record<string, string>) => phpipam.optionsProblem!(new Map(Object.entries(options)))
  assert.equal(problem({ api: url }), undefined)
  assert.equal(problem({ file: 'x' }), undefined)
  assert(problem({}) && problem({ api: url, file: 'x' }) && problem({ api: 'x' }))
})
