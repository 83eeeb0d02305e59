// The proof of a change over the native API: what is shown opens the leaf, and only for whoever may see everything.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseProof } from '#model/evidence/checkpoint.ts'
import { leafHash } from '#model/evidence/hashing.ts'
import { rootOfInclusion } from '#model/evidence/merkle.ts'
import { parseVerifierKey } from '#model/evidence/note.ts'
import { signedCheckpoint } from '#model/evidence/signed.ts'
import { verifyEd25519 } from '#operator/ed25519.ts'
import { openNativeWorld } from '../../../test/native-world.ts'
import { managementAccount } from '../../../test/world.ts'
import { signCheckpoint } from './checkpoints.ts'
import { verifyProof } from './packs.ts'
import { sha256 } from './sha256.ts'
import { growTree, isTreeBehind } from './tree.ts'

interface Shown {
  readonly leaf: string
  readonly proof?: string
  readonly record?: string
  readonly keys: readonly string[]
}

test('a change is proven once it is in a checkpoint, with the key that signed that', async (t) => {
  const world = await openNativeWorld()
  t.after(() => world.close())
  await world.call('CreateIpam', { OperatingRegions: [{ RegionName: 'us-east-1' }] })
  const [newest] = (await world.get<{ items: { changeId: string }[] }>('/changes?limit=1')).items
  const path = `/changes/${newest!.changeId}/proof`
  const early = await world.get<Shown>(path)
  assert.equal(early.proof, undefined)
  assert.equal(early.record, undefined)

  while (await world.store.read(isTreeBehind)) await growTree(world.store)
  await signCheckpoint(world.store)
  const { leaf, proof, record, keys } = await world.get<Shown>(path)
  assert.equal(leaf, early.leaf)
  const known = keys.map((key) => parseVerifierKey(sha256, key)!)
  const { index, path: hashes, checkpoint } = parseProof(proof!)!
  const signed = signedCheckpoint(checkpoint, { sha256, verify: verifyEd25519, keys: known })
  assert(typeof signed === 'object')
  const place = { index, size: signed.size, leaf: leafHash(sha256, Buffer.from(leaf, 'hex')) }
  assert.deepEqual(Buffer.from(rootOfInclusion(sha256, place, hashes)!), Buffer.from(signed.root))
  const verifier = { keys: known, verify: verifyEd25519 }
  assert.deepEqual(verifyProof(JSON.parse(record!), verifier), { problems: [], records: 1 })

  // Somebody who sees the change, and not every other one: what the leaf commits to could name what is hidden from them.
  const as = await world.tokenOf('user:audit', 'auditor', managementAccount)
  const closed = await world.get<Shown>(path, { as })
  assert.deepEqual([closed.leaf, closed.proof, closed.record], [leaf, proof, undefined])
})
