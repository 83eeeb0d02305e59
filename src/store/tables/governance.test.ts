// What a change of governance reads again: what it changed, and not what every policy says.
import assert from 'node:assert/strict'
import { StatementSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { compileSnapshot } from '#model/policy/snapshot.ts'
import { type Acme, openAcme, shop } from '../../../test/acme.ts'
import { documentsBytes, largeDocument } from '../../../test/large-policies.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'

let acme: Acme & Native
let pool: string
let policies: readonly string[]
before(async () => {
  acme = await withNativeApi(await openAcme())
  pool = await acme.pool()
  policies = [await acme.policy(), await acme.policy(), await acme.policy()]
  for (const policy of policies) await put(policy, 'eip', 100_000)
  await acme.enable(policies[0]!, shop)
})
after(() => acme.close())

const put = async (policy: string, type: string, bytes: number) => {
  const path = `/policies/${policy}/documents/us-east-1/${type}`
  const { status, body } = await acme.ask('PUT', path, { body: largeDocument(pool, bytes) })
  assert.equal(status, 200, JSON.stringify(body))
}
const facts = () => acme.store.read((tx) => tx.governance.facts())

/** Characters of texts that SQLite answers: what is read anew of the versions is most of it. */
async function charactersRead(work: () => Promise<unknown>): Promise<number> {
  const prototype = StatementSync.prototype as unknown as Record<string, (...values: unknown[]) => unknown>
  const originals = (['get', 'all'] as const).map((name) => [name, prototype[name]!] as const)
  let characters = 0
  for (const [name, original] of originals) {
    prototype[name] = function (this: unknown, ...values: unknown[]) {
      const answer = original.apply(this, values)
      for (const row of [answer ?? []].flat()) {
        for (const value of Object.values(row as object)) if (typeof value === 'string') characters += value.length
      }
      return answer
    }
  }
  try {
    await work()
  } finally {
    for (const [name, original] of originals) prototype[name] = original
  }
  return characters
}

test('a change of governance that has nothing to do with policies reads none of what they say', async () => {
  if (acme.database.engine !== 'sqlite') return
  const characters = await charactersRead(async () => {
    const { status } = await acme.ask('PATCH', `/pools/${pool}`, { body: { description: 'another one' } })
    assert.equal(status, 200)
    await facts()
  })
  assert.ok(characters < 50_000, `${characters} characters`)
})

test('a change of one policy reads that one, and the others are the same objects', async () => {
  const earlier = new Map((await facts()).policies.map((version) => [version.policyId, version]))
  await put(policies[1]!, 'onprem:host', 1_000)
  const later = new Map((await facts()).policies.map((version) => [version.policyId, version]))
  const [first, second, third] = policies.map((id) => [earlier.get(id)!, later.get(id)!] as const)
  assert.equal(first![0], first![1])
  assert.equal(third![0], third![1])
  assert.deepEqual([second![0].documents.length, second![1].documents.length], [1, 2])
  assert.equal(second![1].version, second![0].version + 1)
})

test('what is kept says what the database says, with candidates and after versions that were taken back', async () => {
  const drafted = await acme.post<{ version: number }>(`/policies/${policies[0]}/versions`, {
    documents: [{ locale: 'us-east-1', resourceType: 'eip', ...largeDocument(pool, 2_000) }],
  })
  const path = `/policies/${policies[0]}/assignments/${shop}/candidate`
  assert.equal((await acme.ask('PUT', path, { body: { version: drafted.version } })).status, 200)
  const dry = `/policies/${policies[0]}/documents/us-east-1/eip?dryRun=true`
  assert.equal((await acme.ask('PUT', dry, { body: largeDocument(pool, 3_000) })).status, 200)
  await put(policies[0]!, 'eip', 4_000)
  // Another server has nothing in memory.
  const store = await acme.database.openAsOwner({ clock: () => Date.UTC(2026, 0, 1) })
  assert.deepEqual(await facts(), await store.read((tx) => tx.governance.facts()))
  await store.close()
  const { policies: known, candidates } = await facts()
  assert.equal(candidates?.[0]?.version?.version, drafted.version)
  assert.ok(documentsBytes(known.find(({ policyId }) => policyId === policies[0])!.documents) >= 4_000)
  assert.ok(compileSnapshot(await facts(), 1).candidates)
})
