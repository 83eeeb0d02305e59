// Tables that people keep.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SourceTrouble } from './collector.ts'
import { csv } from './csv.ts'
import { addressesIn, networksIn } from './sheet-rows.ts'
import { guessColumns } from './sheet-words.ts'
import { observed } from './testing.ts'

const guess = { columns: 'guess', 'on-problem': 'skip' }
const briefOf = async (text: string | Uint8Array, options: Record<string, string> = guess) =>
  (await observed(csv, { file: text }, options)).found.map(({ kind, cidr, range, name }) =>
    [kind, cidr ?? range, name].join(' '),
  )

test('columns are guessed and shown, and read once that is confirmed', async () => {
  const file = 'Netze 2026\n\nSubnetz;Maske;Beschreibung;Standort;VLAN\n192.0.2.0;255.255.255.0;Büro;Zürich;20\n'
  const confirmed = 'network=Subnetz,mask=Maske,name=Beschreibung,place=Standort,vlan=VLAN'
  await assert.rejects(
    observed(csv, { file }),
    (error: Error) => error instanceof SourceTrouble && error.message.includes(`--columns '${confirmed}'`),
  )
  for (const columns of [confirmed, 'guess']) {
    const { found, unlisted, notes } = await observed(csv, { file }, { columns })
    assert.deepEqual(found, [
      {
        kind: 'network',
        type: 'onprem:network',
        cidr: '192.0.2.0/24',
        id: '192.0.2.0/24',
        name: 'Büro',
        locale: 'onprem:zurich',
        state: 'in-use',
        tags: { vlan: '20' },
      },
    ])
    assert.deepEqual([unlisted, notes], [[], []])
  }
})

test('what columns mean is kept for next time, and can be changed in between', async () => {
  const file = 'Netz;Von Hand;Ort\n192.0.2.0/24;Büro;Zürich\n'
  const keeps = new Map<string, string>()
  const collected = (options: Record<string, string>) =>
    observed(csv, { file, keeps }, { mapping: 'm.json', ...options })
  await assert.rejects(collected({ space: 'lab' }), /`m\.json` says the same/)
  assert.deepEqual(JSON.parse(keeps.get('m.json')!), { columns: 'network=Netz,place=Ort', space: 'lab' })
  const [first] = (await collected({})).found
  assert.deepEqual([first!.locale, first!.space, first!.name], ['onprem:zurich', 'lab', undefined])

  keeps.set('m.json', JSON.stringify({ columns: 'network=Netz,name=Von Hand', space: 'lab' }))
  const before = keeps.get('m.json')
  const [changed] = (await collected({})).found
  assert.deepEqual([changed!.locale, changed!.name], [undefined, 'Büro'])
  assert.equal(keeps.get('m.json'), before)

  // What is given wins, and is what is kept from then on.
  const [given] = (await collected({ columns: 'guess', space: 'office' })).found
  assert.deepEqual([given!.locale, given!.space], ['onprem:zurich', 'office'])
  assert.deepEqual(JSON.parse(keeps.get('m.json')!), { columns: 'network=Netz,place=Ort', space: 'office' })
})
test('a mapping that says something else is refused by its member', async () => {
  const file = 'Netz\n192.0.2.0/24\n'
  for (const [text, says] of [
    ['no JSON', /no mapping/],
    ['[]', /no mapping/],
    ['{"columns": 3}', /`columns` is not expected so/],
    ['{"colums": "network=Netz"}', /`colums` is not expected so/],
    ['{"columns": "name=Netz"}', /must say which column is the `network`/],
    ['{"locales": "a"}', /--locales/],
  ] as const) {
    const keeps = new Map([['m.json', text]])
    await assert.rejects(
      observed(csv, { file, keeps }, { mapping: 'm.json' }),
      (error: Error) => error instanceof SourceTrouble && says.test(error.message),
      text,
    )
    assert.equal(keeps.get('m.json'), text)
  }
})

test('headers of many languages mean the same', () => {
  const meaningsOf = (header: string) =>
    [...guessColumns(header.split('|'))]
      .map(([meaning, at]) => `${meaning}${at}`)
      .sort()
      .join(' ')
  assert.equal(meaningsOf('Subnet|Subnet Mask|Description|Site|Owner'), 'mask1 name2 network0 owner4 place3')
  assert.equal(meaningsOf('IP-Adresse|Subnetzmaske|Name'), 'address0 mask1 name2')
  assert.equal(meaningsOf('Réseau|Masque|Nom|Lieu|Statut'), 'mask1 name2 network0 place3 state4')
  assert.equal(meaningsOf('Dirección IP|Máscara|Nombre'), 'address0 mask1 name2')
  assert.equal(meaningsOf('Von|Bis|Zweck'), 'first0 last1 name2')
  assert.equal(meaningsOf('Subnet (CIDR)|VRF|Gateway'), 'gateway2 network0 space1')
  assert.equal(meaningsOf('Network plan 2026'), '')
  assert.equal(meaningsOf('Subnet'), 'network0')
  assert.equal(meaningsOf('Order|Date to check'), '')
})

test('cells are read in every form, and what is two things is neither', () => {
  const networks: [string, string, string | undefined][] = [
    ['192.0.2.0/24', '', '192.0.2.0/24'],
    ['192.0.2.0 / 24', '', '192.0.2.0/24'],
    ['192.0.2.0 255.255.255.0', '', '192.0.2.0/24'],
    ['192.0.2.0/255.255.255.0', '', '192.0.2.0/24'],
    ['192.0.2.0', '24', '192.0.2.0/24'],
    ['192.0.2.0', '/24', '192.0.2.0/24'],
    ['192.0.2.0', '255.255.255.0', '192.0.2.0/24'],
    ['192.0.2.0', '0.0.0.255', undefined],
    ['192.0.2.0', '255.0.255.0', undefined],
    ['192.0.2.0', '', undefined],
    ['192.0.2.10-192.0.2.20', '', '192.0.2.10-192.0.2.20'],
    ['192.0.2.10-20', '', '192.0.2.10-192.0.2.20'],
    ['192.0.2.10 – 192.0.2.20', '', '192.0.2.10-192.0.2.20'],
    ['192.0.2.0 — .255', '', '192.0.2.0/24'],
    ['192.0.2.20-192.0.2.10', '', undefined],
    ['192.0.2.*', '', '192.0.2.0/24'],
    ['10.1.x.x', '', '10.1.0.0/16'],
    ['10.*.2.0', '', undefined],
    ['192.0.2.0/24, 198.51.100.0/24', '', '192.0.2.0/24 198.51.100.0/24'],
    ['192.0.2.0/24\n2001:DB8::/32', '', '192.0.2.0/24 2001:db8::/32'],
    ['192.0.2.5/24', '', undefined],
    ['010.000.002.000/24', '', undefined],
    ['10.01.2.0/24', '', undefined],
    ['10.1', '', undefined],
    ['192168100', '', undefined],
    ['10.0.0.0/33', '', undefined],
    ['x', '', undefined],
  ]
  for (const [text, mask, expected] of networks) {
    const read = networksIn(text, mask)
    const shown = typeof read === 'string' ? undefined : read.map(({ cidr, range }) => cidr ?? range).join(' ')
    assert.equal(shown, expected, `${text} ${mask}: ${String(read)}`)
  }
  assert.match(String(networksIn('010.000.002.000/24')), /zeros in front/)
  const addresses: [string, string, string | undefined][] = [
    ['192.0.2.5', '', '192.0.2.5/32 host'],
    ['192.0.2.5/24', '', '192.0.2.5/32 host'],
    ['192.0.2.5', '255.255.255.0', '192.0.2.5/32 host'],
    ['192.0.2.0', '255.255.255.0', '192.0.2.0/24'],
    ['192.0.2.5', '32', '192.0.2.5/32 host'],
    ['192.0.2.4/31', '', '192.0.2.4/32 host'],
    ['fe80::1%eth0', '', 'fe80::1/128 host'],
    ['[2001:db8::1]', '', '2001:db8::1/128 host'],
    ['192.0.2.5, 192.0.2.6', '', '192.0.2.5/32 host 192.0.2.6/32 host'],
    ['192.0.2.5-192.0.2.6', '', '192.0.2.5-192.0.2.6'],
    ['192.0.2.005', '', undefined],
    ['192.0.2.256', '', undefined],
  ]
  for (const [text, mask, expected] of addresses) {
    const read = addressesIn(text, mask)
    const shown =
      typeof read === 'string'
        ? undefined
        : read.map(({ cidr, range, isHost }) => `${cidr ?? range}${isHost ? ' host' : ''}`).join(' ')
    assert.equal(shown, expected, `${text} ${mask}: ${String(read)}`)
  }
})

test('ranges by their ends, hosts with their network, and states', async () => {
  const ranges =
    'Von,Bis,Name,Status\n192.0.2.10,192.0.2.20,DHCP,aktiv\n192.0.2.64,192.0.2.127,Telefone,frei\n192.0.2.9,192.0.2.8,falsch,?\n'
  const { found, notes, unlisted } = await observed(csv, { file: ranges }, guess)
  assert.deepEqual(
    found.map(({ kind, cidr, range, state, sourceState }) => [kind, cidr ?? range, state, sourceState]),
    [
      ['range', '192.0.2.10-192.0.2.20', 'in-use', 'aktiv'],
      ['range', '192.0.2.64/26', 'free', 'frei'],
    ],
  )
  assert.deepEqual(notes, ['line 4: `range`: `192.0.2.9` is not below `192.0.2.8`'])
  assert.equal(unlisted.length, 1)
  const hosts = await observed(
    csv,
    { file: 'IP Address,Subnet,Hostname\n192.0.2.5,192.0.2.0/24,a\n192.0.2.6,192.0.2.0/24,b\n' },
    guess,
  )
  assert.deepEqual(
    hosts.found.map(({ kind, cidr, parent, name }) => [kind, cidr, parent, name]),
    [
      ['network', '192.0.2.0/24', undefined, undefined],
      ['address', '192.0.2.5/32', '192.0.2.0/24', 'a'],
      ['address', '192.0.2.6/32', '192.0.2.0/24', 'b'],
    ],
  )
  assert.deepEqual(hosts.notes, [])
})

test('every line’s problem has its number, and the rest goes on, or nothing does', async () => {
  const file =
    '\ufeffSubnetz;Zweck\r\n192.0.2.0/24;Büro\r\n192.0.2.5/24;hat Hostbits\r\n;\r\nfrei;\r\n192.0.2.0/24;doppelt\r\n192.0.2.0/25;in einem anderen\r\n'
  const latin = Buffer.from(file.slice(1), 'latin1')
  for (const bytes of [file, latin, Buffer.from(file, 'utf16le')]) {
    const { found, notes, unlisted } = await observed(csv, { file: bytes }, guess)
    assert.deepEqual(
      found.map(({ cidr, name }) => `${cidr} ${name}`),
      ['192.0.2.0/24 Büro', '192.0.2.0/25 in einem anderen'],
    )
    assert.deepEqual(notes, [
      'line 3: `network`: `192.0.2.5/24` has host bits set: `192.0.2.0/24` is the network around it',
      'line 6: `192.0.2.0/24` stands in line 2 already',
    ])
    assert.equal(unlisted.length, 1)
  }
  // By default nothing of it is sent, and all that is wrong is said at once.
  await assert.rejects(observed(csv, { file }, { columns: 'guess' }), (error: Error) =>
    /^1 of its lines .* line 3: /.test(error.message),
  )
})

test('two VRFs may have the same network, and the space of all can be named', async () => {
  const file = 'VRF,Network\nred,10.0.0.0/8\nblue,10.0.0.0/8\n,10.0.0.0/8\n'
  const { found, notes } = await observed(csv, { file }, { ...guess, space: 'lab' })
  assert.deepEqual([found.map(({ space }) => space), notes], [['red', 'blue', 'lab'], []])
})

test('empty cells mean what is above them where that is said, as in merged ones', async () => {
  const file = 'Site,Network\nOslo,10.0.0.0/24\n,10.0.1.0/24\nBasel,10.0.2.0/24\n,10.0.3.0/24\n'
  const places = async (options: Record<string, string>) =>
    (await observed(csv, { file }, { ...guess, ...options })).found.map(({ locale }) => locale)
  assert.deepEqual(await places({}), ['onprem:oslo', undefined, 'onprem:basel', undefined])
  assert.deepEqual(await places({ 'fill-down': 'place', locales: 'Oslo=eu-north-1' }), [
    'eu-north-1',
    'eu-north-1',
    'onprem:basel',
    'onprem:basel',
  ])
})

test('columns can be named by their places, with a header or without', async () => {
  assert.deepEqual(await briefOf('10.0.0.0/24,a\n10.0.1.0/24,b\n', { columns: 'network=#1,name=#2' }), [
    'network 10.0.0.0/24 a',
    'network 10.0.1.0/24 b',
  ])
  assert.deepEqual(await briefOf('x,y\n10.0.0.0/24,a\n', { columns: 'network=X,name=#2' }), ['network 10.0.0.0/24 a'])
  const { found } = await observed(
    csv,
    { file: 'Netz,Kst.,Konto\n10.0.0.0/24,17,111122223333\n' },
    { columns: 'network=netz,cost center=Kst,account=Konto' },
  )
  assert.deepEqual([found[0]!.tags, found[0]!.account], [{ 'cost center': '17' }, '111122223333'])
})

test('ten thousand columns are looked at as far as a table of people goes', async () => {
  const wide = (first: string) => `${first}${',x'.repeat(9_999)}\n`
  const { found, notes } = await observed(csv, { file: wide('Subnet') + wide('10.0.0.0/24') }, guess)
  assert.equal(found.length, 1)
  assert.deepEqual(notes, ['line 1: 10000 columns, of which 1 are read'])
})

test('a table that says nothing of networks, or not what was named, is refused', async () => {
  for (const [file, options] of [
    ['', guess],
    ['a,b\n1,2\n', guess],
    ['Subnet,Name\n,Oslo\n', guess],
    [`${'x\n'.repeat(60)}Subnet\n10.0.0.0/8\n`, guess],
    ['Subnet\n10.0.0.0/8\n', { columns: 'network=Netz' }],
  ] as [string, Record<string, string>][])
    await assert.rejects(observed(csv, { file }, options), SourceTrouble)
  const problem = (options: Record<string, string>) => csv.optionsProblem!(new Map(Object.entries(options)))
  assert.equal(problem({}), undefined)
  for (const options of [{ columns: 'x' }, { columns: 'name=a' }, { columns: 'first=a' }, { locales: 'x' }] as Record<
    string,
    string
  >[])
    assert(problem(options), JSON.stringify(options))
})
