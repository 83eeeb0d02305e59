// What one page of any list costs: a fixed number of rows and statements at most, by whatever filter, and however much else there is.
// Both engines are asked the same statements, and answer the same rows: of PostgreSQL it is enough that it is asked every one, by each
// filter of each list, of a world with little in it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { z } from 'zod'
import { ec2Model, organizationsModel, type ServiceModel, stsModel } from '#formats/aws/service-model.ts'
import { parseCidr } from '#model/cidr.ts'
import type { Principal } from '#model/principal.ts'
import { Refused } from '#model/refusal.ts'
import { boundsOfMaps, mapOf } from '#operations/ipam/address-map.ts'
import type { NativeOperation } from '#operations/operation.native.ts'
import type { AnyOperation } from '#operations/operation.ts'
import { nativeOperations } from '#operations/table.native.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { engineUnderTest } from './engines.ts'
import { fillLists, type Listed } from './event-loop/filled-lists.ts'
import { type Filled, openFilled } from './event-loop/filled-world.ts'
import { measureWork, startCounting } from './event-loop/meter.ts'
import { administratorOf, signer } from './event-loop/requests.ts'
import { documentedFilters } from './service-documentation.ts'
import { managementAccount } from './world.ts'

let filled: Filled
let listed: Listed
let administrator: Principal

before(async () => {
  filled = await openFilled(
    engineUnderTest === 'sqlite' ? { allocations: 2_500, objects: 1_200 } : { allocations: 80, objects: 40 },
  )
  listed = await fillLists(filled, rowsInWorld)
  administrator = await administratorOf(filled.world)
  startCounting()
  // Whoever asks first compiles the rules for all.
  const list = nativeOperations.find(({ name }) => name === 'listPools')!
  await costOf(list, list.input.parse({}) as object)
})
after(() => filled?.world.close())

/** Of each list, more than a page has. */
const rowsInWorld = engineUnderTest === 'sqlite' ? 1_100 : 40
/** Rows of the longest page that a list is measured with, where it can have so many. */
const enough = (fewest: number): number => (engineUnderTest === 'sqlite' ? fewest : Math.min(fewest, 1))
/** Of a page, whatever its limit and filter: 1,000 rows with what belongs to each, or as many as are looked at where little is shown. */
const most = { statements: 400, rows: 12_000 }
/** Of a page of one item without a filter. */
const mostOfOne = { statements: 60, rows: 100 }
/** Lists that look at more for one item, and why. They may only become fewer. */
const lookAtMore: Readonly<Record<string, string>> = {
  listDifferences: 'what is registered as it is there is passed over',
  listFindingsOfAccount: 'what is as it should be is passed over',
  getCompliance: 'it counts, thousands of rows a statement',
  DescribeIpamPoolAllocations: 'Elastic IPs of the provider are passed over',
  GetIpamPoolCidrs: 'those of one pool, at most 1,000, are in no order that an index has',
  listPoolCidrs: 'the same',
  listChanges: 'the subjects of a change tell whether it may be seen, and how many there are',
  listSubjectsOfChange: 'the same',
  listCandidateDifferences: 'differences are counted, many at a time',
  countDifferences: 'the same',
  listWaiting: 'it is all that waits for somebody: who may decide on each is looked at',
}

interface Cost {
  readonly statements: number
  readonly rows: number
}
interface Answer {
  readonly nextCursor?: string
  readonly NextToken?: string
}
async function askFor(operation: AnyOperation, input: object, as: Principal = administrator): Promise<Answer> {
  const isNative = 'rest' in operation
  const { output } = await filled.world.executor.execute(operation, {
    principal: isNative ? as : signer,
    region: isNative ? 'global' : 'us-east-1',
    input,
    requestId: 'asked',
    sourceAddress: '127.0.0.1',
  })
  return output as Answer
}
async function costOf(operation: AnyOperation, input: object, as?: Principal): Promise<Cost> {
  const work = async (): Promise<void> => {
    await askFor(operation, input, as).catch((error: unknown) => {
      if (!(error instanceof Refused)) throw error
    })
  }
  const { total } = await measureWork(work)
  return { statements: total.statements, rows: total.rows }
}

/** Rows of a page, which others follow until there are enough: it may be short. */
async function countRows(operation: AnyOperation, input: object, enough: number): Promise<number> {
  let count = 0
  let next: object = {}
  for (let page = 0; page < shortPagesMax; page++) {
    const answer = await askFor(operation, { ...input, ...next })
    count += rowsIn(answer)
    const { nextCursor: cursor, NextToken } = answer
    if (count >= enough || (cursor === undefined && NextToken === undefined)) break
    next = cursor === undefined ? { NextToken } : { cursor }
  }
  return count
}
const shortPagesMax = 20
/** Whether any of these requests is answered with a row: where none is, each is asked page by page. */
async function hasRows(operation: AnyOperation, inputs: readonly object[]): Promise<boolean> {
  for (const input of inputs) if ((await countRows(operation, input, 1)) > 0) return true
  return false
}
/** Of the one list that an answer has. */
const rowsIn = (answer: object): number =>
  Math.max(0, ...Object.values(answer).map((value) => (Array.isArray(value) ? value.length : 0)))

/** What was too much, one line for each request. */
async function excessOf(
  operation: AnyOperation,
  inputs: readonly { readonly input: object; readonly isOne?: boolean }[],
): Promise<string[]> {
  const excess: string[] = []
  for (const { input, isOne } of inputs) {
    const { statements, rows } = await costOf(operation, input)
    const bounds = isOne && lookAtMore[operation.name] === undefined ? mostOfOne : most
    if (statements <= bounds.statements && rows <= bounds.rows) continue
    excess.push(`${operation.name} ${JSON.stringify(input)}: ${statements} statements, ${rows} rows`)
  }
  return excess
}

// The native API -----------------------------------------------------------------------------------------------------

const isList = ({ output, access }: NativeOperation): boolean =>
  access === 'read' && 'shape' in output && 'items' in (output as z.ZodObject).shape

for (const operation of nativeOperations.filter(isList)) {
  test(`D3 a page of ${operation.name} costs no more, by whatever filter`, async () => {
    const { shape } = operation.input
    const needed = neededBy(operation)
    const filters = Object.entries(shape).filter((one) => !isNeeded(one) && !['limit', 'cursor'].includes(one[0]))
    const asked = filters.flatMap(([name, one]) =>
      valuesOf(operation.name, name, one as z.ZodType).map((value) => ({ [name]: value })),
    )
    const limits = 'limit' in shape ? [{ limit: 1 }, { limit: 1_000 }] : [{}]
    const parsed = (input: object) => operation.input.parse({ ...needed, ...input }) as object
    const inputs = [
      { input: parsed(limits[0]!), isOne: true },
      ...[{}, ...asked].flatMap((filter) => limits.map((limit) => ({ input: parsed({ ...filter, ...limit }) }))),
    ]
    assert.deepEqual(await excessOf(operation, inputs), [])
    for (const [name] of filters) {
      if (withoutRows[operation.name]?.[0].includes(name)) continue
      const ofFilter = asked.filter((one) => name in one).map((one) => parsed({ ...one, ...limits.at(-1) }))
      assert.ok(await hasRows(operation, ofFilter), `no value of the filter \`${name}\` has any rows`)
    }
    const fewest = enough(fewerRows[operation.name]?.[0] ?? 1_000)
    const found = await countRows(operation, parsed(limits.at(-1)!), fewest)
    assert.ok(found >= fewest, `its longest page has ${found} rows, and it is measured with ${fewest} or more`)
  })
}
test('I8 D7 whoever has no role has nobody’s rows read by a list, whatever is there', async () => {
  const { native } = administrator
  const stranger = { ...administrator, native: { ...native!, name: 'service:stranger', groups: [] } }
  const excess: string[] = []
  for (const operation of nativeOperations.filter(isList)) {
    const input = operation.input.parse({
      ...neededBy(operation),
      ...('limit' in operation.input.shape && { limit: 1 }),
    })
    const { statements, rows } = await costOf(operation, input as object, stranger)
    if (rows > mostOfStranger) excess.push(`${operation.name}: ${statements} statements, ${rows} rows`)
  }
  assert.deepEqual(excess, [])
})
/** What is named, and what is known of whoever asks. */
const mostOfStranger = 30

/** Of the longest page of lists that have less than 1,000 rows: how many at least, and why. */
const fewerRows: Readonly<Record<string, readonly [number, string]>> = {
  listRoles: [6, 'there are no more roles'],
  countDifferences: [2, 'there are few kinds'],
  listWaiting: [100, 'it looks at no more of what waits'],
  listResourceTypes: [20, 'they are compiled, and an installation may not add many'],
  listPoolCidrs: [990, 'a pool may have no more'],
  listSubscriptions: [990, 'an installation may have no more'],
  listEventKinds: [20, 'there are no more kinds'],
  listSources: [990, 'an installation may have no more'],
  getCompliance: [3, 'there are few types; by account there are as many as have space'],
}
/** Filters that nothing there fits, and why. */
const withoutRows: Readonly<Record<string, readonly [readonly string[], string]>> = {
  listChanges: [['latest'], 'it asks for what comes'],
  listDecisions: [
    ['subject', 'latest'],
    'what each allocation was decided by, its history tells; what comes is not there yet',
  ],
}
const isNeeded = ([, one]: readonly [string, z.core.$ZodType]): boolean =>
  !(one as z.ZodType).safeParse(undefined).success
/** What is asked about much: the parameters that a list cannot do without. */
function neededBy({ name: operation, input }: NativeOperation): Readonly<Record<string, unknown>> {
  const [example] = filled.native.get(operation)!
  const about: Readonly<Record<string, unknown>> = {
    ...example!.input,
    ...(aboutMuch()[operation] ?? {}),
  }
  return Object.fromEntries(
    Object.entries(input.shape)
      .filter(isNeeded)
      .map(([name]) => [name, about[name]]),
  )
}
const aboutMuch = (): Readonly<Record<string, object>> => {
  const { policyId, candidate, exceptionId, findingId, objectId, changeId, resourceId, simulationId, subscriptionId } =
    listed
  return {
    listPolicyVersions: { policyId },
    listPolicyDocuments: { policyId },
    listCandidateDifferences: candidate,
    listExceptionFindings: { exceptionId },
    listFindingOpenings: { findingId },
    listDeliveries: { subscriptionId },
    findHolders: { cidr: '10.128.0.0/10' },
    findHoldingsOfResource: { resourceId },
    getObjectHistory: { objectId },
    listSubjectsOfChange: { changeId },
    listSimulationGroups: { simulationId },
    listSimulationPools: { simulationId },
    listPoolCidrs: filled.native.get('listPoolCidrs')!.at(-1)!.input,
  }
}

/** Of a filter, values that match much, and little or nothing. Those of a choice are all of them. */
function valuesOf(operation: string, name: string, schema: z.ZodType): readonly unknown[] {
  const { type, entries, values } = (schema as z.ZodOptional<z.ZodType>).unwrap().def as {
    readonly type: string
    readonly entries?: Readonly<Record<string, string>>
    readonly values?: readonly unknown[]
  }
  if (type === 'enum') return Object.values(entries!)
  if (type === 'literal') return values!
  const own = listed.values[`${operation}.${name}`] ?? listed.values[name] ?? []
  const given = [...(valuesByName[name] ?? []), ...own]
  assert(given.length > 0, `the filter \`${name}\` has values in ${import.meta.filename}`)
  return given
}
const nobody = '999999999998'
const absent = (kind: string): string => `${kind}-0123456789abcdef0`
const principals = ['user:asking', 'user:nobody', 'service:nobody']
const moments = ['2020-01-01T00:00:00.000Z', '2026-01-01T00:30:00.000Z', '2036-01-01T00:00:00.000Z']
const valuesByName: Readonly<Record<string, readonly string[]>> = {
  account: [managementAccount, nobody],
  node: [managementAccount, '*'],
  target: [managementAccount, nobody],
  targetId: [managementAccount, nobody],
  usableBy: [managementAccount],
  parentId: ['ou-none-00000000'],
  principal: principals,
  madeBy: principals,
  madeWith: [absent('token')],
  requestedBy: principals,
  author: principals,
  ipamId: [absent('ipam')],
  scopeId: [absent('ipam-scope')],
  poolId: ['provider', absent('ipam-pool')],
  parentPoolId: [absent('ipam-pool')],
  policyId: [absent('ipam-policy')],
  sourceAllocationId: [absent('ipam-pool-alloc')],
  resourceType: ['eip', 'vpc', 'onprem:host'],
  locale: ['us-east-1', 'onprem:nowhere'],
  resourceId: ['nothing'],
  resource: ['nothing'],
  control: ['nothing'],
  sourceId: [absent('source')],
  id: ['10.128.7.0/24', 'nothing'],
  within: ['20.0.0.0/8', '10.128.0.0/10', '198.18.0.0/15'],
  tag: ['key-0=value-7', 'key-0', 'nothing=nothing'],
  subject: [absent('ipam-pool'), managementAccount],
  action: ['AllocateAddress', 'nothing'],
  from: moments,
  until: moments,
  at: moments,
  latest: ['true'],
  unchanged: ['true', 'false'],
}

// The AWS APIs -------------------------------------------------------------------------------------------------------

const models = { ec2: ec2Model, organizations: organizationsModel, sts: stsModel }
const membersOf = ({ operations, shapes }: ServiceModel, name: string): readonly string[] =>
  Object.keys(shapes[operations[name]?.input ?? '']?.members ?? {})
/** As of the native API. */
const fewerRowsOfAws: Readonly<Record<string, readonly [number, string]>> = {
  DescribeIpams: [1, 'an account has one in each Region'],
  DescribeIpamResourceDiscoveries: [2, 'an account may have no more in a Region'],
  DescribeIpamResourceDiscoveryAssociations: [2, 'an IPAM may have no more than six'],
  GetIpamAddressHistory: [2, 'one block alone is asked about'],
  GetIpamDiscoveredAccounts: [1, 'an account alone is looked at'],
  GetIpamPoolCidrs: [990, 'a pool may have no more'],
  DescribeIpamPolicies: [980, 'an account may have no more'],
  GetSubnetCidrReservations: [100, 'a subnet may have no more'],
  DescribeRegions: [2, 'the operator names them'],
  DescribeAvailabilityZones: [3, 'a Region has no more'],
  ListAWSServiceAccessForOrganization: [2, 'there are few services'],
  ListDelegatedAdministrators: [1, 'IPAM has one'],
  ListDelegatedServicesForAccount: [1, 'there are few services'],
  ListParents: [1, 'there is one'],
  ListRoots: [1, 'there is one'],
  ListTagsForResource: [50, 'nothing may have more'],
}
/** What is asked about much. */
const aboutMuchOverAws = (): Readonly<Record<string, object>> => ({
  GetIpamPolicyAllocationRules: { IpamPolicyId: listed.policyId },
  GetIpamPolicyOrganizationTargets: { IpamPolicyId: listed.assignedPolicyId },
})
test('D3 a map passes by its rows once, though tiles have more of them than a statement counts', async (t) => {
  if (engineUnderTest !== 'sqlite') return t.skip('what PostgreSQL looks at is not seen from here')
  const poolId = filled.native
    .get('listResources')!
    .map(({ input }) => (input as { poolId?: string }).poolId)
    .find((id) => id !== undefined)!
  const window = parseCidr('10.128.0.0/20')!
  await filled.world.store.read(async (tx) => {
    const pool = (await tx.pools.find(poolId))!
    const countedBy = async (rowsPerStatement: number): Promise<number> => {
      const bounds = { ...boundsOfMaps, rowsPerStatement }
      const { total } = await measureWork(() => mapOf({ tx }, pool, [window], { window, length: 24 }, bounds))
      return total.steps
    }
    const [once, inParts] = [await countedBy(16_384), await countedBy(100)]
    // Rows that are passed by cost less than those that are counted.
    assert.ok(inParts < 0.58 * once, `${inParts} steps and ${once}`)
  })
})

/** The most that a filter may have. */
const filterValuesMax = 200
for (const [service, table] of Object.entries(operationTables)) {
  for (const operation of table.values()) {
    if (operation.access !== 'read') continue
    const members = membersOf(models[service as keyof typeof operationTables], operation.name)
    const filters = service === 'ec2' ? documentedFilters(operation.name) : undefined
    if (!members.includes('NextToken') && !filters) continue
    test(`D3 a page of ${service} ${operation.name} costs no more, by whatever filter`, async () => {
      const about = { ...filled.aws.get(operation.name)![0]!.input, ...(aboutMuchOverAws()[operation.name] ?? {}) }
      const sizes = members.includes('MaxResults') ? (service === 'ec2' ? [5, 1_000] : [1, 20]) : [undefined]
      const paged = sizes.map((MaxResults) => (MaxResults === undefined ? {} : { MaxResults }))
      const askedFor = (Values: readonly string[]) =>
        (filters?.names ?? []).map((Name) => ({ [filters!.field]: [{ Name, Values }] }))
      const inputs = [{}, ...askedFor(['nothing-matches']), ...askedFor(['*'])].flatMap((filter) =>
        paged.map((page) => ({ input: { ...about, ...filter, ...page } })),
      )
      // So many look at the same rows as one that matches nothing, by pages of any size, and take long to compare.
      const many = askedFor(Array(filterValuesMax).fill('no?hing*'))
      for (const filter of many) inputs.push({ input: { ...about, ...filter, ...paged.at(-1) } })
      const first = { input: { ...about, ...paged[0] }, isOne: members.includes('MaxResults') }
      assert.deepEqual(await excessOf(operation, [first, ...inputs]), [])
      const usual = members.includes('MaxResults') && service !== 'ec2' ? 20 : 1_000
      const fewest = enough(fewerRowsOfAws[operation.name]?.[0] ?? usual)
      const found = await countRows(operation, inputs.at(paged.length - 1)!.input, fewest)
      assert.ok(found >= fewest, `its longest page has ${found} rows, and it is measured with ${fewest} or more`)
    })
  }
}
