// Whose turn it is of what is to be looked at anew.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Store } from '#store/store.ts'
import type { Scope } from '#store/tables/finding-scans.ts'
import { network, openAcme, root, shop, workloads } from '../../../test/acme.ts'
import { emptyDatabase, type TestDatabase } from '../../../test/database.ts'
import { followAll } from '../../../test/findings/follow.ts'
import { ScanTurns } from './scan-turns.ts'

let database: TestDatabase
let store: Store
before(async () => {
  database = await emptyDatabase()
  store = await database.open()
  await store.write((tx) => tx.findingScans.end(0))
})
after(async () => {
  await store.close()
  await database.remove()
})

const ask = (unit: string, node: string, scope: Scope = { node }) =>
  store.write((tx) => tx.findingScans.ask(scope, { unit, node }))
/** As a turn does it: looks at so much of the next one, and ends it where that was all. Answers whose it was. */
async function take(turns: ScanTurns, sizes: Readonly<Record<string, number>>): Promise<string | undefined> {
  const scan = await store.read((tx) => turns.next(tx))
  if (!scan) return undefined
  const looked = scan.looked + 1
  await store.write(async ({ findingScans }) => {
    if (looked >= (sizes[scan.node] ?? 1)) await findingScans.end(scan.n)
    else await findingScans.advance(scan.n, { looked, place: 'on' })
  })
  return scan.node
}

test('D2 what one asks for again and again keeps no other waiting for more than a turn of each', async () => {
  const turns = new ScanTurns()
  // One account has each of its many pools looked at anew, as often as somebody looks; another one has something once, of three turns.
  const again = async () => {
    for (let pool = 0; pool < 20; pool++) await ask('team-a', 'a1', { pool: `pool-${pool}` })
  }
  await again()
  await ask('team-b', 'b1')
  await ask('', '', {})
  const came: (string | undefined)[] = []
  for (let turn = 0; turn < 12; turn++) {
    came.push(await take(turns, { b1: 3, '': 3 }))
    await again()
  }
  assert.deepEqual(came, ['', 'a1', 'b1', '', 'a1', 'b1', '', 'a1', 'b1', 'a1', 'a1', 'a1'])
  for (let left = 20; left > 0; left--) await take(turns, {})
  assert.equal(await take(turns, {}), undefined)
})

test('D2 however many accounts somebody makes below a unit, that is one turn of the unit; in it each account has its own', async () => {
  const turns = new ScanTurns()
  for (let account = 0; account < 5; account++) await ask('team-a', `a${account}`)
  await ask('team-b', 'b1')
  await ask('team-b', 'b2')
  const came: (string | undefined)[] = []
  for (let turn = 0; turn < 8; turn++) came.push(await take(turns, { b1: 2 }))
  assert.deepEqual(came, ['a0', 'b1', 'a1', 'b2', 'a2', 'b1', 'a3', 'a4'])
})

test('what is asked for is filed with whose it is: below the root by unit, of a pool by its owner', async (t) => {
  const acme = await openAcme()
  t.after(() => acme.close())
  await followAll(acme.store)
  const pool = await acme.pool()
  const policyId = await acme.policy()
  await acme.rules(policyId, [pool])
  await acme.enable(policyId, shop)
  await acme.enable(policyId, root)
  await acme.call('ModifyIpamPool', { IpamPoolId: pool, AllocationMaxNetmaskLength: 31 }, { account: network })
  const found = new Set<string>()
  const spied: Store = {
    ...acme.store,
    read: (work, ...rest) => acme.store.read(work, ...rest),
    async write(work, ...rest) {
      const answer = await acme.store.write(work, ...rest)
      for (const row of await acme.database.select('select unit, node, scope from finding_scan')) {
        const { unit, node, scope } = row as { unit: string; node: string; scope: string }
        found.add(`${scope} ${unit} ${node}`)
      }
      return answer
    },
  }
  await followAll(spied)
  assert.deepEqual(
    found,
    new Set([
      `{"node":"${shop}"} ${workloads} ${shop}`,
      `{"node":"${root}"}  ${root}`,
      `{"pool":"${pool}"} ${network} ${network}`,
      `{"node":"${network}"} ${network} ${network}`,
    ]),
  )
})
