// Random worlds for the two evaluators: small enough that everything in them meets, and of every shape that the API lets in.

import type { AllocationRequest } from '#model/policy/decision.ts'
import type {
  AllocationRule,
  Assignment,
  AssignmentCandidate,
  PolicyDocument,
  PolicyVersion,
  RuleCondition,
} from '#model/policy/document.ts'
import type { ExceptionFacts } from '#model/policy/exception.ts'
import type { ResourceType, TypeLengths } from '#model/policy/resource-types.ts'
import { initialSettings } from '#model/policy/settings.ts'
import type { GovernanceFacts, IpamFacts, NodeFacts, PoolFacts } from '#model/policy/snapshot.ts'
import type { Mode, RequiredTag, SizeBounds } from '#model/policy/values.ts'
import { type Choices, choicesOf } from '../random.ts'
import { addressLength, type Block, blockAround } from './cidr.ts'

/** One question, and the moment at which it is asked. */
export interface Question {
  readonly request: AllocationRequest
  readonly at: number
}

export interface TrialWorld {
  /** As the store gives them: what is built in is not among the resource types. */
  readonly facts: GovernanceFacts
  readonly questions: readonly Question[]
  /** The pools that have room, and perhaps `provider`. */
  readonly room: readonly string[]
}

interface Pair {
  readonly locale: string
  readonly type: ResourceType
}

/** What the parts of a world are drawn from. */
interface Draft {
  readonly choices: Choices
  readonly nodes: readonly NodeFacts[]
  readonly accounts: readonly string[]
  readonly outsiders: readonly string[]
  readonly ipams: readonly IpamFacts[]
  readonly pairs: readonly Pair[]
  readonly pools: readonly PoolFacts[]
}

const root = 'r-1'
const administrator = '100000000000'
const pairsMax = 3
const momentMax = 100
const regions = ['eu-1', 'us-1'] as const
const tagKeys = ['env', 'team'] as const
const tagValues = ['dev', 'prod'] as const

/** Shapes of types that the built-in ones do not have. */
const addedTypes: readonly ResourceType[] = [
  {
    name: 'oci:v6',
    summary: 'IPv6 only.',
    scopeTypes: ['private'],
    takes: 'cidr',
    lengths: { 6: { min: 48, max: 64 } },
  },
  {
    name: 'oci:any',
    summary: 'One address or a block.',
    scopeTypes: ['public', 'private'],
    takes: 'any',
    lengths: { 4: { min: 20, max: 32, default: 30 }, 6: { min: 64, max: 128 } },
  },
  {
    name: 'oci:one-size',
    summary: 'One length.',
    scopeTypes: ['private'],
    takes: 'cidr',
    lengths: { 4: { min: 26, max: 26, default: 26 } },
  },
  {
    name: 'oci:address',
    summary: 'One address.',
    scopeTypes: ['public'],
    takes: 'address',
    lengths: { 4: { min: 32, max: 32 } },
  },
]

export function drawWorld(seed: number, builtIn: readonly ResourceType[], questionCount: number): TrialWorld {
  const choices = choicesOf(seed)
  const { chance, pick, some } = choices
  const { nodes, accounts } = drawTree(choices)
  const outsiders = chance(0.4) ? ['900000000000'] : []
  const added = chance(0.3) ? some(addedTypes, 1, addedTypes.length) : []
  const pairs = drawPairs(choices, added.length > 0 && chance(0.6) ? added : builtIn)
  const delegatedAdministrator = chance(0.85) ? administrator : undefined
  const ipams = drawIpams(choices, accounts, outsiders)
  const beforePools = { choices, nodes, accounts, outsiders, ipams, pairs, pools: [] }
  const pools = Array.from({ length: choices.between(3, 7) }, (_, n) => drawPool(beforePools, n))
  const draft: Draft = { ...beforePools, pools }
  const policies = Array.from({ length: choices.between(1, 4) }, (_, n) => drawPolicy(draft, n))
  const assignments = drawAssignments(draft, policies, delegatedAdministrator !== undefined)
  const exceptions = chance(0.6) ? Array.from({ length: choices.between(1, 4) }, (_, n) => drawException(draft, n)) : []
  const candidates = chance(0.35) ? drawCandidates(draft, policies, assignments) : []
  return {
    facts: {
      nodes,
      ipams,
      policies,
      assignments,
      pools,
      delegatedAdministrator,
      exceptions,
      candidates,
      resourceTypes: added,
    },
    questions: drawQuestions(draft, questionCount),
    room: [...pools.map(({ id }) => id).filter(() => chance(0.6)), ...(chance(0.8) ? ['provider'] : [])],
  }

  function drawQuestions(draft: Draft, count: number): Question[] {
    const fresh = Array.from({ length: count }, () => drawQuestion(draft))
    // Some are asked again, at once or at another moment: what is remembered must not differ from what is found.
    return fresh.map((question) =>
      chance(0.15) ? { request: pick(fresh).request, at: chance(0.5) ? question.at : pick(fresh).at } : question,
    )
  }
}

// The organization ---------------------------------------------------------------------------------------------------

function drawTags({ chance, pick }: Choices, probability: number): ReadonlyMap<string, string> | undefined {
  if (!chance(probability)) return undefined
  return new Map(tagKeys.filter(() => chance(0.7)).map((key) => [key, pick(tagValues)]))
}

function drawTree(choices: Choices): { nodes: NodeFacts[]; accounts: string[] } {
  const { between, pick } = choices
  const nodes: NodeFacts[] = [{ id: root, kind: 'root', tags: drawTags(choices, 0.2) }]
  const parents = [root]
  for (let n = between(0, 3); n > 0; n--) {
    const id = `ou-${n}`
    nodes.push({ id, kind: 'organizational-unit', parentId: pick(parents), tags: drawTags(choices, 0.3) })
    parents.push(id)
  }
  const accounts = [administrator, ...['200000000000', '300000000000', '400000000000'].slice(0, between(1, 3))]
  for (const id of accounts) {
    nodes.push({ id, kind: 'account', parentId: pick(parents), tags: drawTags(choices, 0.4) })
  }
  return { nodes, accounts }
}

function drawIpams(choices: Choices, accounts: readonly string[], outsiders: readonly string[]): IpamFacts[] {
  const { chance, some } = choices
  const owners = [administrator, ...accounts.slice(1).filter(() => chance(0.4)), ...outsiders.filter(() => chance(0.7))]
  return owners.map((account, n) => ({
    id: `ipam-${n + 1}`,
    account,
    tier: 'advanced',
    unmatched: chance(0.12) ? 'deny' : 'provider',
    operatingRegions: some(regions, 1, 2),
  }))
}

/** One to three pairs of locale and type, which documents and requests are mostly about, so that they meet. */
function drawPairs({ chance, pick, between }: Choices, types: readonly ResourceType[]): Pair[] {
  return Array.from({ length: between(1, pairsMax) }, () => {
    const type = pick(types)
    const isForeign = type.name.includes(':') && chance(0.7)
    return { locale: isForeign ? `${type.name.split(':')[0]}:site` : pick(regions), type }
  })
}

/** Mostly of the first pair, and of one family, so that pools, documents, exceptions and requests are about the same. */
const pickPair = ({ choices: { chance, pick }, pairs }: Pick<Draft, 'choices' | 'pairs'>): Pair =>
  chance(0.6) ? pairs[0]! : pick(pairs)
const pickFamily = ({ chance, pick }: Choices, type: ResourceType): 4 | 6 =>
  chance(0.7) ? familiesOf(type)[0]! : pick(familiesOf(type))

// Pools --------------------------------------------------------------------------------------------------------------

const familiesOf = ({ lengths }: ResourceType): (4 | 6)[] => ([4, 6] as const).filter((family) => lengths[family])

/** Netmask lengths around those of a type, so that bounds of all sources cut each other. */
function lengthAround({ chance, between }: Choices, family: 4 | 6, { min, max }: TypeLengths): number {
  const low = chance(0.95) ? min : Math.max(0, min - 3)
  const high = chance(0.95) ? max : Math.min(addressLength(family), max + 3)
  // Where the type allows nearly everything, bounds would rarely meet.
  const narrow = high - low > 12 && chance(0.8)
  return narrow
    ? between(Math.max(low, family === 4 ? 22 : 50), Math.min(high, family === 4 ? 32 : 66))
    : between(low, high)
}

function drawPool(draft: Draft, n: number): PoolFacts {
  const { choices, accounts, ipams, nodes } = draft
  const { chance, pick, some } = choices
  const { locale, type } = pickPair(draft)
  const ipam = chance(0.85) ? ipams[0]! : pick(ipams)
  const family = chance(0.97) ? pickFamily(choices, type) : pick([4, 6] as const)
  const scopeType = chance(0.97) ? pick(type.scopeTypes) : pick(['public', 'private'] as const)
  const lengths = type.lengths[family] ?? { min: 24, max: 32 }
  const ordered = [1, 2, 3].map(() => lengthAround(choices, family, lengths)).sort((a, b) => a - b)
  const isLocated = chance(type.isReservation ? 0.7 : 0.96)
  return {
    id: `pool-${n + 1}`,
    ipamId: ipam.id,
    account: ipam.account,
    scopeId: `scope-${ipam.id}-${scopeType}`,
    scopeType,
    family,
    locale: isLocated ? (chance(0.95) ? locale : pick(regions)) : undefined,
    awsService: scopeType === 'public' && chance(0.96) ? 'ec2' : undefined,
    divides: chance(0.2) ? pick(['vpc', 'subnet', 'gcp:subnetwork', 'onprem:network', 'oci:gone']) : undefined,
    minNetmaskLength: chance(0.25) ? ordered[0] : undefined,
    defaultNetmaskLength: chance(0.4) ? ordered[1] : undefined,
    maxNetmaskLength: chance(0.25) ? ordered[2] : undefined,
    requiredTags: chance(0.1) ? drawRequiredTags(choices) : [],
    cidrs: drawCidrs(choices, family, n),
    sharedWith: chance(0.35) ? some([...nodes.map(({ id }) => id), ...accounts], 1, 2) : [],
  }
}

const drawRequiredTags = ({ chance, pick, some }: Choices): RequiredTag[] =>
  some(tagKeys, 1, 2).map((key) => (chance(0.5) ? { key } : { key, value: pick(tagValues) }))

/** Each pool has space of its own; now and then a pool has some of the next one's, as parents and children do. */
function drawCidrs({ chance, between }: Choices, family: 4 | 6, n: number): Block[] {
  const place = BigInt(chance(0.2) ? n + 1 : n)
  const base = family === 4 ? (10n << 24n) + (place << 16n) : (0x20010db8n << 96n) + (place << 80n)
  return Array.from({ length: between(chance(0.1) ? 0 : 1, 2) }, (_, part) => {
    const offset = BigInt(part) << (family === 4 ? 12n : 72n)
    return blockAround(family, base + offset, family === 4 ? between(20, 24) : between(56, 60))
  })
}

// Policies -----------------------------------------------------------------------------------------------------------

function drawPolicy(draft: Draft, n: number): PolicyVersion {
  const { chance, pick, between } = draft.choices
  const ipam = chance(0.8) ? draft.ipams[0]! : pick(draft.ipams)
  const compatibility = chance(0.75) ? 'strict' : 'aws'
  return {
    policyId: `policy-${n + 1}`,
    version: between(1, 3),
    ipamId: ipam.id,
    account: ipam.account,
    compatibility,
    documents: drawDocuments(draft, ipam, compatibility),
  }
}

function drawDocuments(draft: Draft, ipam: IpamFacts, compatibility: PolicyVersion['compatibility']): PolicyDocument[] {
  const { chance } = draft.choices
  const pools = draft.pools.filter(({ ipamId }) => ipamId === ipam.id)
  return draft.pairs.flatMap(({ locale, type }, n) => {
    const isSecond = draft.pairs.findIndex((pair) => pair.locale === locale && pair.type === type) < n
    if (isSecond || !chance(0.9)) return []
    return [
      {
        locale,
        resourceType: type.name,
        settings: { ...initialSettings(compatibility), ...drawSettings(draft, type, compatibility) },
        rules: drawRules(draft, pools),
      },
    ]
  })
}

function drawSettings({ choices }: Draft, type: ResourceType, compatibility: PolicyVersion['compatibility']) {
  const { chance, pick } = choices
  const isUsual = chance(0.3)
  const isAws = compatibility === 'aws'
  return {
    onExplicit: isUsual ? (isAws ? 'allow' : 'deny') : pick(['deny', 'steer', 'steer', 'allow'] as const),
    onExhausted: isUsual ? (isAws ? 'provider' : 'deny') : pick(['deny', 'provider'] as const),
    ...(chance(0.4) ? { size: drawSize(choices, 4, type) } : {}),
    ...(chance(0.4) ? { sizeIpv6: drawSize(choices, 6, type) } : {}),
    requiredTags: chance(0.12) ? drawRequiredTags(choices) : [],
  } as const
}

/**
 * Within what the type allows, as documents are written today; some from before that was asked for say more. Undefined where
 * there is no such family.
 */
function drawSize(choices: Choices, family: 4 | 6, { lengths }: ResourceType): SizeBounds | undefined {
  const { chance } = choices
  const allowed = lengths[family]
  if (!allowed) return undefined
  const isOld = chance(0.04)
  const within = (length: number): number => (isOld ? length : Math.min(Math.max(length, allowed.min), allowed.max))
  const [min, usual, max] = [1, 2, 3].map(() => within(lengthAround(choices, family, allowed))).sort((a, b) => a - b)
  return { min: min!, default: usual!, max: max! }
}

function drawRules(draft: Draft, pools: readonly PoolFacts[]): AllocationRule[] {
  const { chance, some } = draft.choices
  const listed = some(pools, chance(0.06) ? 0 : 2, 5)
  return listed.map(({ id }) => (chance(0.2) ? { pool: id, when: drawCondition(draft) } : { pool: id }))
}

function drawCondition({ choices, accounts, outsiders, nodes }: Draft): RuleCondition {
  const { chance, pick, some } = choices
  const units = nodes.filter(({ kind }) => kind !== 'account').map(({ id }) => id)
  const condition: RuleCondition = {
    ...(chance(0.4) ? { accounts: some([...accounts, ...outsiders], 1, 3) } : {}),
    ...(chance(0.4) ? { organizationalUnits: some(units, 1, 2) } : {}),
  }
  if (!chance(0.5) && Object.keys(condition).length > 0) return condition
  return {
    ...condition,
    tags: some(tagKeys, 1, chance(0.8) ? 1 : 2).map((key) => ({
      key,
      values: chance(0.8) ? [pick(tagValues)] : [...tagValues],
    })),
  }
}

const drawMode = ({ chance, pick }: Choices): Mode =>
  chance(0.55) ? 'enforce' : pick(['enforce', 'warn', 'observe', 'off'] as const)

/** At most one `default` on a target of each who may enable; an account's own policies are enabled on itself alone. */
function drawAssignments(draft: Draft, policies: readonly PolicyVersion[], isDelegated: boolean): Assignment[] {
  const { choices, nodes } = draft
  const { chance, pick, between } = choices
  const assignments: Assignment[] = []
  for (let n = between(1, 7); n > 0; n--) {
    const { policyId, account } = pick(policies)
    const isAdministrators = account === administrator && isDelegated
    const targetId = isAdministrators ? (chance(0.3) ? root : pick(nodes).id) : account
    const managedBy = isAdministrators ? 'delegated-administrator-for-ipam' : 'account'
    const isTaken = assignments.some((other) => other.policyId === policyId && other.targetId === targetId)
    const hasDefault = assignments.some(
      (other) => other.targetId === targetId && other.kind === 'default' && other.managedBy === managedBy,
    )
    const kind = chance(0.7) && !hasDefault ? 'default' : 'final'
    if (!isTaken) assignments.push({ policyId, targetId, kind, mode: drawMode(choices), managedBy })
  }
  return assignments
}

function drawCandidates(
  draft: Draft,
  policies: readonly PolicyVersion[],
  assignments: readonly Assignment[],
): AssignmentCandidate[] {
  const { choices, ipams } = draft
  const { chance, some } = choices
  return some(assignments, 1, 2).map(({ policyId, targetId }, n) => {
    const live = policies.find((policy) => policy.policyId === policyId)!
    const ipam = ipams.find(({ id }) => id === live.ipamId)!
    const hasVersion = chance(0.6)
    const version = {
      ...live,
      version: live.version + n + 1,
      documents: drawDocuments(draft, ipam, live.compatibility),
    }
    return {
      n: n + 1,
      policyId,
      targetId,
      ...(hasVersion ? { version } : {}),
      ...(!hasVersion || chance(0.3) ? { mode: drawMode(choices) } : {}),
    }
  })
}

// Exceptions ---------------------------------------------------------------------------------------------------------

function drawException(draft: Draft, n: number): ExceptionFacts {
  const { choices, nodes, outsiders, pools } = draft
  const { chance, pick, some, between } = choices
  const { locale, type } = pickPair(draft)
  const kind = pick(['pools', 'pools', 'provider', 'size', 'mixed'] as const)
  const startsAt = chance(0.6) ? 0 : between(0, momentMax)
  const family = pickFamily(choices, type)
  const size = kind === 'size' || (kind === 'mixed' && chance(0.5)) ? drawSize(choices, family, type) : undefined
  const bounds = size && { min: size.min, max: size.max }
  const granted = kind === 'pools' || kind === 'mixed' ? some(pools, 1, 2).map(({ id }) => id) : []
  const sharedPools = granted.filter(() => chance(0.4))
  return {
    id: `exception-${n + 1}`,
    target: chance(0.3) ? root : pick([...nodes.map(({ id }) => id), ...outsiders]),
    ...(chance(0.25) ? { resource: pick(['web', 'web*', '*db*', '*', 'w*b']) } : {}),
    locale,
    resourceType: type.name,
    grants: {
      pools: granted,
      provider: kind === 'provider' || (kind === 'mixed' && chance(0.5)),
      ...(bounds ? (family === 4 ? { size: bounds } : { sizeIpv6: bounds }) : {}),
    },
    ...(sharedPools.length > 0 ? { sharedPools } : {}),
    startsAt,
    expiresAt: startsAt + between(1, 2 * momentMax),
  }
}

// Requests -----------------------------------------------------------------------------------------------------------

function drawQuestion(draft: Draft): Question {
  const { choices, accounts, outsiders } = draft
  const { chance, pick, between } = choices
  const { locale, type } = pickPair(draft)
  const isKnown = chance(0.99)
  const family = chance(0.98) ? pickFamily(choices, type) : pick([4, 6] as const)
  const lengths = type.lengths[family] ?? { min: 24, max: 32 }
  const explicit = chance(0.45) ? drawExplicit(draft, family, type) : undefined
  const isSized = !explicit?.cidr && chance(type.takes === 'address' ? 0.1 : 0.5)
  const tags = chance(0.7) ? new Map(drawTags(choices, 1)) : undefined
  if (tags && chance(0.3)) tags.set('Name', pick(['web', 'web-1', 'my-db-2', 'wb', '']))
  const request: AllocationRequest = {
    account: chance(0.98) ? pick([...accounts, ...outsiders]) : '800000000000',
    locale: chance(0.96) ? locale : pick(regions),
    resourceType: isKnown ? type.name : 'oci:unknown',
    family,
    ...(chance(0.4) ? { scopeType: chance(0.97) ? pick(type.scopeTypes) : pick(['public', 'private'] as const) } : {}),
    ...(isSized ? { netmaskLength: lengthAround(choices, family, lengths) } : {}),
    ...(explicit ? { explicit } : {}),
    ...(chance(0.3) ? { resource: pick(['web', 'web-1', 'my-db-2', 'wb']) } : {}),
    ...(tags ? { tags } : {}),
  }
  return { request, at: between(0, 2 * momentMax) }
}

function drawExplicit({ choices, pools }: Draft, family: 4 | 6, type: ResourceType): AllocationRequest['explicit'] {
  const { chance, pick } = choices
  const kind = pick(['pool', 'pool', 'pool', 'cidr', 'cidr', 'both', 'provider', 'neither'] as const)
  if (kind === 'neither') return {}
  const pool = chance(0.98) ? pick(pools) : undefined
  const cidr = drawNamedCidr(choices, pool?.cidrs ?? [], family, type)
  if (kind === 'cidr') return { cidr }
  if (kind === 'provider') return chance(0.7) ? { pool: 'provider' } : { pool: 'provider', cidr }
  const id = pool?.id ?? 'pool-unknown'
  return kind === 'pool' ? { pool: id } : { pool: id, cidr }
}

/** Mostly inside the given space. */
function drawNamedCidr(choices: Choices, space: readonly Block[], family: 4 | 6, type: ResourceType): Block {
  const { chance, pick, between } = choices
  const lengths = type.lengths[family] ?? { min: 24, max: 32 }
  const around = space.filter((block) => block.family === family)
  const outside = blockAround(family, family === 4 ? 172n << 24n : 0xfdn << 120n, family === 4 ? 16 : 48)
  const { first, length } = around.length > 0 && chance(0.85) ? pick(around) : outside
  const wanted = lengthAround(choices, family, lengths)
  return blockAround(family, first + BigInt(between(0, 255)), chance(0.9) ? Math.max(wanted, length) : wanted)
}
