// Whatever is wrong with a directory of policy files has an answer of its own, as somebody reads it who runs `cadastre validate`.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { runHere } from '../../test/clients/command.ts'
import { writeFiles } from './to-files.ts'

const good = `cadastre: 1
ipams:
  - name: main
    account: "222222222222"
    region: us-east-1
    scopes:
      - default: private
pools:
  - name: company
    scope: main/private
    family: ipv4
    cidrs:
      - 10.0.0.0/8
`
let top: string
let folder: string
beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'cadastre-bad-'))
  folder = join(top, 'policy')
  await mkdir(folder)
  await writeFile(join(folder, 'good.yaml'), good)
})
afterEach(() => rm(top, { recursive: true }))

async function validate(): Promise<string[]> {
  const { code, output, errors } = await runHere(['validate', folder], {})
  assert.equal(errors, '')
  if (code === 0) return []
  assert.equal(code, 1)
  return output.trimEnd().split('\n')
}
const put = (text: string | Buffer, file = 'n.yaml') => writeFile(join(folder, file), text)
const poolMembers =
  'name, id, locale, awsService, publicIpSource, publiclyAdvertisable, description, minNetmaskLength, defaultNetmaskLength, maxNetmaskLength, requiredTags, quarantineSeconds, avoidsObserved, contact, tags, sharedWith, cidrs'
const fileMembers =
  'cadastre, organization, resourceTypes, ipams, pools, policies, roleBindings, exceptions, poolsInNetworks'

test('a directory with nothing wrong, in whatever way its lines end', async () => {
  assert.deepEqual(await validate(), [])
  await put(`\uFEFFcadastre: 1\r\npolicies: []\r\n`)
  await mkdir(join(folder, 'folder.yaml'))
  assert.deepEqual(await validate(), [])
})

const texts: readonly (readonly [name: string, text: string | Buffer, ...lines: string[]])[] = [
  [
    'a member with a slip of the keys, which is then not missing',
    'cadastre: 1\npools:\n  - name: other\n    scope: main/private\n    famly: ipv4\n',
    `n.yaml:5:5: pools.0.famly: there is no member \`famly\` here. Did you mean \`family\`? Allowed: ${poolMembers}, scope, family, pools.`,
  ],
  [
    'a member in another case and in another way to join words, further down',
    'cadastre: 1\npools:\n  - name: other\n    scope: main/private\n    family: ipv4\n    pools:\n      - Name: x\n        shared-with: [/]\n        id: ipam-pool-1\n',
    `n.yaml:7:9: pools.0.pools.0.Name: there is no member \`Name\` here. Did you mean \`name\`? Allowed: ${poolMembers}, pools.`,
    `n.yaml:8:9: pools.0.pools.0.shared-with: there is no member \`shared-with\` here. Did you mean \`sharedWith\`? Allowed: ${poolMembers}, pools.`,
  ],
  [
    'a member like none',
    'cadastre: 1\n__proto__: { pools: [] }\n<<: {}\n',
    `n.yaml:2:1: __proto__: there is no member \`__proto__\` here. Allowed: ${fileMembers}.`,
    `n.yaml:3:1: <<: there is no member \`<<\` here. Allowed: ${fileMembers}.`,
  ],
  [
    'a value that there is not',
    'cadastre: 1\npools:\n  - { name: other, scope: main/private, family: IPv4 }\n',
    'n.yaml:3:41: pools.0.family: there is no such value `IPv4`. Did you mean `ipv4`? Allowed: ipv4, ipv6.',
  ],
  [
    'values of another kind',
    'cadastre: 1\norganization:\n  accounts:\n    - { name: shop, account: 333333333333, tags: none }\nipams: main\n',
    'n.yaml:4:21: organization.accounts.0.account: a text in quotes is expected, and not `333333333333`.',
    'n.yaml:4:44: organization.accounts.0.tags: members (`name: value`) are expected, and not `none`.',
    'n.yaml:5:1: ipams: a list (each item behind a `-`) is expected, and not `main`.',
  ],
  ['no members at all', 'hello\n', 'n.yaml:1:1: members (`name: value`) are expected, and not `hello`.'],
  ['nothing', '', 'n.yaml:1:1: cadastre: it is missing. Allowed: 1.'],
  ['no version', 'pools: []\n', 'n.yaml:1:1: cadastre: it is missing. Allowed: 1.'],
  [
    'a version that is a text',
    'cadastre: "1"\n',
    'n.yaml:1:1: cadastre: a number without quotes is expected, and not `1`. Allowed: 1.',
  ],
  [
    'a newer version, whatever else it says',
    'cadastre: 2\nnews: 1\n',
    'n.yaml:1:1: cadastre: this Cadastre is older than the file: use a newer one, which knows version `2`. Allowed: 1.',
  ],
  [
    'a name that is there already, which stands once in the answer',
    'cadastre: 1\npools:\n  - { name: company, scope: main/private, family: ipv6 }\n',
    'n.yaml:3:5: pool `main/private/company` is there already, at good.yaml:9.',
  ],
  [
    'a name that is there in another case',
    'cadastre: 1\npolicies:\n  - name: order\n    ipam: Main\n    documents:\n      - locale: us-east-1\n        resourceType: vpc\n        rules: [{ pool: main/private/Company }]\n',
    'n.yaml:4:5: policies.0.ipam: there is no IPAM of this name `Main`. Did you mean `main`?',
    'n.yaml:8:19: policies.0.documents.0.rules.0.pool: there is no pool of this name `main/private/Company`. Did you mean `main/private/company`?',
  ],
  ['a member twice', 'cadastre: 1\npools: []\npools: []\n', 'n.yaml:3:1: the member stands there twice.'],
  [
    'what is no YAML',
    'cadastre: 1\npools: [\n',
    'n.yaml:3:1: Flow sequence in block collection must be sufficiently indented and end with a ].',
  ],
  [
    'a tab',
    'cadastre: 1\npools:\n\t- name: x\n',
    'n.yaml:3:1: lines are indented with spaces, and this one is with a tab.',
  ],
  [
    'several documents',
    '---\ncadastre: 1\n---\ncadastre: 1\n',
    'n.yaml:3:1: another document begins here (`---`): make it a file of its own.',
  ],
  [
    'names that stand for very much',
    `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}, *a${n}]\n`).join('')}`,
    'n.yaml:2:10: names that stand for other places (`*name`) are not followed: write it out.',
  ],
  ['what is no text', Buffer.from([0xff, 0xfe, 0, 99]), 'n.yaml:1:1: it is no text in UTF-8.'],
]
for (const [name, text, ...lines] of texts) {
  test(`${name}: an answer of its own, and no other`, async () => {
    await put(text)
    assert.deepEqual(await validate(), lines)
  })
}

test('what is nested without end, closed or not', async () => {
  const open = '['.repeat(200_000)
  for (const text of [open, `${open}${']'.repeat(200_000)}`, `\n  ${'- '.repeat(200_000)}x`]) {
    await put(`cadastre: 1\npools: ${text}\n`)
    const [line, ...others] = await validate()
    assert.match(line!, /^n\.yaml:\d+:\d+: what it says is nested too deeply\.$/)
    assert.deepEqual(others, [])
  }
})

test('a file of 50 MB is not read', async () => {
  await put(Buffer.alloc(50_000_000, 'a'))
  assert.deepEqual(await validate(), [
    'n.yaml:1:1: it has 50000000 bytes, and at most 8388608 are read: make several files of it.',
  ])
})

test('what is together too much is not read to its end', async () => {
  const text = `cadastre: 1\npools: []\n#${'x'.repeat(8_000_000)}\n`
  for (let number = 0; number < 17; number++) await put(text, `${number}.yaml`)
  const { code, errors } = await runHere(['validate', folder], {})
  assert.deepEqual([code, errors.includes('have more than 134217728 bytes together')], [1, true])
})

test('links are followed to files of the directory alone', async () => {
  const outside = join(top, 'outside.yaml')
  await writeFile(outside, good.replaceAll('company', 'other'))
  await symlink(outside, join(folder, 'out.yaml'))
  await symlink(join(top, 'nowhere'), join(folder, 'lost.yaml'))
  await symlink(folder, join(folder, 'round'))
  await symlink(outside, join(folder, 'README.md'))
  assert.deepEqual(await validate(), [
    'lost.yaml:1:1: it is a link that leads nowhere.',
    'out.yaml:1:1: it is a link to outside of the directory, and is not followed: put the file here.',
    'round:1:1: it is a link to a directory, and those are not followed: put the files here.',
  ])
  for (const file of ['out.yaml', 'lost.yaml', 'round', 'good.yaml']) await rm(join(folder, file))
  // As directories are mounted whose files are all replaced at once.
  await mkdir(join(folder, '..data'))
  await put(good, '..data/good.yaml')
  await symlink(join(folder, '..data/good.yaml'), join(folder, 'good.yaml'))
  assert.deepEqual(await validate(), [])
})

test('what is exported is written and removed here, and nowhere that a link leads to', async () => {
  const ours = '# Written by `cadastre export`.\ncadastre: 1\n'
  const elsewhere = join(top, 'elsewhere')
  await mkdir(elsewhere)
  await writeFile(join(elsewhere, 'theirs.yaml'), ours)
  const refused = { words: /is a link, or no file, and is not written through/ }
  for (const [from, to] of [
    ['pools', elsewhere],
    ['organization.yaml', join(elsewhere, 'theirs.yaml')],
  ] as const) {
    await rm(join(folder, 'good.yaml'), { force: true })
    await symlink(to, join(folder, from))
    await assert.rejects(writeFiles(folder, new Map([['organization.yaml', ours]])), ({ message }: Error) =>
      refused.words.test(message),
    )
    await rm(join(folder, from))
  }
  assert.equal(await readFile(join(elsewhere, 'theirs.yaml'), 'utf8'), ours)
})

test('what is there, what is no directory, and what has no files', async () => {
  const asked = async (...words: string[]) => {
    const { code, errors } = await runHere(words, { CADASTRE_URL: 'http://127.0.0.1:1', CADASTRE_TOKEN: 'none' })
    return [code, errors.split('\n')[0]!.replaceAll(top, '')]
  }
  assert.deepEqual(await asked('validate', join(top, 'nothing')), [1, '/nothing is not there.'])
  assert.deepEqual(await asked('apply', join(top, 'nothing')), [1, '/nothing is not there.'])
  const file = join(folder, 'good.yaml')
  assert.deepEqual(await asked('validate', file), [1, '/policy/good.yaml is a file: name the directory that it is in.'])
  await rm(file)
  assert.deepEqual(await asked('validate', folder), [1, 'There are no policy files in /policy.'])
})
