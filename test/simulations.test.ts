// What a simulation says is what happens: random estates and random changes, simulated in one world and made in another one like it, where
// the same is asked for anew. The ledger of what happened is kept here, by the answers alone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ec2Input } from '#formats/aws/ec2.generated.ts'
import { parseId } from '#model/identifier.ts'
import { Refused } from '#model/refusal.ts'
import type { RequestKind } from '#model/simulation.ts'
import { decisionsBehind } from '#operations/execute.ts'
import { dev, lab, network, openAcme, prod, root, shop, workloads } from './acme.ts'
import { withNativeApi } from './native-world.ts'
import { type Choices, choicesOf } from './random.ts'
import { simulateAll, workplaceOf } from './simulations/run.ts'

const seed = Number(process.env.CADASTRE_DRIVE_SEED ?? 20_261_130)
const trials = 12 * Number(process.env.CADASTRE_DRIVE_TIMES ?? 1)
/** Ways of making a world smaller that are tried where one is told otherwise than it happens. */
const shrunkMax = 60

// What is drawn ------------------------------------------------------------------------------------------------------

const accounts = [shop, lab, network] as const
const nodes = [root, workloads, prod, dev, shop, lab] as const
const poolNames = ['one', 'two', 'three'] as const
/** What is enabled at the root, and another one. */
const [law, rule] = ['law', 'rule'] as const
const policyNames = [law, law, rule] as const

interface Request {
  readonly account: string
  readonly pool?: string
  readonly tags?: readonly { readonly Key: string; readonly Value: string }[]
  /** Given back before anything is simulated. */
  readonly isGivenBack: boolean
}
interface Operation {
  readonly operation: string
  readonly input: Readonly<Record<string, unknown>>
  readonly as?: string
}
interface Trial {
  /** Pools by the lengths of their blocks. */
  readonly pools: readonly number[]
  readonly before: readonly Operation[]
  readonly requests: readonly Request[]
  readonly change: readonly Operation[]
}

const assignmentOf = (choices: Choices): Operation => ({
  operation: 'putPolicyAssignment',
  input: {
    policyId: `%${choices.pick(policyNames)}`,
    targetId: choices.pick(nodes),
    kind: choices.chance(0.7) ? 'default' : 'final',
    mode: choices.pick(['enforce', 'enforce', 'enforce', 'observe', 'warn', 'off']),
  },
})
const documentOf = (
  choices: Choices,
  pools: readonly string[] = poolNames,
  policy: string = choices.pick(policyNames),
): Operation => ({
  operation: 'putPolicyDocument',
  input: {
    policyId: `%${policy}`,
    locale: 'us-east-1',
    resourceType: 'eip',
    rules: choices.some(pools, 1, 3).map((name) => ({ poolId: name.startsWith('$') ? name : `%${name}` })),
    ...(choices.chance(0.5) ? { onExplicit: choices.pick(['deny', 'steer', 'allow']) } : {}),
    ...(choices.chance(0.5) ? { onExhausted: choices.pick(['deny', 'provider']) } : {}),
    ...(choices.chance(0.2) ? { requiredTags: [{ key: 'team' }] } : {}),
  },
})
const changes: readonly ((choices: Choices) => readonly Operation[])[] = [
  (choices) => [documentOf(choices)],
  (choices) => [documentOf(choices), assignmentOf(choices)],
  (choices) => [assignmentOf(choices)],
  ({ pick }) => [
    { operation: 'moveAccount', input: { account: pick([shop, lab]), parentId: pick([root, prod, dev]) } },
  ],
  ({ pick, some }) => [
    {
      operation: 'updatePool',
      input: { poolId: `%${pick(poolNames)}`, sharedWith: some([root, prod, shop, lab], 0, 2) },
    },
  ],
  ({ pick }) => [{ operation: 'updateIpam', input: { ipamId: '%ipam', unmatched: pick(['deny', 'provider']) } }],
  ({ pick }) => [
    { operation: 'deletePolicyAssignment', input: { policyId: `%${pick(policyNames)}`, targetId: pick(nodes) } },
  ],
  (choices) => [
    {
      operation: 'createPool',
      input: {
        scopeId: '%scope',
        family: 'ipv4',
        locale: 'us-east-1',
        awsService: 'ec2',
        publicIpSource: 'byoip',
        sharedWith: [root],
      },
      as: 'made',
    },
    { operation: 'provisionPoolCidr', input: { poolId: '$made', cidr: '198.51.100.0/30' } },
    documentOf(choices, ['$made', ...poolNames]),
  ],
]

function draw(number: number): Trial {
  const choices = choicesOf(number)
  const { between, chance, pick } = choices
  return {
    pools: poolNames.map(() => pick([29, 30, 30, 31])),
    before: [
      documentOf(choices, poolNames, law),
      documentOf(choices, poolNames, rule),
      {
        operation: 'putPolicyAssignment',
        input: { policyId: `%${law}`, targetId: root, kind: 'default', mode: 'enforce' },
      },
      ...Array.from({ length: between(0, 2) }, () => assignmentOf(choices)),
    ],
    requests: Array.from({ length: between(5, 12) }, () => ({
      account: pick(accounts),
      ...(chance(0.3) ? { pool: pick(poolNames) } : {}),
      ...(chance(0.3) ? { tags: [{ Key: 'team', Value: pick(['web', 'net']) }] } : {}),
      isGivenBack: chance(0.1),
    })),
    change: Array.from({ length: between(1, 2) }, () => pick(changes)(choices)).flat(),
  }
}

// What happens -------------------------------------------------------------------------------------------------------

/** A pool by its name here, or what comes of the request otherwise; undefined: refused before policy was asked. */
type Fate = string | undefined
type World = Awaited<ReturnType<typeof found>>

async function found({ pools, before }: Trial) {
  const acme = await withNativeApi(await openAcme())
  const ids = new Map([
    ['ipam', acme.ipam],
    ['scope', acme.publicScope],
  ])
  for (const [index, name] of poolNames.entries()) {
    const id = await acme.pool({ cidr: `203.0.${150 + index}.0/${pools[index]}` })
    ids.set(name, id)
    await acme.ask('PATCH', `/pools/${id}`, { body: { sharedWith: [root] } })
  }
  for (const name of [law, rule]) ids.set(name, await acme.policy())
  const resolved = (operations: readonly Operation[]): readonly Operation[] =>
    JSON.parse(JSON.stringify(operations).replace(/"%(\w+)"/g, (_, name: string) => `"${ids.get(name)}"`))
  const apply = (operations: readonly Operation[]) =>
    acme.ask<{ code?: string; results?: readonly { as?: string; id?: string }[] }>('POST', '/governance/apply', {
      body: { operations: resolved(operations) },
    })
  // What conflicts with what is there is left out, in every world of the same trial.
  for (const one of before) await apply([one])
  const nameOf = (id: string): string => [...ids].find(([, known]) => known === id)?.[0] ?? 'provider'
  return { acme, ids, resolved, apply, nameOf }
}

async function ask({ acme, ids, nameOf }: World, { account, pool, tags }: Request) {
  const input: Ec2Input['AllocateAddress'] = {
    ...(pool === undefined ? {} : { IpamPoolId: ids.get(pool)! }),
    ...(tags ? { TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: [...tags] }] } : {}),
  }
  try {
    const { AllocationId, PublicIpv4Pool } = await acme.call('AllocateAddress', input, { account })
    return { fate: nameOf(PublicIpv4Pool ?? 'provider'), id: AllocationId! }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    if (decisionsBehind(error).length === 0) return { fate: undefined }
    return { fate: error.refusal.code === 'Exhausted' ? 'exhausted' : 'denied' }
  }
}
/** Asks for all of it, and gives back what is to be; answers which requests are on record. */
async function live(world: World, requests: readonly Request[]): Promise<readonly Request[]> {
  const recorded: Request[] = []
  for (const request of requests) {
    const { fate, id } = await ask(world, request)
    if (fate !== undefined) recorded.push(request)
    if (id !== undefined && request.isGivenBack)
      await world.acme.call('ReleaseAddress', { AllocationId: id }, { account: request.account })
  }
  return recorded
}
async function again(world: World, requests: readonly Request[]): Promise<readonly Fate[]> {
  const fates: Fate[] = []
  for (const request of requests) fates.push((await ask(world, request)).fate)
  return fates
}

/** By account and kind, how many. */
type Counts = Readonly<Record<string, number>>
const kinds = ['newlyDenied', 'newlyAllowed', 'elsewhere', 'exhausted'] as const
function happened(requests: readonly Request[], was: readonly Fate[], is: readonly Fate[]): Counts {
  const counts: Record<string, number> = {}
  const isNothing = (fate: Fate): boolean => fate === undefined || fate === 'denied' || fate === 'exhausted'
  for (const [index, { account }] of requests.entries()) {
    const [one, other] = [was[index], is[index]]
    if (one === other) continue
    const kind = isNothing(other)
      ? other === 'exhausted'
        ? 'exhausted'
        : 'newlyDenied'
      : isNothing(one)
        ? 'newlyAllowed'
        : 'elsewhere'
    counts[`${account} ${kind}`] = (counts[`${account} ${kind}`] ?? 0) + 1
  }
  return counts
}

interface Compared {
  readonly told: Counts | string
  readonly happened: Counts | string
}
async function compare(trial: Trial): Promise<Compared> {
  const told = await tell(trial)
  const world = await found(trial)
  try {
    const requests = await live(world, trial.requests)
    const { status, body } = await world.apply(trial.change)
    if (status !== 200) return { told: told.answer, happened: body.code! }
    const made = body.results!.find(({ as }) => as === 'made')?.id
    if (made !== undefined) world.ids.set('made', made)
    const is = await again(world, requests)
    return { told: told.answer, happened: happened(requests, told.was, is) }
  } finally {
    await world.acme.close()
  }
}
/** What a simulation tells, and what the same requests get where nothing is changed. */
async function tell(trial: Trial): Promise<{ readonly answer: Counts | string; readonly was: readonly Fate[] }> {
  const world = await found(trial)
  const { acme, resolved } = world
  try {
    const requests = await live(world, trial.requests)
    const started = await acme.ask<{ simulationId: string; code?: string }>('POST', '/simulations', {
      body: { operations: resolved(trial.change), days: 1 },
    })
    if (started.status !== 201) return { answer: started.body.code!, was: [] }
    await simulateAll(workplaceOf(acme))
    const path = `/simulations/${started.body.simulationId}`
    const { totals } = await acme.get<{ totals: { requests: number } }>(path)
    assert.equal(totals.requests, requests.length, 'each request that is on record is asked again')
    await compareProposed(world, trial, started.body.simulationId)
    const { items } = await acme.get<{ items: readonly Readonly<Record<string, number | string>>[] }>(`${path}/groups`)
    const counts: Record<string, number> = {}
    for (const group of items)
      for (const kind of kinds) if (group[kind] !== 0) counts[`${group.account} ${kind}`] = Number(group[kind])
    return { answer: counts, was: await again(world, requests) }
  } finally {
    await acme.close()
  }
}
/**
 * Proposed, the change tells the same of requests as the simulation does by rules alone, which asks all of them: what it does not ask again
 * since the change cannot reach it fares as before.
 */
async function compareProposed({ acme, resolved }: World, { change }: Trial, simulation: string): Promise<void> {
  const totals = await acme.store.read((tx) =>
    tx.simulations.totals(parseId('simulation', tx.installation, simulation)!, '', 1_000),
  )
  const sum = (...kinds: readonly RequestKind[]): number =>
    totals.reduce((all, { ruled }) => all + kinds.reduce((some, kind) => some + ruled[kind], 0), 0)
  const proposed = await acme.ask<{ impact?: { class: string; requests?: Record<string, number> } }>(
    'POST',
    '/change-requests?dryRun=true',
    { body: { node: root, reason: 'as it was simulated', operations: resolved(change) } },
  )
  assert.equal(proposed.status, 201, JSON.stringify(proposed.body))
  const { requests = {}, class: found } = proposed.body.impact!
  const { newlyDenied = 0, newlyAllowed = 0, elsewhere = 0 } = requests
  assert.deepEqual(
    { newlyDenied, newlyAllowed, elsewhere },
    {
      newlyDenied: sum('newly-denied', 'exhausted'),
      newlyAllowed: sum('newly-allowed'),
      elsewhere: sum('elsewhere', 'other-size'),
    },
    JSON.stringify(change),
  )
  if (newlyDenied > 0) assert.notEqual(found, 'contained')
}
const isSame = ({ told, happened: real }: Compared): boolean => {
  try {
    assert.deepEqual(told, real)
    return true
  } catch {
    // They differ.
    return false
  }
}

/** The smallest trial that is still told otherwise than it happens. */
async function shrink(trial: Trial): Promise<Trial> {
  let smallest = trial
  for (let tried = 0; tried < shrunkMax; ) {
    let isSmaller = false
    for (const part of ['requests', 'change', 'before'] as const) {
      for (let index = smallest[part].length - 1; index >= 0 && tried < shrunkMax; index--, tried++) {
        const smaller = { ...smallest, [part]: smallest[part].toSpliced(index, 1) }
        if (smaller.change.length === 0 || isSame(await compare(smaller))) continue
        smallest = smaller
        isSmaller = true
      }
    }
    if (!isSmaller) break
  }
  return smallest
}

test('what a simulation tells of requests is what comes of them where the change is made and they are made anew', async (context) => {
  context.diagnostic(`CADASTRE_DRIVE_SEED=${seed}`)
  const seen = new Set<string>()
  for (let number = 0; number < trials; number++) {
    const trial = draw(seed * 1_000 + number)
    const compared = await compare(trial)
    const { told } = compared
    for (const one of typeof told === 'string' ? ['refused'] : Object.keys(told)) seen.add(one.split(' ').at(-1)!)
    if (isSame(compared)) continue
    const smallest = await shrink(trial)
    assert.deepEqual(
      compared.told,
      compared.happened,
      `seed ${seed}, ${number}: ${JSON.stringify({ ...smallest, compared: await compare(smallest) }, null, 1)}`,
    )
  }
  // With other seeds not all of them need be drawn.
  if (process.env.CADASTRE_DRIVE_SEED === undefined)
    assert.deepEqual([...seen].sort(), ['refused', ...kinds].sort(), 'each comes about')
})
