// NetBox and Nautobot, by what their APIs answer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HttpRequest, SourceTrouble } from './collector.ts'
import { netbox } from './netbox.ts'
import { observed, type Source } from './testing.ts'

const host = 'https://netbox.example'
const row = <T extends object>(list: string, id: number | string, members: T) => ({
  id,
  url: `${host}/api/ipam/${list}/${id}/`,
  ...members,
})
const choice = (value: string) => ({ value, label: value })
const office = row('prefixes', 7, {
  prefix: '192.0.2.0/24',
  vrf: null,
  scope_type: 'dcim.site',
  scope: { id: 3, display: 'Oslo', name: 'Oslo', slug: 'oslo' },
  tenant: { id: 1, name: 'Shop', slug: 'shop' },
  vlan: { id: 2, vid: 20, name: 'lan' },
  status: choice('active'),
  role: { id: 4, name: 'User LAN', slug: 'user-lan' },
  is_pool: false,
  description: 'Office',
  tags: [{ id: 1, name: 'Prod', slug: 'prod' }],
  custom_fields: { owner_team: null, cost_center: 17, tier: { id: 1, name: 'gold' }, snmp_community: 'hunter2' },
})

type Lists = Readonly<Record<string, readonly object[]>>
/** A NetBox that gives a page of `pageRows`, and names itself as a proxy's inside does. */
function asNetbox(
  lists: Lists,
  { version = { 'netbox-version': '4.6.8' } as object, pageRows = 2, asked = [] as HttpRequest[] } = {},
): Source {
  return {
    variables: { NETBOX_TOKEN: 'hunter2' },
    ask(request) {
      asked.push(request)
      const url = new URL(request.url)
      if (url.pathname === '/api/status/') return version
      const name = /^\/api\/ipam\/([a-z-]+)\/$/.exec(url.pathname)?.[1]
      const rows = lists[name!] ?? []
      const offset = Number(url.searchParams.get('offset') ?? 0)
      const end = offset + pageRows
      url.searchParams.set('offset', String(end))
      return {
        count: rows.length,
        next: end < rows.length ? `http://inside.example:8080${url.pathname}${url.search}` : null,
        results: rows.slice(offset, end),
      }
    },
  }
}
const collected = (lists: Lists, options: Record<string, string> = {}) =>
  observed(netbox, asNetbox(lists), { api: host, ...options })

test('a prefix has its site, tenant, role and tags', async () => {
  const { found, unlisted, notes } = await collected({ prefixes: [office] })
  assert.deepEqual(found, [
    {
      kind: 'network',
      cidr: '192.0.2.0/24',
      id: '7',
      account: 'shop',
      locale: 'onprem:oslo',
      type: 'onprem:network',
      name: 'Office',
      state: 'in-use',
      sourceState: 'active',
      tags: { prod: '', role: 'user-lan', vlan: '20', cost_center: '17', tier: 'gold' },
    },
  ])
  assert.deepEqual([unlisted, notes], [[], []])
})

test('roles and sites can be given types and locales', async () => {
  const { found } = await collected(
    { prefixes: [office] },
    { types: 'other=x:y, user-lan=azure:subnet', locales: 'oslo=eu-north-1' },
  )
  assert.deepEqual([found[0]!.type, found[0]!.locale], ['azure:subnet', 'eu-north-1'])
})

test('before 4.2 there was a site, and a scope need be none', async () => {
  const { scope_type: _, scope, ...old } = office
  const { found } = await collected({
    prefixes: [
      { ...old, id: 1, site: { id: 3, name: 'Oslo', slug: 'oslo' } },
      { ...office, id: 2, scope_type: 'dcim.region', scope: { id: 1, name: 'Norway', slug: 'norway' } },
      { ...office, id: 3, scope_type: null, scope: null },
      { ...old, id: 4, scope, scope_type: 'dcim.site', site: null },
    ],
  })
  assert.deepEqual(
    found.map(({ locale }) => locale),
    ['onprem:oslo', undefined, undefined, 'onprem:oslo'],
  )
})

test('containers, pools, ranges and addresses are what they are', async () => {
  const { found } = await collected({
    aggregates: [row('aggregates', 1, { prefix: '192.0.0.0/16', rir: { name: 'RIPE', slug: 'ripe' }, tenant: null })],
    prefixes: [
      { ...office, id: 1, status: choice('container'), prefix: '192.0.2.0/23' },
      { ...office, id: 2, is_pool: true, status: choice('reserved') },
      { ...office, id: 3, status: choice('quarantine') },
    ],
    'ip-ranges': [
      row('ip-ranges', 1, {
        start_address: '192.0.2.10/24',
        end_address: '192.0.2.20/24',
        size: 11,
        status: choice('deprecated'),
        role: null,
      }),
      row('ip-ranges', 2, { start_address: '192.0.2.64/24', end_address: '192.0.2.127/24', status: choice('active') }),
    ],
    'ip-addresses': [
      row('ip-addresses', 7, {
        address: '192.0.2.5/24',
        status: choice('dhcp'),
        role: choice('vip'),
        dns_name: 'a.example',
        vrf: null,
      }),
      row('ip-addresses', 8, { address: '2001:DB8::1/64', status: choice('active'), role: null }),
    ],
  })
  assert.deepEqual(
    found.map(({ kind, cidr, range, type, name, state, tags }) => [kind, cidr ?? range, type, name, state, tags?.role]),
    [
      ['container', '192.0.0.0/16', undefined, undefined, 'in-use', undefined],
      ['container', '192.0.2.0/23', undefined, 'Office', 'in-use', 'user-lan'],
      ['pool', '192.0.2.0/24', 'onprem:network', 'Office', 'planned', 'user-lan'],
      ['network', '192.0.2.0/24', 'onprem:network', 'Office', 'unknown', 'user-lan'],
      ['range', '192.0.2.10-192.0.2.20', undefined, undefined, 'releasing', undefined],
      ['range', '192.0.2.64/26', undefined, undefined, 'in-use', undefined],
      ['address', '192.0.2.5/32', 'onprem:host', 'a.example', 'in-use', 'vip'],
      ['address', '2001:db8::1/128', 'onprem:host', undefined, 'in-use', undefined],
    ],
  )
})

test('a VRF is a space, told from others of its name, and its tenant owns what has none', async () => {
  const vrf = (id: number, rd: string | null) => row('vrfs', id, { name: 'prod', rd, tenant: { slug: 'core' } })
  const { found } = await collected({
    vrfs: [vrf(1, '64500:1'), vrf(2, null)],
    prefixes: [
      { ...office, id: 1, tenant: null, vrf: { id: 1, name: 'prod', rd: '64500:1' } },
      { ...office, id: 2, vrf: { id: 2, name: 'prod', rd: null } },
      { ...office, id: 3, vrf: null },
    ],
  })
  assert.deepEqual(
    found.map(({ space, account, tags }) => [space, account, tags?.vrf]),
    [
      ['64500:1', 'core', 'prod'],
      ['vrf/2', 'shop', 'prod'],
      [undefined, 'shop', undefined],
    ],
  )
})

test('all pages are read, asked of the host that was given, and rows that come twice count once', async () => {
  const asked: HttpRequest[] = []
  const prefixes = [1, 2, 2, 3].map((id) => ({ ...office, id }))
  const source = asNetbox({ prefixes }, { asked })
  const { found, unlisted } = await observed(netbox, source, { api: `${host}/api/` })
  assert.deepEqual(
    found.map(({ id }) => id),
    ['1', '2', '3'],
  )
  // One of four rows did not come: another one came twice.
  assert.equal(unlisted.length, 1)
  assert(
    asked.every(
      ({ url, method, headers }) =>
        url.startsWith(`${host}/api/`) && method === undefined && headers!.authorization === 'Token hunter2',
    ),
  )
  assert(asked.slice(1).every(({ url }) => url.includes('ordering=id')))
  assert(!asked.some(({ url }) => url.includes('available-')))
})

test('a count that is not said, as with cursors, is not compared', async () => {
  const { unlisted } = await observed(
    netbox,
    {
      variables: { NETBOX_TOKEN: 'x' },
      ask: ({ url }) => (url.endsWith('/status/') ? {} : { count: null, next: null, results: [] }),
    },
    { api: host },
  )
  assert.deepEqual(unlisted, [])
})

test('a list without an end, or one that fails, takes nothing for gone', async () => {
  const endless = await observed(
    netbox,
    {
      variables: { NETBOX_TOKEN: 'x' },
      ask: ({ url }) => (url.endsWith('/status/') ? {} : { count: 1, next: url, results: [{ ...office }] }),
    },
    { api: host },
  )
  assert(endless.unlisted.length > 0)
  let pages = 0
  const other = await observed(
    netbox,
    {
      variables: { NETBOX_TOKEN: 'x' },
      ask: ({ url }) =>
        url.endsWith('/status/') ? {} : { count: 1, next: `${url}&offset=${++pages}`, results: [{ ...office }] },
    },
    { api: host },
  )
  assert(other.unlisted.length > 0 && pages <= 20, `${pages} pages`)
  const { found, unlisted } = await observed(
    netbox,
    {
      variables: { NETBOX_TOKEN: 'x' },
      ask: (request) => {
        if (request.url.includes('/ip-addresses/')) throw new SourceTrouble('403')
        return asNetbox({ prefixes: [office] }).ask!(request)
      },
    },
    { api: host },
  )
  assert.equal(found.length, 1)
  assert.deepEqual(unlisted, [{ account: '', locale: '', reason: '403' }])
})

test('tokens of both versions are sent as their version is', async () => {
  const sent: (string | undefined)[] = []
  for (const token of ['0123456789abcdef', 'nbt_abcdefghijkl.xyz']) {
    const asked: HttpRequest[] = []
    await observed(netbox, { ...asNetbox({}, { asked }), variables: { NETBOX_TOKEN: token } }, { api: host })
    sent.push(asked[0]!.headers!.authorization)
  }
  assert.deepEqual(sent, ['Token 0123456789abcdef', 'Bearer nbt_abcdefghijkl.xyz'])
  await assert.rejects(observed(netbox, { ask: () => ({}) }, { api: host }), SourceTrouble)
})

test('Nautobot: namespaces are spaces, and parents are said', async () => {
  const asked: HttpRequest[] = []
  const uuid = (n: number) => `00000000-0000-4000-8000-00000000000${n}`
  const global = { id: uuid(1), name: 'Global' }
  const other = { id: uuid(2), name: 'Cleanup Namespace 1' }
  const prefix = (n: number, members: object) =>
    row('prefixes', uuid(n), {
      prefix: '192.0.2.0/24',
      status: { id: 'x', name: 'Active' },
      type: choice('network'),
      locations: [],
      tags: [],
      custom_fields: {},
      ...members,
    })
  const { found, unlisted } = await observed(
    netbox,
    asNetbox(
      {
        namespaces: [row('namespaces', uuid(1), global), row('namespaces', uuid(2), other)],
        prefixes: [
          prefix(3, { namespace: global, type: choice('container'), prefix: '192.0.0.0/16' }),
          prefix(4, {
            namespace: global,
            parent: { id: uuid(3) },
            locations: [{ name: 'Zürich West' }],
            role: { name: 'LAN' },
            tenant: { name: 'Shop' },
          }),
          prefix(5, {
            namespace: { id: uuid(2), url: 'x' },
            type: choice('pool'),
            locations: [{ name: 'a' }, { name: 'b' }],
          }),
        ],
        'ip-addresses': [
          row('ip-addresses', uuid(6), {
            address: '192.0.2.5/24',
            type: choice('dhcp'),
            status: { name: 'Reserved' },
            parent: { id: uuid(5) },
            tags: [],
          }),
        ],
      },
      { version: { 'nautobot-version': '3.1.0' }, asked },
    ),
    { api: host },
  )
  assert.deepEqual(
    found.map(({ kind, id, space, parent, locale, account, state }) => [
      kind,
      id,
      space,
      parent,
      locale,
      account,
      state,
    ]),
    [
      ['container', uuid(3), undefined, undefined, undefined, undefined, 'in-use'],
      ['network', uuid(4), undefined, uuid(3), 'onprem:zurich-west', 'Shop', 'in-use'],
      ['pool', uuid(5), 'Cleanup Namespace 1', undefined, undefined, undefined, 'in-use'],
      ['address', uuid(6), 'Cleanup Namespace 1', uuid(5), undefined, undefined, 'planned'],
    ],
  )
  assert.deepEqual(unlisted, [])
  // Unknown parameters are an error there.
  assert(
    asked
      .slice(1)
      .every(({ url }) => url.includes('depth=1') && !url.includes('fields=') && !url.includes('ordering=')),
  )
})

test('saved answers are read as the API’s, and a last page that is missing takes nothing for gone', async () => {
  const page = (next: string | null, ...results: object[]) =>
    JSON.stringify({ count: 2, next, previous: null, results })
  const file = page('https://x/?offset=1', office) + page(null, { ...office, id: 8 })
  const whole = await observed(netbox, { file })
  assert.equal(whole.found.length, 2)
  assert.deepEqual(whole.unlisted, [])
  assert.equal((await observed(netbox, { file: page('https://x/?offset=1', office) })).unlisted.length, 1)
  const bare = await observed(netbox, { file: JSON.stringify([office, row('vlans', 1, {}), { id: 1 }, 7]) })
  assert.deepEqual([bare.found.length, bare.notes.length, bare.unlisted.length], [1, 1, 1])
  await assert.rejects(observed(netbox, { file: '' }), SourceTrouble)
})

test('what cannot be read is named, and takes nothing for gone', async () => {
  const { found, notes, unlisted } = await collected({ prefixes: [{ ...office, prefix: 'x' }] })
  assert.deepEqual([found.length, notes.length, unlisted.length], [0, 1, 1])
})

test('options that cannot be used are refused', () => {
  const problem = (options: Record<string, string>) => netbox.optionsProblem!(new Map(Object.entries(options)))
  assert.equal(problem({ api: host }), undefined)
  assert.equal(problem({ file: 'x', types: 'a=b,c=d' }), undefined)
  for (const options of [
    {},
    { api: host, file: 'x' },
    { api: 'netbox' },
    { api: 'https://u:p@netbox.example' },
    { api: 'file:///x' },
    { file: 'x', types: 'a' },
  ] as Record<string, string>[])
    assert(problem(options), JSON.stringify(options))
})
