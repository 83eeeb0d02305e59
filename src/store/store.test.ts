// What a transaction keeps, whichever database is below it. How works share one is told in group-commit.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCidr } from '#model/cidr.ts'
import { openWorld, type World } from '../../test/world.ts'

const entry = (n: number, extra: object = {}) => ({
  n,
  at: 0,
  requestId: `request-${n}`,
  account: '111111111111',
  principal: 'somebody',
  accessKeyId: 'AKIA',
  sourceAddress: '127.0.0.1',
  region: 'us-east-1',
  action: 'Test',
  outcome: 'Success',
  subjects: [],
  ...extra,
})

const inWorld = (title: string, run: (world: World) => Promise<void>): void => {
  test(title, async () => {
    const world = await openWorld()
    try {
      await run(world)
    } finally {
      await world.close()
    }
  })
}
inWorld('a transaction reads what it wrote a moment ago', async (world) => {
  await world.store.write(async (tx) => {
    const n = tx.nextSequence()
    await tx.journal.record(entry(n))
    assert.equal((await tx.journal.findEntry(n))?.request_id, `request-${n}`)
  })
})

inWorld(
  'I5 a client token is found by the same transaction, by the next, and not once it is forgotten',
  async (world) => {
    const token = new Uint8Array(16).fill(7)
    const parameters = new Uint8Array(16).fill(9)
    await world.store.write(
      async (tx) => {
        const n = tx.nextSequence()
        await tx.journal.record(entry(n, { token, parameters, result: '{"a":"é\\"\\\\"}' }))
        await tx.tokens.keep(token, n, tx.now)
        assert.equal((await tx.tokens.find(token))?.result, '{"a":"é\\"\\\\"}')
      },
      { token },
    )
    await world.store.write(
      async (tx) => {
        const use = await tx.tokens.find(token)
        assert.deepEqual(Buffer.from(use!.parameters), Buffer.from(parameters))
        tx.tokens.touch()
      },
      { token },
    )
    assert.equal(await world.store.write((tx) => tx.tokens.forget(tx.now + 1, 10)), 1)
    assert.equal(await world.store.write((tx) => tx.tokens.find(token), { token }), undefined)
  },
)

inWorld('names are in the order of their bytes', async (world) => {
  const names = ['b', 'B', 'a', 'é', 'Z', '_', 'ä', '']
  const resource = { id: 'x', type: 'vpc', account: '111111111111' }
  await world.store.write(async (tx) => {
    for (const name of names) await tx.tags.put(resource, [{ key: name, value: 'x' }])
  })
  const stored = await world.store.read((tx) => tx.tags.of('x'))
  assert.deepEqual(
    stored.map(({ key }) => key),
    names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  )
})

inWorld('I7 what is on record cannot be changed or taken away', async (world) => {
  await world.store.write(async (tx) => tx.journal.record(entry(tx.nextSequence())))
  const guarded = ['update audit_entry set outcome = 1', 'delete from audit_entry', 'update origin set region = 1']
  for (const sql of guarded) await assert.rejects(world.database.execute(sql), /immutable|kept/)
})

inWorld('I7 an interval of the history that was closed stays as it is, and none is taken away', async (world) => {
  const object = { id: 'object', kind: 'pool', account: '111111111111' }
  for (const body of [{ version: 1 }, { version: 2 }, { version: 3 }])
    await world.store.write((tx) => tx.history.changed(object, body))
  for (const sql of [
    'update history set until_at = null where version = 1',
    'update history set until_at = 5 where version = 2',
    'delete from history where version = 3',
  ])
    await assert.rejects(world.database.execute(sql), /immutable|kept/, sql)
  const versions = await world.store.read((tx) => tx.history.versions('object'))
  assert.deepEqual(
    versions.map(({ untilAt }) => untilAt === undefined),
    [false, false, true],
  )
})

inWorld('a hundred works at once all find their own space', async (world) => {
  const { Ipam } = await world.call('CreateIpam', {})
  const { IpamPool } = await world.call('CreateIpamPool', {
    IpamScopeId: Ipam!.PrivateDefaultScopeId!,
    AddressFamily: 'ipv4',
  })
  const IpamPoolId = IpamPool!.IpamPoolId!
  await world.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr: '10.0.0.0/16' })
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      world.call('AllocateIpamPoolCidr', { IpamPoolId, NetmaskLength: index % 2 === 0 ? 24 : 26 }),
    ),
  )
  const taken = answers.map(({ IpamPoolAllocation }) => IpamPoolAllocation!.Cidr!)
  assert.equal(new Set(taken).size, 100)
  assert.ok(taken.every((text) => parseCidr(text)))
  const { problems, allocations } = await world.store.read((tx) => tx.spaceCheck.report())
  assert.deepEqual(problems, [])
  assert.equal(allocations, 100)
})

inWorld('a probe finds the database writable and its key the right one, and leaves no entry', async (world) => {
  const before = await world.store.read(async (tx) => tx.recordLists.lastEntry())
  await world.store.write((tx) => tx.probe({ needsRoom: false }))
  await world.store.write((tx) => tx.probe({ needsRoom: true }))
  assert.equal(await world.store.read(async (tx) => tx.recordLists.lastEntry()), before)
})
