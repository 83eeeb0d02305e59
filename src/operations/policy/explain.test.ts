// What `cadastre explain` prints of a recorded decision.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { formatId } from '#model/identifier.ts'
import { wordsOfTold } from '#model/policy/explain.ts'
import { type Acme, openAcme, refusalOf, root, shop } from '../../../test/acme.ts'
import { explainDecision } from './explain.ts'

let acme: Acme
before(async () => {
  acme = await openAcme()
})
after(() => acme.close())

test('a denial is told with its policy, its trace line by line, and who asked from where', async () => {
  const [pool, policy] = [await acme.pool(), await acme.policy({ Name: 'edge', 'cadastre:required-tags': 'env' })]
  await acme.rules(policy, [pool])
  await acme.enable(policy)
  const refusal = await refusalOf(acme.poolOfAddress(shop))
  assert.ok(refusal.code === 'DeniedByPolicy')
  const text = (await explainDecision(acme.store, refusal.decision))!
  const { sentence, lines } = wordsOfTold(refusal.told)
  assert.ok(text.startsWith(sentence))
  for (const line of [
    /^decision +decision-/m,
    /^account +333333333333 \(account-3\)$/m,
    /^asked for +eip in us-east-1/m,
    /^outcome +deny \(enforce\)$/m,
    new RegExp(`^policy +${policy} \\(edge\\) version 2$`, 'm'),
    new RegExp(`^enabled on +${root} \\(Root\\)$`, 'm'),
    /^ {2}1\. /m,
    /^by +arn:aws:iam::333333333333:user\/test$/m,
    /^from +127\.0\.0\.1$/m,
    /^action +AllocateAddress$/m,
    /^request +request-\d+$/m,
  ]) {
    assert.match(text, line)
  }
  for (const line of lines) assert.ok(text.includes(line))
})

test('a grant is told with the pool and the block that it came from', async () => {
  const TagSpecifications = [{ ResourceType: 'elastic-ip', Tags: [{ Key: 'env', Value: 'x' }] }]
  const { PublicIp } = await acme.call('AllocateAddress', { TagSpecifications }, { account: shop })
  const id = await acme.store.read(async (tx) => {
    const [allocation] = await tx.allocationLists.ofAccount(shop, 0, 1)
    return `decision-${tx.installation}${allocation!.decision!.toString(16).padStart(12, '0')}`
  })
  const text = (await explainDecision(acme.store, id))!
  assert.match(text, new RegExp(`got ${PublicIp!.replaceAll('.', '\\.')}/32 from pool`))
})

test('an id that no decision has is not explained', async () => {
  for (const id of ['decision-0123456789abcdef0', 'nothing', '']) {
    assert.equal(await explainDecision(acme.store, id), undefined)
  }
})

test('a policy that observes is named with what it would have done', async () => {
  const watched = await openAcme()
  const [pool, policy] = [await watched.pool(), await watched.policy({ 'cadastre:mode': 'observe' })]
  await watched.rules(policy, [pool])
  await watched.enable(policy)
  assert.equal(await watched.poolOfAddress(shop), 'amazon')
  const text = await watched.store.read(async (tx) => {
    const [allocation] = await tx.allocationLists.ofAccount(shop, 0, 1)
    return formatId('decision', tx.installation, allocation!.decision!)
  })
  const explained = (await explainDecision(watched.store, text))!
  assert.match(
    explained,
    new RegExp(`^would be +allow from ${pool}, by ${policy} version 2 on ${root} .*observe$`, 'm'),
  )
  assert.ok(!explained.includes('no policy is enabled'))
  await watched.close()
})
