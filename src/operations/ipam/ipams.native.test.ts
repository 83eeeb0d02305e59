// IPAMs over the native API: their settings are fields, whichever way they were written.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { managementAccount } from '../../../test/world.ts'

interface Shown {
  readonly ipamId: string
  readonly policyCompatibility: string
  readonly unmatched: string
  readonly tags: Readonly<Record<string, string>>
}
let world: NativeWorld
before(async () => {
  world = await openNativeWorld()
})
after(() => world.close())

test('settings are answered as what holds, never as tags, and a field that changes ends the tag that says otherwise', async () => {
  const as = { account: managementAccount }
  const made = await world.post<Shown>('/ipams', {
    ...as,
    region: 'us-east-1',
    unmatched: 'deny',
    tags: { team: 'net' },
  })
  const show = () => world.get<Shown>(`/ipams/${made.ipamId}`)
  const settingsOf = ({ policyCompatibility, unmatched, tags }: Shown) => [policyCompatibility, unmatched, tags]
  assert.deepEqual(settingsOf(made), ['strict', 'deny', { team: 'net' }])
  assert.deepEqual(await show(), made)

  const Resources = [made.ipamId]
  const Tags = [
    { Key: 'cadastre:unmatched', Value: 'provider' },
    { Key: 'cadastre:policy-compatibility', Value: 'aws' },
  ]
  await world.call('CreateTags', { Resources, Tags }, as)
  assert.deepEqual(settingsOf(await show()), ['aws', 'provider', { team: 'net' }], 'the other spelling moves the field')

  const { body } = await world.ask<Shown>('PATCH', `/ipams/${made.ipamId}`, { body: { unmatched: 'deny' } })
  assert.deepEqual(settingsOf(body), ['aws', 'deny', { team: 'net' }])
  const { Ipams } = await world.call('DescribeIpams', { IpamIds: Resources }, as)
  assert.deepEqual(
    Ipams![0]!.Tags!.map(({ Key, Value }) => [Key, Value]).toSorted(),
    [
      ['cadastre:policy-compatibility', 'aws'],
      ['team', 'net'],
    ],
    'the tag that says otherwise is gone, the one that agrees stays',
  )
})

test('one request makes one version of an IPAM and of a scope, whatever it says', async () => {
  const versionsOf = async (id: string): Promise<number> =>
    (await world.get<{ items: readonly object[] }>(`/history/objects/${id}`)).items.length
  const { ipamId } = await world.post<Shown>('/ipams', {
    account: managementAccount,
    region: 'eu-central-1',
    description: 'theirs',
    unmatched: 'deny',
    policyCompatibility: 'aws',
    tags: { team: 'net', note: 'x' },
  })
  assert.equal(await versionsOf(ipamId), 1)
  const { status, body } = await world.ask<Shown>('PATCH', `/ipams/${ipamId}`, {
    body: { description: 'ours', unmatched: 'provider', policyCompatibility: 'strict', tags: { note: 'y', more: 'z' } },
  })
  assert.equal(status, 200)
  assert.deepEqual([body.unmatched, body.tags], ['provider', { note: 'y', more: 'z' }])
  assert.equal(await versionsOf(ipamId), 2)

  const { scopeId } = await world.post<{ scopeId: string }>('/scopes', { ipamId, description: 'lab', tags: { a: '1' } })
  assert.equal(await versionsOf(scopeId), 1)
  const changes = { description: 'prod', tags: { b: '2' } }
  const changed = await world.ask<{ description: string; tags: object }>('PATCH', `/scopes/${scopeId}`, {
    body: changes,
  })
  assert.deepEqual([changed.body.description, changed.body.tags], ['prod', { b: '2' }])
  assert.equal(await versionsOf(scopeId), 2)
})

test('each API says in its own words that there are as many IPAMs as there may be', async () => {
  const body = { account: managementAccount, region: 'eu-central-1' }
  // The first one may be there from another test.
  await world.ask('POST', '/ipams', { body })
  const { body: problem } = await world.ask<Record<string, unknown>>('POST', '/ipams', { body })
  assert.deepEqual([problem.code, problem.what, problem.limit, problem.used], ['LimitExceeded', 'ipams', 1, 1])
  assert.doesNotMatch(String(problem.detail), /You have created/)
  assert.equal('quota' in problem, false)
})
