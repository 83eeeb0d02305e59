// A second evaluator, written from the policy model alone: naive, slow and plain. It shares no code with `src` (types only),
// and every step quotes the sentence of the model that it goes by. Where the model leaves something open, an answer says so
// by naming all that is right. The tests compare it with the product over random worlds.

import type { AllocationRequest } from '#model/policy/decision.ts'
import type { Assignment, PolicyDocument, PolicyVersion, RuleCondition } from '#model/policy/document.ts'
import type { ExceptionFacts } from '#model/policy/exception.ts'
import type { ResourceType } from '#model/policy/resource-types.ts'
import type { GovernanceFacts, NodeFacts, PoolFacts } from '#model/policy/snapshot.ts'
import type { Mode, OnExhausted, OnExplicit, RequiredTag, SizeBounds } from '#model/policy/values.ts'
import { addressLength, type Block, isInside, isSameBlock } from './cidr.ts'

// What is answered ---------------------------------------------------------------------------------------------------

/** Where the allocator looks: a pool, or `provider`. */
export interface Place {
  readonly pool: string
  readonly length: number
  readonly cidr?: Block
}

/** A policy that spoke, and where it is enabled. */
export interface Speaker {
  readonly policy: string
  readonly version: number
  readonly target: string
}

export type Cause =
  | 'tags'
  | 'size'
  | 'setting'
  | 'explicit'
  | 'no-rule'
  | 'pool-rule'
  | 'unmatched'
  | 'exhausted'
  | 'resource-type'

export interface Refused {
  /** The cause; several where the model does not say which of them goes first. */
  readonly causes: readonly Cause[]
  /** Whose word it is: one of these. Undefined where the model does not say, empty where it is no policy's. */
  readonly by?: readonly Speaker[]
  /** The setting's public name, where it is one of a document. */
  readonly setting?: string
  /** For `pool-rule`: one of these pools. */
  readonly pools?: readonly string[]
  readonly missingTags?: readonly string[]
}

/** What one reading of the assignments makes of a request: no warnings, nothing about other worlds. */
export interface Ruling {
  readonly outcome: 'allow' | 'steer' | 'deny'
  readonly places: readonly Place[]
  /** What is done where no place has room: the provider is a place of its own only where it is not the last resort. */
  readonly onExhausted?: OnExhausted
  readonly refused?: Refused
  readonly exception?: string
  readonly reserve?: { readonly exception: string; readonly places: readonly Place[] }
  /** What the grants of an exception add to what policy allows. */
  readonly more?: readonly Place[]
  /** Whose document gave the order. */
  readonly speaker?: Speaker
  /** Who may be named where nothing has room. */
  readonly exhausters: readonly Speaker[]
  /** The sentences of the model that it went by. */
  readonly sentences: readonly string[]
}

export interface Answer {
  readonly outcome: 'allow' | 'steer' | 'warn' | 'deny'
  readonly enforced: Ruling
  /** Undefined where the model does not say. */
  readonly mode?: Mode
  /** With the assignments that warn, and with those that observe, as though they enforced. */
  readonly warned: Ruling
  readonly observed: Ruling
}

// The sentences ------------------------------------------------------------------------------------------------------

const says = {
  final:
    '§3.1 `final` assignments anywhere on the path all apply; pools and size bounds intersect, the stricter setting holds',
  nearest: '§3.2 the nearest `default` whose policy has a document for the pair gives the ordered pool list',
  nearestAws: '§3.2 compatibility aws: the nearest assignment wins whole, even where it has no document for the pair',
  self: '§3.2 a self-enabled policy counts only where no administrator’s assignment that enforces is on the path',
  finalOrder: '§3.3 with no `default` document, the `final` closest to the root gives the order',
  unmatched:
    '§3 `unmatched` is the strictest of the own IPAM, the delegated administrator’s, and those of policies on the path',
  type: '§1 an entry of the registry says families, public or private, and lengths',
  address: '§3 a type that takes one address gets one address, whatever default length a pool or document has',
  typeLengths: '§3 the lengths that the type allows bind every source of a length',
  nearestBound: '§3 a default that a final’s bounds exclude becomes the nearest bound',
  providerSize: '§3 provider space obeys `size` like any pool',
  tags: '§2 requiredTags: a request without them is denied',
  size: '§2 size: outside is denied',
  emptySize: '§3 bounds that have nothing in common: enforcing would refuse',
  listed: '§2 naming a listed pool is always fine and is honoured',
  listedCidr: '§5 a named CIDR is listed where it lies in a listed pool; all such pools in order, and nothing else',
  namedFull: '§5 a named pool that is full is exhausted, whatever onExhausted says',
  onExplicitDeny: '§2 onExplicit deny: refuse what the rules do not list',
  onExplicitSteer: '§2 onExplicit steer: ignore what was named, use the rules, tell the caller',
  onExplicitAllow: '§2 onExplicit allow: let it',
  rules: '§5.6 rules in order: condition, locale, family, awsService, allocation rules of the pool',
  poolRule: '§5 where no rule can serve: a length or tags that another request could have had right are `pool-rule`',
  noRule: '§5 where no rule can serve: a pool that a final took away is `no-rule`',
  others: '§5 where all rules are for others or do not fit the place, onExhausted holds',
  exception: '§7 each exception is tried alone, the account’s before those above it; the first that helps is named',
  reserve: '§7 what policy allows is tried first, `provider` included; an exception’s pools come after all that',
} as const

// The organization ---------------------------------------------------------------------------------------------------

/** «Path = root, OUs, account, in this order.» An account outside the organization is alone on its path. */
export function pathOf(facts: GovernanceFacts, account: string): string[] {
  const node = facts.nodes.find(({ id }) => id === account)
  return node?.parentId === undefined ? [account] : [...pathOf(facts, node.parentId), account]
}

const nodeOf = (facts: GovernanceFacts, id: string): NodeFacts | undefined => facts.nodes.find((node) => node.id === id)

/** «A rule's `when.tags` reads the tags of the organization's nodes: of the nearest node on the path that has the key.» */
function tagOnPath(facts: GovernanceFacts, path: readonly string[], key: string): string | undefined {
  for (const id of path.toReversed()) {
    const value = nodeOf(facts, id)?.tags?.get(key)
    if (value !== undefined) return value
  }
  return undefined
}

/** «With an optional condition (tags equal / in; account in; OU in)»: every given part must hold. */
export function holds(facts: GovernanceFacts, account: string, when: RuleCondition | undefined): boolean {
  if (when === undefined) return true
  const path = pathOf(facts, account)
  if (when.accounts && !when.accounts.includes(account)) return false
  if (when.organizationalUnits && !path.some((id) => when.organizationalUnits!.includes(id))) return false
  for (const { key, values } of when.tags ?? []) {
    const value = tagOnPath(facts, path, key)
    if (value === undefined || !values.includes(value)) return false
  }
  return true
}

// Which assignments and documents apply ------------------------------------------------------------------------------

export interface Enabled {
  readonly assignment: Assignment
  readonly version: PolicyVersion
  /** The document for the pair. «A document without rules is none.» */
  readonly document?: PolicyDocument
}

const speakerOf = ({ assignment, version }: Enabled): Speaker => ({
  policy: version.policyId,
  version: version.version,
  target: assignment.targetId,
})

interface Pair {
  readonly locale: string
  readonly resourceType: string
}

/**
 * The assignments on an account's path that are of these modes, from the root on; on one target by policy id. «An account's
 * own (self-enabled) policy counts only where no administrator's assignment that enforces is on the path», nor says the
 * administrator's IPAM of its members that they get nothing outside policy.
 */
export function enabledFor(facts: GovernanceFacts, account: string, pair: Pair, modes: readonly Mode[]): Enabled[] {
  const all = pathOf(facts, account).flatMap((target) =>
    facts.assignments
      .filter(({ targetId, mode }) => targetId === target && modes.includes(mode))
      .toSorted((a, b) => (a.policyId < b.policyId ? -1 : 1))
      .flatMap((assignment): Enabled[] => {
        const version = facts.policies.find(
          ({ policyId, version }) =>
            policyId === assignment.policyId && (assignment.version === undefined || assignment.version === version),
        )
        const document = version?.documents.find(
          ({ locale, resourceType, rules }) =>
            locale === pair.locale && resourceType === pair.resourceType && rules.length > 0,
        )
        return version ? [{ assignment, version, document }] : []
      }),
  )
  const isMember = nodeOf(facts, account)?.parentId !== undefined
  const isClosed = facts.ipams.some(
    (ipam) =>
      isMember &&
      account !== facts.delegatedAdministrator &&
      ipam.account === facts.delegatedAdministrator &&
      ipam.unmatched === 'deny',
  )
  const isAdministered = isClosed || all.some(({ assignment }) => assignment.managedBy !== 'account')
  return all.filter(({ assignment }) => assignment.managedBy !== 'account' || !isAdministered)
}

/** «The nearest to the account whose policy has a document for the pair»; aws: «the nearest assignment wins whole». */
export function nearestDefault(enabled: readonly Enabled[]): Enabled | undefined {
  for (const one of enabled.toReversed()) {
    if (one.assignment.kind !== 'default') continue
    if (one.document || one.version.compatibility === 'aws') return one
  }
  return undefined
}

interface WithDocument extends Enabled {
  readonly document: PolicyDocument
}
export const hasDocument = (one: Enabled): one is WithDocument => one.document !== undefined

/** The documents that apply: who gives the order, and the finals (which may include the one that gives the order). */
export interface Applying {
  readonly order: WithDocument
  readonly finals: readonly WithDocument[]
  readonly all: readonly WithDocument[]
}

export function documentsFor(enabled: readonly Enabled[], went: string[]): Applying | undefined {
  const nearest = nearestDefault(enabled)
  const finals = enabled.filter(({ assignment }) => assignment.kind === 'final').filter(hasDocument)
  if (finals.length > 0) went.push(says.final)
  if (nearest && hasDocument(nearest)) {
    went.push(says.nearest)
    return { order: nearest, finals, all: [nearest, ...finals] }
  }
  if (nearest) went.push(says.nearestAws)
  if (finals.length === 0) return undefined
  went.push(says.finalOrder)
  return { order: finals[0]!, finals, all: finals }
}

/** «The stricter of each setting holds»: of these values the one that stands first, and everybody who says it. */
function strictest<T>(values: readonly T[], all: readonly WithDocument[], read: (document: PolicyDocument) => T) {
  const value = values.find((value) => all.some(({ document }) => read(document) === value))!
  return { value, by: all.filter(({ document }) => read(document) === value).map(speakerOf) }
}

// Lengths ------------------------------------------------------------------------------------------------------------

export interface Bounds {
  readonly min: number
  readonly max: number
}
/** What bounds lengths: the type, and the documents. */
interface Sizes extends Bounds {
  /** What an unsized request gets; undefined where no document says. */
  readonly usual?: number
  readonly minBy: readonly Speaker[]
  readonly maxBy: readonly Speaker[]
  readonly isSized: boolean
}

const sizeOf = (document: PolicyDocument, family: 4 | 6): SizeBounds | undefined =>
  family === 4 ? document.settings.size : document.settings.sizeIpv6

const isWithin = (length: number, { min, max }: Bounds): boolean => min <= length && length <= max
const clamp = (length: number, { min, max }: Bounds): number => Math.min(Math.max(length, min), max)
const isEmpty = ({ min, max }: Bounds): boolean => min > max

/** «Size bounds intersect», and «the lengths that the type allows bind every source of a length». */
function sizesOf(applying: Applying | undefined, family: 4 | 6, type: Bounds, went: string[]): Sizes {
  const sized = (applying?.all ?? []).filter(({ document }) => sizeOf(document, family))
  if (sized.length === 0) return { ...type, minBy: [], maxBy: [], isSized: false }
  const mins = sized.map(({ document }) => sizeOf(document, family)!.min)
  const maxs = sized.map(({ document }) => sizeOf(document, family)!.max)
  const min = Math.max(type.min, ...mins)
  const max = Math.min(type.max, ...maxs)
  // The order's own default; without one, that of the final closest to the root.
  const usual = (sizeOf(applying!.order.document, family) ?? sizeOf(sized[0]!.document, family)!).default
  const bounds = { min, max }
  if (!isWithin(usual, bounds)) went.push(says.nearestBound)
  return {
    ...bounds,
    usual: clamp(usual, bounds),
    minBy: sized.filter((_, n) => mins[n] === min).map(speakerOf),
    maxBy: sized.filter((_, n) => maxs[n] === max).map(speakerOf),
    isSized: true,
  }
}

// Pools --------------------------------------------------------------------------------------------------------------

/** Why a pool cannot serve: `place` is what no other request of the account for the same thing would change. */
type Unfit = 'place' | 'length' | 'tags'

interface Fit {
  readonly place?: Place
  readonly unfit?: Unfit
  readonly missingTags?: readonly string[]
}

interface Asked {
  readonly facts: GovernanceFacts
  readonly request: AllocationRequest
  readonly type: ResourceType
  readonly typeLengths: Bounds & { readonly default?: number }
  /** What was asked for: one address, a netmask length, or that of the named CIDR. */
  readonly length?: number
  readonly sizes: Sizes
}

const tagMissing = (tags: ReadonlyMap<string, string> | undefined, { key, value }: RequiredTag): boolean => {
  const given = tags?.get(key)
  return given === undefined || (value !== undefined && given !== value)
}

const spellTag = ({ key, value }: RequiredTag): string => (value === undefined ? key : `${key}=${value}`)

/**
 * «Pool locale, family, `awsService`, allocation rules of the pool.» A pool without a locale is a container, of which only
 * reservations can be made, where its IPAM operates.
 */
function fitOf(asked: Asked, pool: PoolFacts, cidr?: Block): Fit {
  const { facts, request, type, typeLengths, sizes } = asked
  if (pool.family !== request.family) return { unfit: 'place' }
  if (!type.scopeTypes.includes(pool.scopeType)) return { unfit: 'place' }
  if (request.scopeType !== undefined && pool.scopeType !== request.scopeType) return { unfit: 'place' }
  if (type.awsService !== undefined && pool.awsService !== type.awsService) return { unfit: 'place' }
  // A pool that plans a VPC divides its inside: no network of its own is made of that.
  const isWhole = ['vpc', 'azure:virtual-network'].includes(type.name)
  const isPart = (name: string) => ['subnet', 'azure:subnet', 'gcp:subnetwork'].includes(name)
  if (pool.divides !== undefined && (isWhole || (isPart(type.name) && isPart(pool.divides)))) return { unfit: 'place' }
  if (pool.locale === undefined) {
    const ipam = facts.ipams.find(({ id }) => id === pool.ipamId)
    if (!type.isReservation || !ipam?.operatingRegions.includes(request.locale)) return { unfit: 'place' }
  } else if (pool.locale !== request.locale) return { unfit: 'place' }

  // «A length or tags that another request could have had right»
  const possible: Bounds = {
    min: Math.max(sizes.min, pool.minNetmaskLength ?? 0),
    max: Math.min(sizes.max, pool.maxNetmaskLength ?? addressLength(pool.family)),
  }
  const missing = type.isReservation ? [] : pool.requiredTags.filter((tag) => tagMissing(request.tags, tag))
  if (isEmpty(possible)) return { unfit: 'place' }
  const length = asked.length ?? sizes.usual ?? pool.defaultNetmaskLength ?? typeLengths.default
  if (length === undefined || !isWithin(length, possible)) return { unfit: 'length' }
  if (missing.length > 0) return { unfit: 'tags', missingTags: missing.map(spellTag) }
  return { place: { pool: pool.id, length, ...(cidr ? { cidr } : {}) } }
}

/** A pool is the account's own, or shared with it or with something above it. */
export const mayUse = (facts: GovernanceFacts, account: string, pool: PoolFacts): boolean =>
  pool.account === account || pathOf(facts, account).some((id) => pool.sharedWith.includes(id))

const provider = 'provider'

// One reading of the assignments -------------------------------------------------------------------------------------

/** What `unmatched` is for an account: «the strictest of …». */
export function unmatchedFor(
  facts: GovernanceFacts,
  account: string,
  enabled: readonly Enabled[],
): 'provider' | 'deny' {
  const isMember = nodeOf(facts, account)?.parentId !== undefined
  const ipams = facts.ipams.filter(
    (ipam) =>
      ipam.account === account ||
      (isMember && ipam.account === facts.delegatedAdministrator) ||
      enabled.some(({ version }) => version.ipamId === ipam.id),
  )
  return ipams.some(({ unmatched }) => unmatched === 'deny') ? 'deny' : 'provider'
}

type Granted = ExceptionFacts['grants']

/**
 * Steps 2, 3, 5 and 6 for the assignments of these modes, with at most one exception's grants.
 * «Order: resolve documents → required tags and size → exceptions in force → explicit choice → rules in order.»
 */
function evaluateIn(
  facts: GovernanceFacts,
  request: AllocationRequest,
  modes: readonly Mode[],
  granted?: Granted,
): Ruling {
  const went: string[] = []
  let speaker: Speaker | undefined
  const deny = (refused: Refused): Ruling => ({
    outcome: 'deny',
    places: [],
    refused,
    speaker,
    exhausters: [],
    sentences: went,
  })

  const type = typeOf(facts, request.resourceType)
  const typeLengths = type?.lengths[request.family]
  if (!type || !typeLengths || (request.scopeType && !type.scopeTypes.includes(request.scopeType))) {
    went.push(says.type)
    return deny({ causes: ['resource-type'] })
  }
  const { account, family } = request
  const enabled = enabledFor(facts, account, request, modes)
  const applying = documentsFor(enabled, went)
  speaker = applying && speakerOf(applying.order)
  const isAddress = type.takes === 'address'
  const params = { pool: request.explicit?.pool, cidr: request.explicit?.cidr as Block | undefined }
  const isExplicit = params.pool !== undefined || params.cidr !== undefined
  const named = request.netmaskLength ?? params.cidr?.length

  if (named !== undefined && !isWithin(named, typeLengths)) {
    went.push(says.typeLengths)
    return deny({ causes: ['resource-type', 'size'] })
  }

  // Tags and sizes, before anything else that a document says.
  if (applying) {
    const missing = applying.all.flatMap((one) =>
      one.document.settings.requiredTags.filter((tag) => tagMissing(request.tags, tag)).map((tag) => ({ one, tag })),
    )
    if (missing.length > 0) {
      went.push(says.tags)
      return deny({
        causes: ['tags'],
        by: missing.map(({ one }) => speakerOf(one)),
        setting: 'required-tags',
        missingTags: missing.map(({ tag }) => spellTag(tag)),
      })
    }
  }
  const sizes = isAddress
    ? { ...typeLengths, minBy: [], maxBy: [], isSized: false }
    : sizesOf(applying, family, typeLengths, went)
  if (isAddress) went.push(says.address)
  if (sizes.isSized) {
    const grantedSize = family === 4 ? granted?.size : granted?.sizeIpv6
    const isGranted = grantedSize !== undefined && named !== undefined && isWithin(named, grantedSize)
    const setting = family === 4 ? 'size' : 'size-ipv6'
    if (!isGranted && isEmpty(sizes)) {
      went.push(says.emptySize)
      return deny({ causes: ['size'], by: [...sizes.minBy, ...sizes.maxBy], setting })
    }
    if (!isGranted && named !== undefined && !isWithin(named, sizes)) {
      went.push(says.size)
      return deny({ causes: ['size'], by: named < sizes.min ? sizes.minBy : sizes.maxBy, setting })
    }
  }
  const asked: Asked = {
    facts,
    request,
    type,
    typeLengths,
    length: isAddress ? addressLength(family) : named,
    sizes: grantedBounds(sizes, typeLengths, family === 4 ? granted?.size : granted?.sizeIpv6),
  }
  const lengthOfProvider = asked.length ?? sizes.usual ?? typeLengths.default
  const fromProvider = (cidr?: Block): Place[] => {
    if (lengthOfProvider === undefined) return []
    went.push(says.providerSize)
    return [{ pool: provider, length: lengthOfProvider, ...(cidr ? { cidr } : {}) }]
  }
  const onExhausted = applying
    ? strictest<OnExhausted>(['deny', 'provider'], applying.all, ({ settings }) => settings.onExhausted)
    : undefined
  const allow = (outcome: 'allow' | 'steer', places: readonly Place[], then: OnExhausted): Ruling => ({
    outcome,
    places,
    onExhausted: then,
    speaker,
    exhausters: onExhausted?.by ?? [],
    sentences: went,
  })
  /** What policy allows, and after it what an exception grants; what is granted alone where policy allows nothing. */
  const allowOr = (
    refused: Refused,
    outcome: 'allow' | 'steer',
    places: readonly Place[],
    more: readonly Place[],
  ): Ruling => {
    if (places.length > 0) return { ...allow(outcome, places, 'deny'), more }
    return more.length > 0 ? allow(outcome, withoutRepeats(more), 'deny') : deny(refused)
  }
  const poolOf = (id: string): PoolFacts | undefined => facts.pools.find((pool) => pool.id === id)
  const isIn = (pool: PoolFacts, cidr: Block): boolean => pool.cidrs.some((provisioned) => isInside(cidr, provisioned))

  // What is listed: the rules of the order whose conditions hold, less what a final does not list for the account.
  const rules = (applying?.order.document.rules ?? []).map((rule) => {
    const isForAccount = holds(facts, account, rule.when)
    const takenBy = applying!.finals.filter(
      ({ document }) => !document.rules.some((other) => other.pool === rule.pool && holds(facts, account, other.when)),
    )
    return { pool: poolOf(rule.pool)!, isForAccount, takenBy: takenBy.map(speakerOf) }
  })
  const listed = rules.filter(({ isForAccount, takenBy }) => isForAccount && takenBy.length === 0)
  const grantedPools = (granted?.pools ?? []).flatMap((id) => poolOf(id) ?? [])

  const unmatched = applying ? undefined : unmatchedFor(facts, account, enabled)
  if (unmatched) went.push(says.unmatched)

  /** Names a pool that may be taken from, and perhaps a CIDR in it: that pool and nothing else. */
  const onlyFrom = (pool: PoolFacts): Ruling => {
    if (params.cidr && !isIn(pool, params.cidr)) return deny({ causes: ['pool-rule', 'explicit'] })
    const fit = fitOf(asked, pool, params.cidr)
    went.push(says.namedFull)
    return fit.place
      ? allow('allow', [fit.place], 'deny')
      : deny({ causes: ['pool-rule'], pools: [pool.id], missingTags: fit.missingTags })
  }

  // «5 explicit choice»
  let outcome: 'allow' | 'steer' = 'allow'
  if (isExplicit) {
    // «What a request gets where no document applies»: the same as Amazon gives, or nothing.
    const onExplicit = applying
      ? strictest<OnExplicit>(['deny', 'steer', 'allow'], applying.all, ({ settings }) => settings.onExplicit)
      : { value: 'allow' as const, by: [] }
    const holding = (pools: readonly PoolFacts[]) =>
      params.pool === undefined && params.cidr ? pools.filter((pool) => isIn(pool, params.cidr!)) : []
    const placesIn = (pools: readonly PoolFacts[]): Place[] =>
      pools.flatMap((pool) => fitOf(asked, pool, params.cidr).place ?? [])
    const inRules = holding(listed.map(({ pool }) => pool))
    const inGrant = holding(grantedPools)

    if (params.pool !== undefined && listed.some(({ pool }) => pool.id === params.pool)) {
      went.push(says.listed)
      return onlyFrom(poolOf(params.pool)!)
    }
    if (placesIn(inRules).length > 0) {
      went.push(says.listedCidr)
      return allow('allow', placesIn(inRules), 'deny')
    }
    // An exception’s pool counts as listed where it can serve; where it cannot, the exception is no help. The provider also
    // stands for space that the caller brings: what no pool that is listed has.
    const isBrought = params.pool === provider || (params.pool === undefined && inRules.length + inGrant.length === 0)
    const ofGrant = grantedPools.find(({ id }) => id === params.pool)
    const fromGrant = [
      ...(ofGrant ? onlyFrom(ofGrant).places : placesIn(inGrant)),
      ...(isBrought && granted?.provider ? fromProvider(params.cidr) : []),
    ]
    const isPolicys = inRules.length === 0 && unmatched !== 'deny' && onExplicit.value === 'allow'
    if (fromGrant.length > 0 && !(isPolicys && params.pool === undefined)) return allow('allow', fromGrant, 'deny')
    if (inRules.length > 0) {
      went.push(says.listedCidr)
      const curable = inRules.filter((pool) => fitOf(asked, pool, params.cidr).unfit !== 'place')
      if (curable.length > 0) return deny({ causes: ['pool-rule'], pools: curable.map(({ id }) => id) })
      // The model does not say what a named CIDR is denied as whose pools are for another place.
      return deny({ causes: ['pool-rule', 'no-rule', 'exhausted'] })
    }
    if (unmatched === 'deny') return deny({ causes: ['unmatched'], by: [], setting: 'unmatched' })
    if (onExplicit.value === 'deny') {
      went.push(says.onExplicitDeny)
      return deny({ causes: ['explicit'], by: onExplicit.by, setting: 'on-explicit' })
    }
    if (onExplicit.value === 'allow') {
      went.push(says.onExplicitAllow)
      if (params.pool === provider || params.pool === undefined) {
        return allowOr({ causes: ['pool-rule'] }, 'allow', fromProvider(params.cidr), fromGrant)
      }
      const pool = poolOf(params.pool)
      if (!pool || !mayUse(facts, account, pool)) return deny({ causes: ['pool-rule', 'explicit'] })
      return onlyFrom(pool)
    }
    went.push(says.onExplicitSteer)
    outcome = 'steer'
  } else if (unmatched === 'deny' && !granted) {
    return deny({ causes: ['unmatched'], by: [], setting: 'unmatched' })
  }

  // «6 rules in order», and what an exception grants, which is not kept back by what the rules cannot do.
  const grantedPlaces = grantedPools.flatMap((pool) => fitOf(asked, pool).place ?? [])
  const more = [...grantedPlaces, ...(granted?.provider ? fromProvider() : [])]
  if (!applying) {
    if (unmatched === 'provider') return allowOr({ causes: ['pool-rule'] }, 'allow', fromProvider(), more)
    return allowOr({ causes: ['unmatched'], by: [], setting: 'unmatched' }, 'allow', [], more)
  }
  went.push(says.rules)
  const fits = listed.map(({ pool }) => ({ pool, ...fitOf(asked, pool) }))
  const places = fits.flatMap(({ place }) => place ?? [])
  const fallsBack = onExhausted!.value === 'provider'
  if (places.length > 0) return { ...allow(outcome, places, onExhausted!.value), more }
  const unfit = fits.filter(({ unfit }) => unfit === 'length' || unfit === 'tags')
  const taken = rules.filter(({ isForAccount, takenBy }) => isForAccount && takenBy.length > 0)
  const takers = taken.flatMap(({ takenBy }) => takenBy)
  // «They can only narrow: pools intersect»: a final that gives the order, but not to this account, leaves nothing of others.
  const { order, finals } = applying
  const isForOthers = !rules.some(({ isForAccount }) => isForAccount)
  const givesAny = ({ document }: WithDocument): boolean =>
    document.rules.some(({ when }) => holds(facts, account, when))
  if (finals.includes(order) && isForOthers && finals.some(givesAny)) takers.push(speakerOf(order))
  const refused: Refused | undefined =
    unfit.length > 0
      ? { causes: ['pool-rule'], pools: unfit.map(({ pool }) => pool.id) }
      : takers.length > 0
        ? { causes: ['no-rule'], by: takers }
        : undefined
  if (refused) {
    went.push(unfit.length > 0 ? says.poolRule : says.noRule)
    return allowOr(refused, outcome, [], more)
  }
  went.push(says.others)
  if (fallsBack) return allowOr({ causes: ['pool-rule'] }, outcome, fromProvider(), more)
  return allowOr({ causes: ['exhausted', 'no-rule'], by: onExhausted!.by }, outcome, [], more)
}

/** «A size» that an exception grants widens the bounds, as far as the type allows. */
function grantedBounds(sizes: Sizes, type: Bounds, granted: Bounds | undefined): Sizes {
  if (!granted || !sizes.isSized) return sizes
  const { min, max } = sizes
  return {
    ...sizes,
    min: Math.max(type.min, Math.min(min, granted.min)),
    max: Math.min(type.max, Math.max(max, granted.max)),
  }
}

function withoutRepeats(places: readonly Place[]): Place[] {
  return places.filter((place, n) => places.findIndex((other) => isSamePlace(place, other)) === n)
}
export const isSamePlace = (a: Place, b: Place): boolean =>
  a.pool === b.pool && a.length === b.length && isSameBlock(a.cidr, b.cidr)

/** The registry is data and no rule: who asks passes all of it, what is built in as well. */
const typeOf = (facts: GovernanceFacts, name: string): ResourceType | undefined =>
  (facts.resourceTypes ?? []).find((type) => type.name === name)

// Exceptions ---------------------------------------------------------------------------------------------------------

/** «A resource pattern is matched with the request's resource and its tag `Name`, `*` being any text.» */
export function matchesPattern(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern[0] === '*') {
    for (let n = 0; n <= text.length; n++) if (matchesPattern(pattern.slice(1), text.slice(n))) return true
    return false
  }
  return text !== '' && pattern[0] === text[0] && matchesPattern(pattern.slice(1), text.slice(1))
}

/** «In force while `startsAt <= now < expiresAt`», «those of the account before those above it». */
export function exceptionsFor(facts: GovernanceFacts, request: AllocationRequest, at: number): ExceptionFacts[] {
  const names = [request.resource, request.tags?.get('Name')].filter((name) => name !== undefined)
  return pathOf(facts, request.account)
    .toReversed()
    .flatMap((id) => (facts.exceptions ?? []).filter(({ target }) => target === id))
    .filter(({ locale, resourceType }) => locale === request.locale && resourceType === request.resourceType)
    .filter(({ startsAt, expiresAt }) => startsAt <= at && at < expiresAt)
    .filter(({ resource }) => resource === undefined || names.some((name) => matchesPattern(resource, name)))
}

/** Of pools that its approver had no say over, those alone that are shared with the account, or its own. */
function grantsOf(facts: GovernanceFacts, account: string, { grants, sharedPools = [] }: ExceptionFacts): Granted {
  const isLeft = (id: string): boolean => {
    const pool = facts.pools.find((one) => one.id === id)
    return !sharedPools.includes(id) || (pool !== undefined && mayUse(facts, account, pool))
  }
  return { ...grants, pools: grants.pools.filter(isLeft) }
}

/** What the allocator tries, in order: the places, then the provider where policy falls back to it, then the reserve. */
export function placesInOrder({ places, onExhausted, reserve }: Pick<Ruling, 'places' | 'onExhausted' | 'reserve'>) {
  const last = places.at(-1)
  const falls = onExhausted === 'provider' && last && !last.cidr && !places.some(({ pool }) => pool === provider)
  return [...places, ...(falls ? [{ pool: provider, length: last.length }] : []), ...(reserve?.places ?? [])]
}

/** With the exceptions: «each is tried alone …, and the first that helps is named. What policy itself allows is tried first.» */
export function rule(facts: GovernanceFacts, request: AllocationRequest, modes: readonly Mode[], at: number): Ruling {
  const alone = evaluateIn(facts, request, modes)
  const exceptions = exceptionsFor(facts, request, at)
  if (alone.outcome !== 'allow') {
    for (const exception of exceptions) {
      const helped = evaluateIn(facts, request, modes, grantsOf(facts, request.account, exception))
      const helps = helped.outcome === 'allow' || (helped.outcome === 'steer' && alone.outcome === 'deny')
      if (!helps) continue
      const reserved = withReserve(helped, exception.id, helped.more ?? []) ?? helped
      return { ...reserved, exception: exception.id, sentences: [...helped.sentences, says.exception] }
    }
  }
  if (alone.outcome === 'deny') return alone
  // «All such pools are tried in order, and nothing else.»
  if (alone.places.some(({ pool, cidr }) => cidr && pool !== provider)) return alone
  for (const exception of exceptions) {
    const { places, more = [] } = evaluateIn(facts, request, modes, grantsOf(facts, request.account, exception))
    const reserved = withReserve(alone, exception.id, [...places, ...more])
    if (reserved) return reserved
  }
  return alone
}

/** Undefined where an exception adds nothing that is not tried before. The provider is tried once, in whatever length. */
function withReserve(ruling: Ruling, exception: string, more: readonly Place[]): Ruling | undefined {
  const isTried = (place: Place): boolean =>
    placesInOrder(ruling).some(
      (other) => isSamePlace(place, other) || (place.pool === provider && other.pool === provider),
    )
  const places = withoutRepeats(more).filter((place) => !isTried(place))
  if (places.length === 0) return undefined
  return { ...ruling, reserve: { exception, places }, sentences: [...ruling.sentences, says.reserve] }
}

// The whole answer ---------------------------------------------------------------------------------------------------

/** Policy's answer: what acts, and what would be if what warns and observes enforced (§4). */
export function evaluate(facts: GovernanceFacts, request: AllocationRequest, at: number): Answer {
  const enforced = rule(facts, request, ['enforce'], at)
  const warned = rule(facts, request, ['enforce', 'warn'], at)
  const observed = rule(facts, request, ['enforce', 'warn', 'observe'], at)
  return {
    // «Where enforcing would deny or steer the caller is told»: what is denied or steered already is told as that.
    outcome: enforced.outcome === 'allow' && warned.outcome !== 'allow' ? 'warn' : enforced.outcome,
    enforced,
    warned,
    observed,
    mode: modeOf(facts, request, enforced),
  }
}

/**
 * «mode» of a decision: of the strictest assignment that applies, `off` where none does. That nothing may pass outside
 * policy is enforced as well.
 */
function modeOf(facts: GovernanceFacts, request: AllocationRequest, { refused, exception }: Ruling): Mode | undefined {
  // There is no such thing, whatever policy says.
  if (refused?.causes.includes('resource-type')) return 'off'
  const { account } = request
  const enforcing = enabledFor(facts, account, request, ['enforce'])
  if (documentsFor(enforcing, [])) return 'enforce'
  if (unmatchedFor(facts, account, enforcing) === 'deny') return 'enforce'
  // The model does not say of which mode an exception is where no document speaks.
  if (exception !== undefined) return undefined
  if (documentsFor(enabledFor(facts, account, request, ['enforce', 'warn']), [])) return 'warn'
  return documentsFor(enabledFor(facts, account, request, ['enforce', 'warn', 'observe']), []) ? 'observe' : 'off'
}

/** The world in which every candidate is in the place of its assignment: «both are evaluated; only the live one acts». */
export function withCandidates(facts: GovernanceFacts): GovernanceFacts {
  const { candidates = [], ...live } = facts
  const versions = candidates.flatMap(({ version }) => version ?? [])
  const assignments = live.assignments.map((assignment): Assignment => {
    const candidate = candidates.find(
      ({ policyId, targetId }) => policyId === assignment.policyId && targetId === assignment.targetId,
    )
    if (!candidate) return assignment
    const version = candidate.version ?? live.policies.find(({ policyId }) => policyId === assignment.policyId)
    return { ...assignment, mode: candidate.mode ?? assignment.mode, version: version?.version }
  })
  return { ...live, assignments, policies: [...live.policies, ...versions] }
}
