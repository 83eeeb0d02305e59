// Infoblox, by its CSV export and what WAPI answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HttpRequest, SourceTrouble } from './collector.ts'
import { infoblox } from './infoblox.ts'
import { observed, type Source } from './testing.ts'

const briefOf = async (...lines: string[]) =>
  (await observed(infoblox, { file: `${lines.join('\r\n')}\r\n` })).found.map(({ kind, cidr, range, space, name }) =>
    [kind, cidr ?? range, space, name].join(' '),
  )

test('a file of many kinds is read, each by its last header', async () => {
  const file = [
    'header-network,address*,netmask*,network_view,comment,EA-Site,EA-SNMP Community',
    'network,192.0.2.0,255.255.255.0,default,Office LAN,Oslo,hunter2',
    'header-ipv6network,address*,cidr*,network_view,comment',
    'ipv6network,2001:db8:70::,64,default,',
    'header-hostrecord,fqdn*,addresses,configure_for_dns*',
    'hostrecord,a.example.net,"192.0.2.10,192.0.2.11",TRUE',
    'HEADER-NETWORK,comment,address*,netmask*',
    'NETWORK,Lab,198.51.100.0,24',
  ].join('\n')
  const { found, unlisted, notes } = await observed(infoblox, { file })
  const shared = { space: 'default', state: 'in-use' }
  const network = { ...shared, kind: 'network', type: 'onprem:network' }
  const host = { ...shared, kind: 'address', type: 'onprem:host', id: 'a.example.net', name: 'a.example.net' }
  assert.deepEqual(found, [
    { ...network, cidr: '192.0.2.0/24', id: '192.0.2.0/24', name: 'Office LAN', tags: { Site: 'Oslo' } },
    { ...network, cidr: '2001:db8:70::/64', id: '2001:db8:70::/64' },
    { ...host, cidr: '192.0.2.10/32' },
    { ...host, cidr: '192.0.2.11/32' },
    { ...network, cidr: '198.51.100.0/24', id: '198.51.100.0/24', name: 'Lab' },
  ])
  assert.deepEqual([unlisted, notes], [[], []])
})

test('containers, ranges, fixed addresses and views are read, and an address of a host counts once', async () => {
  assert.deepEqual(
    await briefOf(
      'header-networkcontainer,address*,netmask*,network_view',
      'networkcontainer,10.0.0.0,255.0.0.0,lab',
      'header-dhcprange,end_address*,start_address*,network_view,name',
      'dhcprange,192.0.2.20,192.0.2.10,,Phones',
      'header-fixedaddress,ip_address*,mac_address,name',
      'fixedaddress,192.0.2.30,aa:bb,printer',
      'header-hostrecord,fqdn*,addresses,ipv6_addresses,network_view',
      'hostrecord,b.example,192.0.2.12,2001:db8::1,lab',
      'header-hostaddress,address*,parent*,network_view',
      'hostaddress,192.0.2.12,b.example,lab',
      'hostaddress,192.0.2.12,b.example,',
    ),
    [
      'container 10.0.0.0/8 lab ',
      'range 192.0.2.10-192.0.2.20 default Phones',
      'address 192.0.2.30/32 default printer',
      'address 192.0.2.12/32 lab b.example',
      'address 2001:db8::1/128 lab b.example',
      'address 192.0.2.12/32 default b.example',
    ],
  )
})

test('host bits are masked, and a mask is a mask or a length', async () => {
  assert.deepEqual(
    await briefOf(
      'header-network,address,netmask',
      'network,192.0.80.255,255.255.252.0',
      'network,10.1.2.3,8',
      'network,10.0.0.0,0.0.0.0',
    ),
    ['network 192.0.80.0/22 default ', 'network 10.0.0.0/8 default ', 'network 0.0.0.0/0 default '],
  )
})

test('lines that cannot be read are named, other kinds counted, and nothing is taken for gone', async () => {
  const file = [
    'header-network,address,netmask',
    'network,192.0.2.0,255.0.255.0',
    'network,x,24',
    'header-hostrecord,fqdn,addresses',
    'hostrecord,a.example,192.0.2.300',
    'header-arecord,fqdn,address',
    'arecord,a.example,192.0.2.1',
  ].join('\n')
  const { found, notes, unlisted } = await observed(infoblox, { file })
  assert.deepEqual(found, [])
  assert.deepEqual(
    notes.map((note) => note.split(':')[0]),
    ['line 2', 'line 3', 'line 5', '1 of arecord'],
  )
  assert.equal(unlisted.length, 1)
  for (const other of ['', 'a,b\n1,2\n']) await assert.rejects(observed(infoblox, { file: other }), SourceTrouble)
})

// Over WAPI ------------------------------------------------------------------------------------------------------------

const url = 'https://infoblox.example/wapi/v2.12'
function asWapi(answers: Readonly<Record<string, unknown>>, asked: HttpRequest[] = []): Source {
  return {
    variables: { INFOBLOX_USER: 'olga', INFOBLOX_PASSWORD: 'hunter2' },
    ask(request) {
      asked.push(request)
      const rest = request.url.slice(url.length + 1)
      const found = Object.entries(answers).find(([beginning]) => rest.startsWith(beginning))?.[1]
      if (found instanceof Error) throw found
      return found ?? { result: [] }
    },
  }
}

test('pages are asked for and followed to the end, containers too', async () => {
  const asked: HttpRequest[] = []
  const network = (network: string, more = {}) => ({
    _ref: `network/Zm9v:${network}/lab`,
    network,
    network_view: 'lab',
    network_container: '10.0.0.0/8',
    ...more,
  })
  const { found, unlisted } = await observed(
    infoblox,
    asWapi(
      {
        'networkcontainer?': { result: [{ ...network('10.0.0.0/8'), network_container: '/' }] },
        'network?_page_id=p%2B2': { result: [network('10.2.0.0/16')] },
        'network?': {
          result: [
            network('10.1.0.0/16', {
              comment: 'Oslo',
              extattrs: { Site: { value: 'Oslo' }, Floors: { value: [1, 2] } },
            }),
          ],
          next_page_id: 'p+2',
        },
        'range?': {
          result: [{ start_addr: '10.1.0.10', end_addr: '10.1.0.20', network: '10.1.0.0/16', network_view: 'lab' }],
        },
        'record:host?': {
          result: [
            {
              name: 'a.example',
              network_view: 'lab',
              ipv4addrs: [{ ipv4addr: '10.1.0.5' }],
              ipv6addrs: [{ ipv6addr: 'fd00::5' }],
            },
          ],
        },
        'fixedaddress?': {
          result: [{ ipv4addr: '10.1.0.6', network: '10.1.0.0/16', network_view: 'lab', name: 'printer' }],
        },
      },
      asked,
    ),
    { api: url },
  )
  assert.deepEqual(
    found.map(({ kind, cidr, range, parent, name, tags }) => [kind, cidr ?? range, parent, name, tags]),
    [
      ['container', '10.0.0.0/8', undefined, undefined, undefined],
      ['network', '10.1.0.0/16', '10.0.0.0/8', 'Oslo', { Site: 'Oslo' }],
      ['network', '10.2.0.0/16', '10.0.0.0/8', undefined, undefined],
      ['range', '10.1.0.10-10.1.0.20', '10.1.0.0/16', undefined, undefined],
      ['address', '10.1.0.5/32', undefined, 'a.example', undefined],
      ['address', 'fd00::5/128', undefined, 'a.example', undefined],
      ['address', '10.1.0.6/32', '10.1.0.0/16', 'printer', undefined],
    ],
  )
  assert(found.every(({ space }) => space === 'lab'))
  assert.deepEqual(unlisted, [])
  assert(
    asked.every(
      ({ url, method, headers }) =>
        (url.includes('_paging=1&_return_as_object=1') || url.includes('_page_id=')) &&
        method === undefined &&
        headers!.authorization === `Basic ${btoa('olga:hunter2')}`,
    ),
  )
})

test('a list that fails takes nothing for gone, and neither does one that is none', async () => {
  const { found, unlisted } = await observed(
    infoblox,
    asWapi({
      'network?': { result: [{ network: '10.1.0.0/16' }] },
      'ipv6range?': new SourceTrouble('400'),
      'range?': { Error: 'AdmConProtoError' },
    }),
    { api: url },
  )
  assert.equal(found.length, 1)
  assert.deepEqual(
    unlisted.map(({ reason }) => reason),
    ['range: it answered no list.', '400'],
  )
})

test('a list whose pages name each other has an end, and takes nothing for gone', async () => {
  const asked: HttpRequest[] = []
  const page = (next: string) => ({ result: [{ network: '10.1.0.0/16' }], next_page_id: next })
  const wapi = asWapi(
    { 'network?_page_id=1': page('2'), 'network?_page_id=2': page('1'), 'network?': page('1') },
    asked,
  )
  const { unlisted } = await observed(infoblox, wapi, { api: url })
  assert.match(unlisted[0]!.reason, /^The list of network has no end/)
  assert.equal(asked.filter(({ url: at }) => at.includes('/network?')).length, 3)
})

test('without a password, or with another URL, it says so', async () => {
  await assert.rejects(observed(infoblox, { ask: () => ({}) }, { api: url }), SourceTrouble)
  const problem = (options: Record<string, string>) => infoblox.optionsProblem!(new Map(Object.entries(options)))
  assert.equal(problem({ api: `${url}/` }), undefined)
  assert(problem({ api: 'https://infoblox.example' }) && problem({ api: url, file: 'x' }) && problem({}))
})
