// IPAMs of one name, of several accounts: whoever calls theirs like the company's gets nothing of what the files say.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, beforeEach, test } from 'node:test'
import { type FilesWorld, foundCompany, openFilesWorld } from '../../test/files-world.ts'

const ipamFile = 'ipams/main.yaml'
const pools = 'pools/main/private/company.yaml'
const member = '555555555555'
const other = '666666666666'
const nothing = 'Nothing to change: the server is as the files say.\n'
const branch = `cadastre: 1
pools:
  - name: branch
    scope: main/private
    family: ipv4
    locale: us-east-1
    cidrs: [172.16.0.0/16]
policies:
  - name: branches
    ipam: main
    documents:
      - locale: us-east-1
        resourceType: subnet
        rules:
          - pool: main/private/branch
`

let at: FilesWorld
let own: string
before(async () => {
  at = await openFilesWorld()
  // Of a member, and older than the company's.
  const { rootId } = await at.world.get<{ rootId: string }>('/organization')
  await at.world.post('/accounts', { account: member, name: 'member', parentId: rootId })
  const regions = { OperatingRegions: [{ RegionName: 'us-east-1' }] }
  const { Ipam } = await at.world.call('CreateIpam', regions, { account: member })
  own = Ipam!.IpamId!
  at.world.advance(1_000)
  await foundCompany(at)
  const tags = { Resources: [own], Tags: [{ Key: 'Name', Value: 'main' }] }
  await at.world.call('CreateTags', tags, { account: member })
})
beforeEach(async () => {
  await rm(at.folder, { recursive: true })
  await at.did('export', '--dir', at.folder)
})
after(() => at.close())

/** As somebody writes them who knows no ids. */
async function withoutComments(): Promise<void> {
  for (const file of [ipamFile, pools, 'policies/main/networks.yaml', 'roles.yaml', 'organization.yaml'])
    await at.write(file, (await at.read(file)).replaceAll(/ # .*$/gm, ''))
}

test('the name is of the one that belongs to the account which the files say, however old the others are', async () => {
  assert.match(await at.read(ipamFile), /account: network/)
  assert.equal(await at.did('plan', at.folder), nothing)
  await withoutComments()
  assert.equal(await at.did('plan', at.folder), nothing)
})

test('files that say no owner mean the one that the server takes for it, and the plan says whose that is', async () => {
  await rm(at.folder, { recursive: true })
  await at.did('export', '--dir', at.folder)
  await rm(`${at.folder}/ipams`, { recursive: true })
  await at.edit('about.yaml', 'ipams: []\n', '')
  await at.write('branch.yaml', branch)
  const planned = await at.did('plan', at.folder)
  assert.match(planned, /^\+ pool `main\/private\/branch` of 222222222222 \(branch.yaml:3\)$/m)
  assert.match(planned, /^\+ policy `main\/branches` of 222222222222 \(/m)
  assert.doesNotMatch(planned, new RegExp(member))
})

test('where it could be either, none is meant, and the ids are said', async () => {
  const { rootId } = await at.world.get<{ rootId: string }>('/organization')
  await at.world.post('/accounts', { account: other, name: 'other', parentId: rootId })
  const ids = [own]
  const { Ipam } = await at.world.call(
    'CreateIpam',
    { OperatingRegions: [{ RegionName: 'us-east-1' }] },
    { account: other },
  )
  ids.push(Ipam!.IpamId!)
  for (const [index, account] of [member, other].entries())
    await at.world.call(
      'CreateTags',
      { Resources: [ids[index]!], Tags: [{ Key: 'Name', Value: 'twice' }] },
      { account },
    )
  const file = branch.replaceAll('main', 'twice')
  await at.write('branch.yaml', file)
  const { code, output, errors } = await at.cadastre('plan', at.folder)
  assert.equal(code, 1)
  for (const id of ids) assert.match(output + errors, new RegExp(`several IPAMs are called .twice.: say the id.*${id}`))
  await at.write('branch.yaml', file.replaceAll('twice', ids[1]!))
  assert.match(await at.did('plan', at.folder), new RegExp(`^\\+ pool \`${ids[1]}/private/branch\` of ${other} `, 'm'))
})

test('two policies of one name go by their ids, whichever is older', async () => {
  const ipam = (await at.world.get<{ items: { ipamId: string; name?: string }[] }>('/ipams')).items.find(
    ({ name }) => name === 'main',
  )!
  const { policyId } = await at.world.post<{ policyId: string }>('/policies', { ipamId: ipam.ipamId })
  const tags = { Resources: [policyId], Tags: [{ Key: 'Name', Value: 'networks' }] }
  await at.world.call('CreateTags', tags, { account: '222222222222' })
  // The comment behind the name says which.
  assert.match(await at.did('plan', at.folder), /^Nothing to change\.$/m)
  await withoutComments()
  const { code, output, errors } = await at.cadastre('plan', at.folder)
  assert.equal(code, 1)
  assert.match(output + errors, new RegExp(`several policies are called .main/networks.*${policyId}`))
})
