// Dry runs that policy denies: on record, so that nobody probes it unseen.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { lab, openAcme, root, shop } from '../../test/acme.ts'
import { type Native, withNativeApi } from '../../test/native-world.ts'

interface Change {
  readonly changeId: string
  readonly outcome: string
  readonly isDryRun?: true
}
type World = Awaited<ReturnType<typeof openAcme>> & Native

let acme: World
before(async () => {
  acme = await withNativeApi(await openAcme())
})
after(() => acme.close())

const decision = (id: string) => acme.get<{ outcome: string; isDryRun?: true }>(`/decisions/${id}`)
const eip = (account: string, more: object = {}) => ({ account, resourceType: 'eip', locale: 'us-east-1', ...more })
/** The one entry of a request. */
async function changeOf(work: () => Promise<unknown>): Promise<Change> {
  const { nextCursor } = await acme.get<{ nextCursor: string }>('/changes?latest=true')
  await work()
  const { items } = await acme.get<{ items: Change[] }>(`/changes?cursor=${nextCursor}`)
  assert.equal(items.length, 1)
  return items[0]!
}

test('a dry run that policy denies is on record as one, whichever operation of both APIs asks it', async () => {
  const as = { account: shop }
  const space = await acme.pool({ scope: 'private', cidr: '10.55.0.0/16' })
  assert.equal((await acme.ask('PATCH', `/pools/${space}`, { body: { sharedWith: [root] } })).status, 200)
  const { Vpc } = await acme.call('CreateVpc', { CidrBlock: '10.250.0.0/16' }, as)
  const VpcId = Vpc!.VpcId!
  const held = await acme.post<{ allocationId: string }>('/allocations', eip(shop, { hold: { expiresInSeconds: 600 } }))
  const policy = await acme.policy()
  const put = async (path: string, body: object) =>
    assert.ok((await acme.ask('PUT', `/policies/${policy}${path}`, { body })).status < 300, path)
  for (const type of ['eip', 'vpc', 'subnet', 'custom']) {
    const poolId = type === 'eip' ? await acme.pool() : space
    await put(`/documents/us-east-1/${type}`, { rules: [{ poolId }], requiredTags: [{ key: 'nobody-has-it' }] })
  }
  await put(`/assignments/${shop}`, { kind: 'default', mode: 'enforce' })

  const native =
    (path: string, body: object = {}) =>
    () =>
      acme.ask('POST', `${path}?dryRun=true`, { body })
  const ec2 = (name: Parameters<World['call']>[0], input: object) => () =>
    acme.call(name, { ...input, DryRun: true } as never, as).catch(() => undefined)
  const custom = { account: shop, resourceType: 'custom', locale: 'us-east-1', poolId: space, netmaskLength: 28 }
  for (const [name, work] of Object.entries({
    AllocateAddress: ec2('AllocateAddress', {}),
    AllocateIpamPoolCidr: ec2('AllocateIpamPoolCidr', { IpamPoolId: space, NetmaskLength: 28 }),
    previewed: ec2('AllocateIpamPoolCidr', { IpamPoolId: space, NetmaskLength: 28, PreviewNextCidr: true }),
    CreateVpc: ec2('CreateVpc', { Ipv4IpamPoolId: space, Ipv4NetmaskLength: 24 }),
    AssociateVpcCidrBlock: ec2('AssociateVpcCidrBlock', { VpcId, Ipv4IpamPoolId: space, Ipv4NetmaskLength: 24 }),
    CreateSubnet: ec2('CreateSubnet', { VpcId, CidrBlock: '10.250.1.0/24' }),
    createAllocation: native('/allocations', eip(shop)),
    ofCustom: native('/allocations', custom),
    hold: native('/allocations', eip(shop, { hold: { expiresInSeconds: 60 } })),
    createAllocations: native('/allocations/batch', { allocations: [eip(lab), eip(shop)] }),
    confirmAllocation: native(`/allocations/${held.allocationId}/confirm`),
  })) {
    const change = await changeOf(work)
    assert.equal(change.isDryRun, true, name)
    const { decisionIds } = await acme.get<{ decisionIds: string[] }>(`/changes/${change.changeId}`)
    const decisions = await Promise.all(decisionIds.map(decision))
    assert.deepEqual(
      decisions.map(({ outcome, isDryRun }) => [outcome, isDryRun]),
      [['deny', true]],
      `${name}: ${change.outcome}`,
    )
  }
  await acme.ask('DELETE', `/policies/${policy}/assignments/${shop}`)
})
