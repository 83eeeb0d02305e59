// What stands in networks is changed at random, part by part and tag by tag. The history keeps what has changed of it: each version is compared with
// a ledger of all that the object was then, and with what was kept for it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { tagsOf } from '../../../test/acme.ts'
import { choicesOf } from '../../../test/random.ts'
import { openWorld, type World } from '../../../test/world.ts'

const seed = Number(process.env.CADASTRE_DRIVE_SEED ?? 20_261_201)
const steps = 120

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world.close())

/** All that an object is now, read from its own tables. */
const stateOf = (id: string) =>
  world.store.read(async ({ networkObjects, tags }) => {
    const object = (await networkObjects.find(id))!
    const parts = (await networkObjects.partsOf([id])).get(id) ?? []
    return JSON.parse(JSON.stringify(networkObjects.forHistory(object, parts, await tags.of(id)))) as object
  })
const plain = (value: object): object => JSON.parse(JSON.stringify(value)) as object

async function largeGroup(rules: number) {
  const { Vpc } = await world.call('CreateVpc', { CidrBlock: '10.0.0.0/16' })
  const VpcId = Vpc!.VpcId!
  const { GroupId } = await world.call('CreateSecurityGroup', { VpcId, GroupName: 'large', Description: 'large' })
  const id = GroupId!
  await world.call('AuthorizeSecurityGroupIngress', { GroupId: id, IpPermissions: Array.from({ length: rules }, rule) })
  return { id, VpcId }
}
const rule = (_: unknown, index: number, Description = 'd'.repeat(100)) => ({
  ...{ IpProtocol: 'tcp', FromPort: 1_000 + index, ToPort: 1_000 + index },
  IpRanges: [{ CidrIp: '192.0.2.0/24', Description }],
})

test(`the history tells every version of what was changed by its parts and tags (seed ${seed})`, async () => {
  const draw = choicesOf(seed)
  const below = (count: number) => draw.between(0, count - 1)
  const { id, VpcId } = await largeGroup(30)
  const { NetworkAcl } = await world.call('CreateNetworkAcl', { VpcId })
  const acl = NetworkAcl!.NetworkAclId!
  const ids = [id, acl, VpcId]
  const permissions = new Set(Array.from({ length: 30 }, (_, index) => index))
  const entries = new Set<number>()
  const ledgers = new Map<string, Map<number, { readonly at: number; readonly state: object }>>(
    [id, acl].map((each) => [each, new Map()]),
  )

  async function putEntry(RuleNumber: number): Promise<void> {
    const entry = {
      ...{
        NetworkAclId: acl,
        RuleNumber,
        Protocol: '-1',
        RuleAction: draw.pick(['allow', 'deny'] as const),
        Egress: false,
      },
      CidrBlock: `10.${below(200)}.0.0/16`,
    }
    await world.call(entries.has(RuleNumber) ? 'ReplaceNetworkAclEntry' : 'CreateNetworkAclEntry', entry)
    entries.add(RuleNumber)
  }
  const changes: (() => Promise<unknown>)[] = [
    async () => {
      const GroupId = id
      const port = below(60)
      const IpPermissions = [rule(0, port, `words ${below(9)}`)]
      if (!permissions.has(port)) await world.call('AuthorizeSecurityGroupIngress', { GroupId, IpPermissions })
      else if (draw.chance(0.5))
        await world.call('UpdateSecurityGroupRuleDescriptionsIngress', { GroupId, IpPermissions })
      else {
        await world.call('RevokeSecurityGroupIngress', { GroupId, IpPermissions })
        permissions.delete(port)
        return
      }
      permissions.add(port)
    },
    () => putEntry(1 + below(60)),
    async () => {
      const [RuleNumber] = entries
      if (RuleNumber === undefined) return
      await world.call('DeleteNetworkAclEntry', { NetworkAclId: acl, RuleNumber, Egress: false })
      entries.delete(RuleNumber)
    },
    () =>
      world.call('CreateTags', {
        Resources: ids.filter(() => draw.chance(0.5)).concat(id),
        Tags: tagsOf({ [draw.pick(['__proto__', '10', '9', 'a', 'team'])]: `${below(4)}`.repeat(1 + below(200)) }),
      }),
    () => world.call('DeleteTags', { Resources: ids, Tags: [{ Key: draw.pick(['__proto__', '10', 'a']) }] }),
  ]
  for (const number of Array.from({ length: 30 }, (_, index) => 100 + index)) await putEntry(number)

  for (let step = 0; step < steps; step++) {
    world.advance(1_000)
    await draw.pick(changes)()
    for (const [each, ledger] of ledgers) {
      const version = await world.store.read(({ history }) => history.latestVersion(each))
      const state = await stateOf(each)
      if (!ledger.has(version)) ledger.set(version, { at: await world.store.read(async ({ now }) => now), state })
      assert.deepEqual(ledger.get(version)!.state, state, `step ${step}: nothing of ${each} changes without a version`)
    }
  }
  assert.ok(ledgers.get(id)!.size > 40 && ledgers.get(acl)!.size > 20, 'most of it changes something')

  await world.store.read(async ({ history }) => {
    for (const [each, ledger] of ledgers) {
      const all = new Map((await history.versions(each)).map((version) => [version.version, version]))
      const newestFirst = await history.versionsBefore(each, Number.MAX_SAFE_INTEGER, 7)
      const named = await history.findVersions([...ledger.keys()].map((version) => [each, version] as const))
      const lengths = await history.lengthsOf([...ledger.keys()].map((version) => [each, version] as const))
      for (const [version, { at, state }] of ledger) {
        const then = (await history.asOf(each, at))!
        const [among] = await history.asOfMany([[each, at]])
        for (const found of [all.get(version)!, named.get(`${each}/${version}`)!, then, among!]) {
          assert.equal(found.version, version)
          assert.deepEqual(plain(history.bodyOf(found)), state)
        }
        const length = JSON.stringify(state).length
        assert.ok(lengths.get(`${each}/${version}`)! >= length * 0.9, 'what it takes to read one is not told too low')
      }
      const [last] = newestFirst
      const latest = [await history.latest(each), (await history.findLatest(ids)).get(each), last]
      for (const found of latest) assert.deepEqual(plain(history.bodyOf(found!)), await stateOf(each))
      const kept = [...all.values()]
      assert.ok(
        kept.some(({ since }) => since !== undefined),
        'some say what has changed',
      )
      for (const { version, since, behind = [] } of kept)
        assert.equal(behind.length, since === undefined ? 0 : version - since)
    }
  })
})

test('D8 a change of one rule keeps what a rule takes, and tags of many groups read none of their rules', async () => {
  const { id } = await largeGroup(200)
  const keptOf = async () => {
    const [row] = await world.database.select(
      `select count(*) as versions, sum(octet_length(body)) as bytes from history where object_id = '${id}'`,
    )
    return { versions: Number(row!.versions), bytes: Number(row!.bytes) }
  }
  const before = await keptOf()
  for (let n = 0; n < 10; n++) {
    const IpPermissions = [rule(0, 5, `words ${n}`)]
    await world.call('UpdateSecurityGroupRuleDescriptionsIngress', { GroupId: id, IpPermissions })
    await world.call('CreateTags', { Resources: [id], Tags: tagsOf({ team: `${n}` }) })
  }
  const after = await keptOf()
  assert.equal(after.versions, before.versions + 20)
  assert.ok(after.bytes - before.bytes < 20 * 1_000, `${after.bytes - before.bytes} bytes`)
})
