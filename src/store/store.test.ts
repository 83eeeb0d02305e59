// One suite for both engines: what a transaction is, whichever database is below it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseCidr } from '#model/cidr.ts'
import { type Engine, openWorld, type World } from '../../test/world.ts'

const account = (id: string) => ({
  id,
  name: `account ${id}`,
  email: `${id}@example.com`,
  status: 'ACTIVE' as const,
  joinedMethod: 'INVITED' as const,
  joinedAt: 0,
})
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

for (const engine of ['sqlite', 'postgres'] satisfies Engine[]) {
  describe(engine, () => {
    const inWorld = (title: string, run: (world: World) => Promise<void>): void => {
      test(title, async () => {
        const world = await openWorld({}, undefined, engine)
        try {
          await run(world)
        } finally {
          await world.close()
        }
      })
    }
    const exists = (world: World, id: string): Promise<boolean> =>
      world.store.read(async (tx) => (await tx.organizations.findAccount(id)) !== undefined)

    inWorld('a work that throws takes back what it did, and nothing of its neighbours', async (world) => {
      const works = ['000000000001', '000000000002', '000000000003'].map((id) =>
        world.store.write(async (tx) => {
          await tx.organizations.insertAccount(account(id))
          if (id.endsWith('2')) throw new Error('not this one')
        }),
      )
      const outcomes = await Promise.allSettled(works)
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      )
      assert.equal(await exists(world, '000000000001'), true)
      assert.equal(await exists(world, '000000000002'), false)
      assert.equal(await exists(world, '000000000003'), true)
    })

    inWorld('a key that is there already fails the work that inserts it, and no other', async (world) => {
      const twice = ['000000000001', '000000000001', '000000000002'].map((id) =>
        world.store.write((tx) => tx.organizations.insertAccount(account(id))),
      )
      const outcomes = (await Promise.allSettled(twice)).map(({ status }) => status)
      assert.deepEqual(outcomes, ['fulfilled', 'rejected', 'fulfilled'])
    })

    inWorld('a number that was drawn is not drawn again, even where its transaction was rolled back', async (world) => {
      let drawn = 0
      const failed = world.store.write(async (tx) => {
        drawn = tx.nextSequence()
        await tx.moveGovernanceEpoch()
        throw new Error('rolled back')
      })
      await assert.rejects(failed, /rolled back/)
      const next = await world.store.write(async (tx) => tx.nextSequence())
      assert.ok(next > drawn)
    })

    inWorld('an epoch that was drawn is not drawn again', async (world) => {
      let drawn = 0
      const move = (fail: boolean): Promise<number> =>
        world.store.write(async (tx) => {
          await tx.moveGovernanceEpoch()
          drawn = tx.governanceEpoch
          if (fail) throw new Error('rolled back')
          return drawn
        })
      await assert.rejects(move(true), /rolled back/)
      const rolledBack = drawn
      assert.ok((await move(false)) > rolledBack)
      assert.equal(await world.store.read(async (tx) => tx.governanceEpoch), drawn)
    })

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
        await world.store.write(async (tx) => {
          const n = tx.nextSequence()
          await tx.journal.record(entry(n, { token, parameters, result: '{"a":"é\\"\\\\"}' }))
          await tx.tokens.keep(token, n, tx.now)
          assert.equal((await tx.tokens.find(token))?.result, '{"a":"é\\"\\\\"}')
        }, token)
        await world.store.write(async (tx) => {
          const use = await tx.tokens.find(token)
          assert.deepEqual(Buffer.from(use!.parameters), Buffer.from(parameters))
          tx.tokens.touch()
        }, token)
        assert.equal(await world.store.write((tx) => tx.tokens.forget(tx.now + 1, 10)), 1)
        assert.equal(await world.store.write((tx) => tx.tokens.find(token), token), undefined)
      },
    )

    inWorld('names are in the order of their bytes', async (world) => {
      const names = ['b', 'B', 'a', 'é', 'Z', '_', 'ä', '']
      const resource = { id: 'x', type: 'vpc', account: '111111111111' }
      await world.store.write(async (tx) => {
        for (const name of names) await tx.tags.put(resource, name, 'x')
      })
      const stored = await world.store.read((tx) => tx.tags.of('x'))
      assert.deepEqual(
        stored.map(({ Key }) => Key),
        names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
      )
    })

    inWorld('I7 what is on record cannot be changed or taken away', async (world) => {
      await world.store.write((tx) => tx.journal.record(entry(tx.nextSequence())))
      const guarded = ['update audit_entry set outcome = 1', 'delete from audit_entry', 'update origin set region = 1']
      for (const sql of guarded) await assert.rejects(world.execute(sql), /immutable|kept/)
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
        await assert.rejects(world.execute(sql), /immutable|kept/, sql)
      const versions = await world.store.read((tx) => tx.history.versions('object'))
      assert.deepEqual(
        versions.map(({ until_at }) => until_at === null),
        [false, false, true],
      )
    })

    inWorld('a reading transaction changes nothing', async (world) => {
      await assert.rejects(world.store.read((tx) => tx.organizations.insertAccount(account('000000000001'))))
      assert.equal(await exists(world, '000000000001'), false)
      await world.store.write((tx) => tx.organizations.insertAccount(account('000000000001')))
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
  })
}
