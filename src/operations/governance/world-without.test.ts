// The rules without a change are those from before it, whatever has changed them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { Snapshot } from '#model/policy/snapshot.ts'
import type { Principal } from '#model/principal.ts'
import { Refused } from '#model/refusal.ts'
import { type Asked, type Filled, openFilled } from '../../../test/event-loop/filled-world.ts'
import { administratorOf, parsedFor } from '../../../test/event-loop/requests.ts'
import type { WriteOperation } from '../operation.ts'
import { inverseOf } from './inverse.ts'
import { governedOperations, runGoverned } from './operations.native.ts'
import { worldWithout } from './world-without.ts'

let filled: Filled
let administrator: Principal
before(async () => {
  filled = await openFilled({ allocations: 10, objects: 5 })
  administrator = await administratorOf(filled.world)
})
after(() => filled?.world.close())

const membersOfPool = [
  ...['id', 'ipamId', 'account', 'scopeId', 'scopeType', 'family', 'locale', 'awsService', 'publicIpSource', 'divides'],
  ...['minNetmaskLength', 'maxNetmaskLength', 'defaultNetmaskLength', 'requiredTags', 'sharedWith'],
]
const membersOfIpam = ['id', 'account', 'tier', 'unmatched', 'operatingRegions']
const membersOfException = ['id', 'target', 'resource', 'locale', 'resourceType', 'grants', 'startsAt', 'expiresAt']
const picked = (value: object, members: readonly string[]) =>
  Object.fromEntries(members.map((member) => [member, (value as Record<string, unknown>)[member]]))
const sorted = <V>(values: Iterable<V>): V[] => {
  const textOf = (value: V) => JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part))
  return [...values].sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
}
/** All that decisions are made by, in an order of its own. */
const factsIn = (snapshot: Snapshot) => ({
  nodes: sorted([...snapshot.nodes.values()].map((node) => ({ ...node, tags: [...(node.tags ?? [])] }))),
  ipams: sorted([...snapshot.ipams.values()].map((ipam) => picked(ipam, membersOfIpam))),
  pools: sorted(
    [...snapshot.pools.values()].map((pool) => ({ ...picked(pool, membersOfPool), cidrs: sorted(pool.cidrs) })),
  ),
  policies: sorted([...snapshot.policies.values()].map(({ bytes: _, ...policy }) => policy)),
  assignments: sorted(
    [...snapshot.assignmentsByTarget.values()]
      .flat()
      .map((one) => picked(one, ['policyId', 'targetId', 'kind', 'mode', 'managedBy'])),
  ),
  exceptions: sorted([...snapshot.exceptions].map(([, exception]) => picked(exception, membersOfException))),
  types: sorted(snapshot.resourceTypes.keys()),
  administrator: snapshot.delegatedAdministrator,
})

/** The rules before one operation and without it, of a dry run; undefined where it is refused. */
async function bothOf(name: string, { input }: Asked) {
  let both: { readonly was: Snapshot; readonly is: Snapshot; readonly without: Snapshot } | undefined
  const change: WriteOperation<object, undefined> = {
    name: 'change',
    access: 'write',
    async run(context) {
      const was = await context.snapshot()
      await runGoverned(context, [{ operation: name, input: { ...input } }])
      const is = await context.snapshot()
      const inverse = await inverseOf(context.tx, context.tx.subjects.named())
      const { snapshot: without } = await worldWithout(context.tx, is, { before: {}, ...inverse })
      both = { was, is, without }
      return undefined
    },
  }
  const call = { principal: administrator, region: 'global', input, requestId: 'asked', sourceAddress: '127.0.0.1' }
  await filled.world.executor.execute(change, { ...call, isDryRun: true }).catch((error: unknown) => {
    if (!(error instanceof Refused)) throw error
  })
  return both
}

/** What the examples of these are to say, so that decisions are made by something else. */
const saying: Readonly<Record<string, object>> = {
  updatePool: { sharedWith: ['222222222222'], requiredTags: { team: 'net' }, maxNetmaskLength: 30 },
  updateIpam: { unmatched: 'deny' },
  updateUnit: { tags: { stage: 'test' } },
  putPolicyDocument: { onExplicit: 'allow' },
}

test('the rules without what an operation has changed are those from before it, of every operation that is governed', async () => {
  const changing = new Set<string>()
  for (const [name, operation] of governedOperations) {
    for (const example of filled.native.get(name) ?? []) {
      const asked = { ...example, input: { ...example.input, ...saying[name] } }
      const both = await bothOf(name, parsedFor(operation, asked))
      if (!both) continue
      assert.deepEqual(factsIn(both.without), factsIn(both.was), name)
      if (!isDeepStrictEqual(factsIn(both.is), factsIn(both.was))) changing.add(name)
    }
  }
  for (const name of Object.keys(saying)) assert(changing.has(name), name)
  assert(changing.size > 25, [...changing].join())
})
