// Policy as files, against a server: export, plan and apply.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { simulate } from '#jobs/simulating.ts'
import { type FilesWorld, filesIn, foundCompany, openFilesWorld } from '../../test/files-world.ts'
import { simulateAll, workplaceOf } from '../../test/simulations/run.ts'

const pools = 'pools/main/private/company.yaml'
const policy = 'policies/main/networks.yaml'

let at: FilesWorld
before(async () => {
  at = await openFilesWorld()
  await foundCompany(at)
})
beforeEach(async () => {
  await rm(at.folder, { recursive: true })
  await at.did('export', '--dir', at.folder)
})
after(() => at.close())

const nothing = 'Nothing to change: the server is as the files say.\n'
/** What is exported elsewhere is what the files say, but for comments of what is new. */
async function requireSame(): Promise<void> {
  assert.equal(await at.did('plan', at.folder), nothing)
  const other = await mkdtemp(join(tmpdir(), 'cadastre-again-'))
  await at.did('export', '--dir', other)
  const bare = (files: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(files)
        .filter(([name]) => name.endsWith('.yaml'))
        .map(([name, text]) => [name, text.replaceAll(/ #.*/g, '')]),
    )
  assert.deepEqual(bare(await filesIn(other)), bare(await filesIn(at.folder)))
  await rm(other, { recursive: true })
}
const epoch = async () => (await at.world.get<{ epoch: number }>('/governance')).epoch

test('a round trip changes nothing: what was exported is valid, and its plan is empty', async () => {
  assert.match(await at.did('validate', at.folder), /files say nothing wrong/)
  const before = await epoch()
  assert.equal(await at.did('plan', at.folder), nothing)
  assert.equal(await at.did('apply', at.folder), nothing)
  assert.equal(await epoch(), before)
  await requireSame()
})

test('what is edited in files is planned member by member, tried, and done in one transaction', async () => {
  await at.edit(pools, '          - 10.3.0.0/16', '          - 10.3.0.0/16\n          - 10.4.0.0/16')
  await at.edit(
    pools,
    '        quarantineSeconds: 60\n',
    '        pools:\n          - name: shops\n            locale: eu-central-1\n',
  )
  await at.edit(policy, 'mode: enforce', 'mode: warn')
  await at.edit(policy, 'default: 24', 'default: 26')
  await at.edit('roles.yaml', '    role: auditor\n    node: /Prod', '    role: auditor\n    node: /Prod/Shops')
  const text = await at.did('plan', at.folder)
  for (const line of [
    /^~ policy `main\/networks` ipam-policy-\w+ of 222222222222, for \/Prod, 444444444444 \(policies\/main\/networks.yaml:5\)$/m,
    /^ {4}assignments \/Prod, mode: enforce → warn$/m,
    /^\+ pool `main\/private\/company\/eu\/shops` of 222222222222 \(pools\/main\/private\/company.yaml:\d+\)$/m,
    /^ {4}cidrs: \["10\.1\.0\.0\/16","10\.3\.0\.0\/16"\] → \["10\.1\.0\.0\/16","10\.3\.0\.0\/16","10\.4\.0\.0\/16"\]$/m,
    /^ {4}quarantineSeconds: 60 → nothing$/m,
    /^\+ role binding `user:olga auditor \/Prod\/Shops permit`, for user:olga/m,
    /^role binding `user:olga auditor \/Prod permit` role-binding-\w+$/m,
    /^To create: 2. To change: 3. To remove: 0.$/m,
  ]) {
    assert.match(text, line)
  }
  const before = await epoch()
  assert.match(await at.did('apply', at.folder, '--dry-run'), /Tried, and nothing done/)
  assert.equal(await epoch(), before)
  assert.equal((await at.cadastre('plan', at.folder, '--exit-code')).code, 9)
  const { items } = await at.world.get<{ items: object[] }>('/changes?action=applyGovernance&limit=1000')
  assert.match(await at.did('apply', at.folder), /Done, all of it/)
  const after = await at.world.get<{ items: object[] }>('/changes?action=applyGovernance&limit=1000')
  assert.equal(after.items.length, items.length + 1)
  // What the files do not have any more is kept until it is said that it goes.
  assert.match(
    await at.did('plan', at.folder),
    /kept \(`--remove` removes them\):\nrole binding `user:olga auditor \/Prod permit`/,
  )
  assert.match(await at.did('apply', at.folder, '--remove'), /^- role binding `user:olga auditor \/Prod permit`/m)
  await requireSame()
})

test('what is called otherwise is found by the id behind its name, with all that is below it', async () => {
  await at.edit(pools, 'name: company', 'name: corporate')
  await at.edit('organization.yaml', 'name: Prod', 'name: Production')
  for (const file of [policy, pools, 'roles.yaml']) {
    await at.write(
      file,
      (await at.read(file)).replaceAll('/Prod', '/Production').replaceAll('private/company', 'private/corporate'),
    )
  }
  const text = await at.did('plan', at.folder)
  assert.match(
    text,
    /^~ pool `main\/private\/corporate` ipam-pool-\w+ of 222222222222, which was `main\/private\/company`/m,
  )
  assert.match(text, /^ {4}name: company → corporate$/m)
  assert.match(text, /^~ unit `\/Production` ou-\S+, which was `\/Prod`/m)
  assert.match(text, /^To create: 0. To change: 2. To remove: 0.$/m)
  await at.did('apply', at.folder)
  assert.equal(await at.did('plan', at.folder), nothing)
  // Back, for the others.
  for (const [name, body] of Object.entries(await filesIn(at.folder))) {
    if (name.endsWith('.yaml'))
      await at.write(name, body.replaceAll('Production', 'Prod').replaceAll('corporate', 'company'))
  }
  await at.did('apply', at.folder)
})

test('an account comes under another unit; a pool does not, and neither what is also called otherwise', async () => {
  const tester = '        - name: tester\n          account: "444444444444"\n'
  await at.edit('organization.yaml', `      accounts:\n${tester}`, '')
  await at.edit(
    'organization.yaml',
    '          account: "222222222222"\n',
    `          account: "222222222222"\n${tester}`,
  )
  assert.match(await at.did('plan', at.folder), /^ {4}parent: \/Lab → \/Prod$/m)
  await at.did('apply', at.folder)
  await requireSame()

  const text = await at.read(pools)
  const [, us] = /( {6}- name: us [\s\S]*)$/.exec(text)!
  const moved = us!
    .replaceAll(/^ {4}/gm, '')
    .replace('name: us', 'name: america')
    .replace('    locale', '    scope: main/overlap\n    family: ipv4\n    locale')
  await at.write(pools, text.replace(us!, moved))
  const { code, output } = await at.cadastre('plan', at.folder)
  assert.equal(code, 1)
  assert.match(
    output,
    /^pools\/main\/private\/company\.yaml:\d+:5: pool main\/overlap\/america: this is `main\/private\/company\/us` \(ipam-pool-\w+\), which would be moved and called otherwise at the same time: a pool stays where it was made/m,
  )
})

test('what is called otherwise in case alone is another thing, and the plan says so once', async () => {
  const text = (await at.read(pools)).replaceAll(/ # .*$/gm, '').replace('name: company', 'name: Company')
  await at.write('pools/other.yaml', text)
  const { output } = await at.cadastre('plan', at.folder)
  assert.equal(output.match(/differs in case alone/g)?.length, 1)
  assert.match(
    output,
    /^\+ pool `main\/private\/Company` [^+~]*^ {4}differs in case alone from `main\/private\/company`, which is another one/m,
  )
  // What is exported of both is two files where case counts for nothing, too.
  const { privateScopeId: scopeId } = await at.world.get<{ privateScopeId: string }>('/ipams/main')
  const { poolId } = await at.world.post<{ poolId: string }>('/pools', { scopeId, family: 'ipv4', name: 'Company' })
  await rm(join(at.folder, 'pools/other.yaml'))
  await at.did('export', '--dir', at.folder)
  const found = Object.keys(await filesIn(at.folder)).map((file) => file.toLowerCase())
  assert.deepEqual(found.filter((file) => file.includes('/company')).sort(), [
    'pools/main/private/company-2.yaml',
    'pools/main/private/company.yaml',
  ])
  await requireSame()
  const { status } = await at.world.ask('DELETE', `/pools/${poolId}`, {})
  assert(status < 300)
})

test('what is closed is in the files as that, what is gone is not, and what names it comes through a round trip', async () => {
  const account = '777777777777'
  const { rootId } = await at.world.get<{ rootId: string }>('/organization')
  await at.world.post('/accounts', { account, name: 'leaving', parentId: rootId })
  await at.world.post('/role-bindings', { principal: 'user:last', role: 'auditor', node: account })
  const { poolId } = await at.world.get<{ poolId: string }>('/pools/company%2Fus')
  const { sharedWith } = await at.world.get<{ sharedWith: string[] }>(`/pools/${poolId}`)
  const share = (nodes: readonly string[]) => at.world.ask('PATCH', `/pools/${poolId}`, { body: { sharedWith: nodes } })
  assert.equal((await share([...sharedWith, account])).status, 200)
  for (const step of ['close', 'remove']) {
    const [method, path] = step === 'remove' ? ['DELETE', ''] : ['POST', `/${step}`]
    const { status, body } = await at.world.ask(method as 'POST', `/accounts/${account}${path}`, {})
    assert(status < 300, JSON.stringify(body))
    await at.did('export', '--dir', at.folder)
    const written = /- name: leaving\n +account: "777777777777"\n +status: closed\n/
    assert.equal(written.test(await at.read('organization.yaml')), step === 'close')
    assert.match(await at.read(pools), step === 'close' ? /- leaving$/m : /- "777777777777"$/m)
    await requireSame()
  }
  // A number that nobody has is still told.
  await at.edit(pools, '777777777777', '777777777778')
  assert.match((await at.cadastre('plan', at.folder)).output, /there is no account of this name `777777777778`/)
  assert.equal((await share(sharedWith)).status, 200)
})

test('accounts are suspended, resumed and closed by files, and one of which they say nothing is left as it is', async () => {
  const { items } = await at.world.get<{ items: { account: string }[] }>('/accounts')
  assert(!items.some(({ account }) => account === '888888888888'))
  const statusOf = async () => (await at.world.get<{ status: string }>('/accounts/888888888888')).status
  const tester = '          account: "444444444444"\n'
  const says = (status: string) => `        - name: turned\n          account: "888888888888"\n${status}`
  await at.edit('organization.yaml', tester, tester + says('          status: suspended\n'))
  await at.did('apply', at.folder)
  assert.equal(await statusOf(), 'suspended')
  assert.equal(await at.did('plan', at.folder), nothing)
  await at.edit('organization.yaml', says('          status: suspended\n'), says(''))
  assert.equal(await at.did('plan', at.folder), nothing)
  await at.edit('organization.yaml', says(''), says('          status: active\n'))
  assert.match(await at.did('plan', at.folder), /^ {4}status: suspended → active$/m)
  await at.did('apply', at.folder)
  assert.equal(await statusOf(), 'active')
  await at.edit('organization.yaml', 'status: active', 'status: closed')
  await at.did('apply', at.folder)
  assert.equal(await statusOf(), 'closed')
  await requireSame()
  await at.edit('organization.yaml', 'status: closed', 'status: active')
  assert.match(
    (await at.cadastre('plan', at.folder)).output,
    /^The server would refuse it, at `888888888888`: .*closed/m,
  )
  await at.edit('organization.yaml', says('          status: active\n'), '')
  assert.match(await at.did('apply', at.folder, '--remove'), /^- account `888888888888`/m)
})

test('candidates and drafts of a server are in the files, and a round trip changes nothing', async () => {
  const { policyId } = await at.world.get<{ policyId: string }>('/policies/networks')
  const document = { locale: 'us-east-1', resourceType: 'vpc', rules: [{ poolId: 'company/us' }] }
  const draft = async (documents: readonly object[]) =>
    (await at.world.post<{ version: number }>(`/policies/${policyId}/versions`, { documents })).version
  const target = await at.world.get<{ unitId: string }>('/organizational-units/Prod')
  const candidate = `/policies/${policyId}/assignments/${target.unitId}/candidate`
  const [tried, left] = [await draft([document]), await draft([])]
  // The same once more is no other draft.
  await draft([document])
  assert.equal((await at.world.ask('PUT', candidate, { body: { version: tried, mode: 'observe' } })).status, 200)
  await at.did('export', '--dir', at.folder)
  const text = (await at.read(policy)).replaceAll(/ #.*/g, '')
  const { mode } = await at.world.get<{ mode: string }>(`/policies/${policyId}/assignments/${target.unitId}`)
  assert(
    text.includes(
      `    drafts:
      - name: version-${tried}
        documents:
          - locale: us-east-1
            resourceType: vpc
            rules:
              - pool: main/private/company/us
      - name: version-${left}
    assignments:
      - target: /Prod
        kind: default
        mode: ${mode}
        candidate:
          draft: version-${tried}
          mode: observe
`,
    ),
    text,
  )
  await requireSame()
  // What it is called is the file's own matter.
  await at.write(policy, (await at.read(policy)).replaceAll(`version-${tried}`, 'wider'))
  assert.equal(await at.did('plan', at.folder), nothing)
  const { body } = await at.world.ask<{ version: number }>('GET', candidate)
  assert.equal(body.version, tried)
  // Where the assignment has become what its candidate was, nothing is tried any more, and no server would take it as one.
  const assignment = `/policies/${policyId}/assignments/${target.unitId}`
  const put = async (path: string, body: object) =>
    assert.equal((await at.world.ask('PUT', path, { body })).status, 200)
  await put(candidate, { mode: 'observe' })
  await put(assignment, { kind: 'default', mode: 'observe' })
  await at.did('export', '--dir', at.folder)
  assert.doesNotMatch(await at.read(policy), /candidate:/)
  await requireSame()
  await put(assignment, { kind: 'default', mode })
  await put(candidate, { version: tried, mode: 'observe' })
  await at.did('export', '--dir', at.folder)
})

test('a draft is written, tried as a candidate and made what is in force by files alone', async () => {
  const candidate = async () => {
    const { items } = await at.world.get<{ items: { version?: number; mode?: string }[] }>('/candidates')
    return items.map(({ version, mode }) => [version, mode])
  }
  const drafted = (length: number) => `    drafts:
      - name: next
        documents:
          - locale: us-east-1
            resourceType: vpc
            rules:
              - pool: main/private/company/us
            size:
              min: 20
              default: ${length}
              max: 28
`
  const [head, rest] = ['    assignments:\n', '      - target: /Prod\n        kind: default\n        mode: ']
  const before = (await at.read(policy))
    .replace(/ {4}drafts:\n[\s\S]*(?= {4}assignments:)/, '')
    .replaceAll(/ {8}candidate:\n( {10}.*\n)+/g, '')
  const [, mode] = new RegExp(`${rest}(\\w+)\n`).exec(before)!
  const tried = `${rest}${mode}\n        candidate:\n          draft: next\n`
  const trying = (length: number) => before.replace(head, drafted(length) + head).replace(`${rest}${mode}\n`, tried)
  await at.write(policy, trying(21))
  const text = await at.did('plan', at.folder)
  assert.match(text, /^ {4}drafts next: \{"compatibility":/m)
  assert.match(text, /^ {4}assignments \/Prod, candidate: .*\{"draft":"next"\}$/m)
  await at.did('apply', at.folder)
  assert.equal(await at.did('plan', at.folder), nothing)
  const [[first]] = (await candidate()) as [[number]]
  await at.write(policy, trying(22))
  await at.did('apply', at.folder)
  assert.deepEqual(await candidate(), [[first + 1, undefined]])
  // As it was: the version that says so is there.
  await at.write(policy, trying(21))
  assert.doesNotMatch(await at.did('plan', at.folder), /drafts next/)
  await at.did('apply', at.folder)
  assert.deepEqual(await candidate(), [[first, undefined]])
  await at.write(policy, before.replace(/default: \d+\n/, 'default: 21\n'))
  await at.did('apply', at.folder)
  assert.deepEqual(await candidate(), [])
  await at.did('export', '--dir', at.folder)
  assert.equal(await at.did('plan', at.folder), nothing)
  // All of it at once, of a policy that is new.
  await at.write(
    'new.yaml',
    `cadastre: 1
policies:
  - name: newer
    ipam: main
    contact: net@example.com
    drafts:
      - name: next
        compatibility: aws
        documents: []
    assignments:
      - target: /Lab
        candidate:
          draft: next
          mode: observe
`,
  )
  await at.did('apply', at.folder)
  assert.deepEqual(await candidate(), [[2, 'observe']])
  assert.equal(await at.did('plan', at.folder), nothing)
  await at.edit('new.yaml', 'draft: next', 'draft: nxt')
  assert.match(
    (await at.cadastre('validate', at.folder)).output,
    /^new.yaml:13:11: .*candidate\.draft: the policy has no draft of this name `nxt`\. Did you mean `next`\?$/m,
  )
  await at.edit('new.yaml', '          draft: nxt\n          mode: observe\n', '          {}\n')
  assert.match((await at.cadastre('validate', at.folder)).output, /it says neither a `draft` nor a `mode`/)
  await rm(join(at.folder, 'new.yaml'))
  await at.did('apply', at.folder, '--remove')
})

test('pools inside of networks and what exceptions grant are there to be read, and nobody runs the IPAM where `null` says so', async () => {
  const space = { account: '222222222222', resourceType: 'vpc', resourceId: 'vpc-0a1', locale: 'us-east-1' }
  const block = { poolId: 'company/us', netmaskLength: 24 }
  const network = await at.world.post<{ allocationId: string }>('/allocations', { ...space, ...block })
  const divided = { name: 'hosts', sourceAllocationId: network.allocationId }
  const inside = await at.world.post<{ poolId: string }>('/pools', divided)
  await at.world.post('/exceptions', {
    target: '333333333333',
    locale: 'us-east-1',
    resourceType: 'vpc',
    grants: { pools: ['company/us'] },
    reason: 'to be read',
    for: '30d',
  })
  await at.did('export', '--dir', at.folder)
  const networks = await at.read('networks.yaml')
  for (const line of [`poolId: ${inside.poolId}`, 'name: hosts', `network: ${network.allocationId}`])
    assert(networks.includes(line), networks)
  const exceptions = await at.read('exceptions.yaml')
  assert.match(exceptions, /target: shop\n[\s\S]*pools:\n +- main\/private\/company\/us\n[\s\S]*reason: to be read/)
  await requireSame()

  for (const path of [`/pools/${inside.poolId}`, `/allocations/${network.allocationId}`])
    assert.equal((await at.world.ask('DELETE', path, {})).status, 204)
  await at.edit('organization.yaml', 'ipamAdministrator: network', 'ipamAdministrator: null')
  const { output } = await at.cadastre('plan', at.folder)
  assert.match(output, /^ {4}ipamAdministrator: 222222222222 → nothing$/m)
})

test('what files name and do not have is not removed under them', async () => {
  const text = await at.read('organization.yaml')
  await at.write('organization.yaml', text.replace(/ {4}- name: Lab[\s\S]*?(?= {4}- name: |$)/, ''))
  await at.write(
    'roles.yaml',
    `${await at.read('roles.yaml')}  - principal: user:late\n    role: auditor\n    node: /Lab\n`,
  )
  const { code, output } = await at.cadastre('plan', at.folder, '--remove')
  assert.equal(code, 1)
  assert.match(output, /node: the server has this unit, the files do not, and it would be removed `\/Lab`/)
  // What is kept can be named.
  assert.match(await at.did('plan', at.folder), /^unit `\/Lab`/m)
})

test('a plan that was made for another state is refused, and changes nothing', async () => {
  await at.edit(policy, 'contact: net@example.com', 'contact: networks@example.com')
  const file = join(at.folder, '..', `plan-${process.pid}.json`)
  await at.did('plan', at.folder, '--out', file)
  await at.world.post('/pools', { scopeId: 'main/overlap', family: 'ipv4', name: 'meanwhile' })
  const late = await at.cadastre('apply', file)
  assert.equal(late.code, 6)
  assert.match(late.errors, /It has changed since you read it/)
  assert.match(await at.did('plan', at.folder), /^ {4}contact: net@example.com → networks@example.com$/m)
  await at.did('plan', at.folder, '--out', file)
  assert.match(await at.did('apply', file), /Done, all of it/)
  await writeFile(file, (await readFile(file, 'utf8')).replace('"cadastrePlan":1', '"cadastrePlan":2'))
  assert.match((await at.cadastre('apply', file)).errors, /a plan of another version/)
  await writeFile(file, 'no plan')
  assert.match((await at.cadastre('apply', file)).errors, /neither a directory nor a plan/)
  await rm(file)
})

test('what was changed on the server and not in the files is shown with who did it', async () => {
  const { policyId } = await at.world.get<{ policyId: string }>('/policies/networks')
  const { status } = await at.world.ask('PATCH', `/policies/${policyId}`, { body: { contact: 'somebody@example.com' } })
  assert.equal(status, 200)
  const text = await at.did('plan', at.folder)
  assert.match(text, /^ {4}contact: somebody@example.com → net(works)?@example.com$/m)
  assert.match(text, /^ {4}changed on the server: updatePolicy by \S+:user\/admin at \d{4}-/m)
  const markdown = await at.did('plan', at.folder, '--markdown')
  assert.match(
    markdown,
    /^### Cadastre plan\n\nTo create: 0\. To change: 1\. To remove: 0\.\n\n```diff\n! policy `main\/networks`/,
  )
  await at.did('apply', at.folder)
})

test('what the server would refuse is said with what it is about, and nothing is half done', async () => {
  await at.edit(pools, '      - 10.0.0.0/8', '      - 10.0.0.0/8\n      - 10.200.0.0/16')
  await at.edit(policy, 'mode: observe', 'mode: warn')
  const planned = await at.cadastre('plan', at.folder)
  assert.equal(planned.code, 6)
  assert.match(
    planned.output,
    /^The server would refuse it, at `main\/private\/company`: Number 0: .* \(CidrConflict\)$/m,
  )
  const before = await epoch()
  const simulated = await at.cadastre('simulate', '--dir', at.folder)
  assert.deepEqual(
    [simulated.code, simulated.errors.includes('The server would refuse it, at `main/private/company`')],
    [6, true],
  )
  assert.equal((await at.cadastre('apply', at.folder)).code, 6)
  assert.equal(await epoch(), before)
})

test('what would comply no more is part of the plan', async () => {
  const space = { account: '222222222222', resourceType: 'custom', locale: 'us-east-1', poolId: 'company/us' }
  await at.world.post('/allocations', { ...space, netmaskLength: 24 })
  await at.edit(
    pools,
    '        locale: us-east-1\n',
    '        locale: us-east-1\n        minNetmaskLength: 26\n        defaultNetmaskLength: 27\n        maxNetmaskLength: 28\n',
  )
  assert.match(
    await at.did('plan', at.folder),
    /^Of \d+ spaces in use that it touches, 1 would comply no more, and 0 would again\.\n {2}account 222222222222, custom: 1 no more, 0 again$/m,
  )
  const whole = JSON.parse(await at.did('plan', at.folder, '-o', 'json')) as { impact: { noncompliant: number } }
  assert.equal(whole.impact.noncompliant, 1)
})

test('where its public space comes from is chosen by the server, where the file of a pool says nothing', async () => {
  await at.write(
    'pools/outside.yaml',
    'cadastre: 1\npools:\n  - name: outside\n    scope: main/public\n    family: ipv4\n',
  )
  await at.did('apply', at.folder)
  assert.equal(await at.did('plan', at.folder), nothing)
  await rm(join(at.folder, 'pools/outside.yaml'))
  await at.did('apply', at.folder, '--remove')
})

test('a directory is simulated as it would be applied, and what is wrong with it is said before', async () => {
  assert.equal(
    await at.did('simulate', '--dir', at.folder),
    'The server is as the files say: there is nothing to simulate.\n',
  )
  await at.edit(policy, 'mode: observe', 'mode: enforce')
  const before = await epoch()
  const simulated = at.did('simulate', '--dir', at.folder, '-o', 'json')
  const jobs = workplaceOf(at.world)
  // The command asks for it and waits: it is done as soon as it is there.
  while (!(await simulate.isDue(jobs))) await new Promise(setImmediate)
  await simulateAll(jobs)
  const { status, groups } = JSON.parse(await simulated) as { status: string; groups: readonly object[] }
  assert.deepEqual([status, Array.isArray(groups), await epoch()], ['done', true, before])
  const refused = await at.cadastre('simulate', '--dir', at.folder, '--operations', '[]')
  assert.deepEqual([refused.code, refused.errors.includes('Give one of `--dir`')], [2, true])
  assert.equal((await at.cadastre('simulate', '--operations', '[]', '--remove')).code, 2)
  assert.equal((await at.cadastre('simulate', '--simulation', 'simulation-0', '--days', '7')).code, 2)
  await at.edit(policy, 'mode: enforce', 'mode: strictly')
  const wrong = await at.cadastre('simulate', '--dir', at.folder)
  assert.deepEqual([wrong.code, `${wrong.output}${wrong.errors}`.includes('.mode: ')], [1, true])
})
