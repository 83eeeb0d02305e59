// What a change of governance would make of space that is in use: found by a dry run, which knows the rules before and behind it.
import { formatCidr } from '#model/cidr.ts'
import { isLookedAt, looksAtOthers, meetsRules } from '#model/discovery.ts'
import { formatId, parseId } from '#model/identifier.ts'
import { provider } from '#model/policy/decision.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import { everywhere } from '#model/roles.ts'
import type { ReadTransaction, Transaction } from '#store/store.ts'
import type { Scope } from '#store/tables/finding-scans.ts'
import { mayThroughout, permitter } from '../identity/authority.ts'
import { visibleAccounts } from '../identity/visible-accounts.ts'
import { seeingOf } from '../ipam/discovered.ts'
import type { ReadContext } from '../operation.ts'
import { HolderScopes, looksAt, readScan } from './scan.ts'
import { type EvaluatedSpace, evaluateSpaces, isBrought, type Space } from './spaces.ts'
import { distinctScopes, touchedBy } from './touched.ts'

/** Space that is looked at for one answer, and rows that are read for it: with more of it, what is told is a part. */
const impactSpacesMax = 20_000
const impactRowsMax = 100_000
/** Groups and samples that are told: all of it fits into a header. */
const impactGroups = 10
const impactSamples = 6
/** Accounts of which it is kept how much of theirs was looked at. */
const namedMax = 1_000

/** The rules before and behind a change, and which space it can touch. */
export interface Foreseen {
  readonly before: Snapshot
  readonly after: Snapshot
  readonly scopes: readonly Scope[]
}

interface Changed {
  /** How much would not comply any more. */
  readonly noncompliant: number
  /** How much does not comply, and would. */
  readonly compliant: number
}
export interface Impact extends Changed {
  /** How much was looked at, of what the caller may see. */
  readonly evaluated: number
  /** Whether that is all that the change can touch. */
  readonly isWhole: boolean
  /** The most changed first. */
  readonly groups: readonly (Changed & { readonly account: string; readonly resourceType: string })[]
  readonly samples: readonly {
    readonly id: string
    readonly cidr: string
    readonly account: string
    readonly becomes: keyof Changed
    /** Which setting it does not comply with, then or now. */
    readonly setting?: string
  }[]
  /** Of all that there is: how much of it is each account's. */
  readonly accounts?: Readonly<Record<string, number>>
  /** Whether the caller may not see some of where the change reaches, or of what its pools have given, whether or not anything is there. */
  readonly hasUnseen?: boolean
}

/** Within the dry run, behind the change; undefined where it touches no space. */
export async function foresee(tx: Transaction, before: Snapshot, after: Snapshot): Promise<Foreseen | undefined> {
  const touched = await touchedBy(tx, [{ at: tx.now, subjects: tx.subjects.take() }], { hasMoved: true })
  const scopes = [...touched.scopes]
  for (const id of touched.exceptions) {
    const exception = await tx.exceptions.find(id)
    if (!exception) continue
    const { target: node, resourceType, locale } = exception
    scopes.push({ node, resourceType, locale })
  }
  if (scopes.length === 0) return undefined
  return { before, after, scopes: distinctScopes(scopes) }
}

/**
 * Once the dry run is over: nobody waits for what is looked at.
 * @param ofAll also of what the caller may not see: for whoever keeps it, and shows each no more than they may
 */
export async function impactOf(
  context: ReadContext,
  { before, after, scopes }: Foreseen,
  { ofAll = false } = {},
): Promise<Impact> {
  const { tx, now } = context
  const under = (snapshot: Snapshot) => ({ tx, now, snapshot: async () => snapshot })
  const { isTold, isByPoolAlone } = ofAll ? tellingAll : await teller(context)
  const own = ofAll ? undefined : await ownScopes(context, after, scopes)
  const counted: Counted = { groups: new Map(), samples: [] }
  const seen = new Set<string>()
  const nameOf = (space: Space): string => (isBrought(space) ? space.resource : String(space.n))
  const accounts = new Map<string, number>()
  const maySee = ofAll ? await permitter(context, 'allocation:read') : undefined
  const isHidden = ofAll && (await reachesUnseen(context, { before, after, scopes }))
  const withAccounts = (impact: Impact): Impact =>
    maySee
      ? {
          ...impact,
          ...(accounts.size <= namedMax ? { accounts: Object.fromEntries(accounts) } : {}),
          hasUnseen: isHidden || [...accounts.keys()].some((account) => !maySee(account)),
        }
      : impact
  let rows = 0
  for (const scope of looksAt(await withSpace(tx, own?.scopes ?? scopes))) {
    for (let place: string | undefined = ''; place !== undefined; ) {
      if (seen.size >= impactSpacesMax || rows >= impactRowsMax) return withAccounts(told(counted, seen.size, false))
      const part = await readScan(under(after), { scope, place })
      rows += part.looked
      const spaces = part.spaces.filter(
        (space) => !seen.has(nameOf(space)) && (own?.isTouched(space) ?? true) && isTold(space),
      )
      for (const space of spaces) {
        seen.add(nameOf(space))
        accounts.set(space.account, (accounts.get(space.account) ?? 0) + 1)
      }
      const was = await evaluateSpaces(under(before), spaces)
      await tx.nextTurn()
      const is = await evaluateSpaces(under(after), spaces)
      await tx.nextTurn()
      for (const [index, space] of is.entries()) {
        const isByPool = isByPoolAlone(space.space)
        count(
          counted,
          isByPool ? byPoolAlone(before, was[index]!) : was[index]!,
          isByPool ? byPoolAlone(after, space) : space,
        )
      }
      place = part.place
    }
  }
  return withAccounts(told(counted, seen.size, true))
}

/** Asked of nodes and not of what is there: that somebody who is hidden has something must not be told (I8). */
async function reachesUnseen(context: ReadContext, { before, after, scopes }: Foreseen): Promise<boolean> {
  const maySee = await permitter(context, 'allocation:read')
  const nodes = new Set(scopes.flatMap(({ node, pool }) => (pool === undefined ? [node ?? everywhere] : [])))
  for (const node of nodes) {
    // Below a unit that the change makes is nothing that was not elsewhere, which is asked of there.
    const above = before.nodes.has(node) ? [] : pathOf(after, node).slice(0, -1)
    const parent = above.findLast((one) => before.nodes.has(one))
    if (!(parent === undefined ? await mayThroughout(context, 'allocation:read', node) : maySee(parent))) return true
  }
  return false
}

/** All but pools that have given nothing: of many, that is asked at once. */
async function withSpace(tx: ReadTransaction, scopes: readonly Scope[]): Promise<readonly Scope[]> {
  const numbers = scopes.flatMap(({ pool }) => numberOf(tx, pool) ?? [])
  if (numbers.length < 2) return scopes
  const filled = await tx.allocations.poolsWithAny(numbers)
  return scopes.filter(({ pool }) => {
    const n = numberOf(tx, pool)
    return n === undefined || filled.has(n)
  })
}
const numberOf = ({ installation }: ReadTransaction, pool: string | undefined): number | undefined =>
  pool === undefined ? undefined : parseId('pool', installation, pool)

/** Of whoever may see few accounts, theirs alone are read: what others have costs nothing (I8). Undefined for all others. */
async function ownScopes(context: ReadContext, snapshot: Snapshot, scopes: readonly Scope[]) {
  const accounts = context.caller.native && (await visibleAccounts(context, 'allocation:read', 'now'))
  if (!accounts) return undefined
  const { installation } = context.tx
  const isEverything = scopes.some((scope) => Object.keys(scope).length === 0)
  const ofHolders = new HolderScopes(scopes.filter(({ pool }) => pool === undefined))
  const inPools = new Set(scopes.map(({ pool }) => pool))
  const isTouched = (space: Space): boolean => {
    if (isEverything) return true
    const { account, resourceType, region } = space
    const id = isBrought(space) ? undefined : formatId('pool', installation, space.pool)
    const known = id === undefined ? undefined : snapshot.pools.get(id)
    if (id !== undefined && inPools.has(known ? id : provider)) return true
    return ofHolders.has(snapshot, { account, resourceType, region: region ?? known?.locale ?? '' })
  }
  return { scopes: accounts.map((node): Scope => ({ node })), isTouched }
}

/** IPAMs of one account that are asked which accounts they look at. */
const ipamsMax = 100

const tellingAll: Teller = { isTold: () => true, isByPoolAlone: () => false }

interface Teller {
  readonly isTold: (space: Space) => boolean
  /** Whether nothing may be told of it but what its pool says of its block. */
  readonly isByPoolAlone: (space: Space) => boolean
}
/**
 * Which space the caller may be told of: over EC2, its own, what its IPAMs look at, and what its pools have given to others. Of that it
 * knows the block alone: tags and policies of others could be guessed by what a change would make of it (I8).
 */
async function teller(context: ReadContext): Promise<Teller> {
  const { tx, caller } = context
  if (caller.native) {
    const isPermitted = await permitter(context, 'allocation:read')
    return { isTold: ({ account }) => isPermitted(account), isByPoolAlone: () => false }
  }
  const own = caller.account
  const snapshot = await context.snapshot()
  const ipams = looksAtOthers(snapshot, own) ? await tx.ipams.list({ account: own }, '', ipamsMax) : []
  const seeing = await Promise.all(ipams.map((ipam) => seeingOf(context, ipam)))
  const isSeen = (space: Space): boolean =>
    space.account === own || seeing.some((looking) => isLookedAt(snapshot, looking, space.account))
  const isOfOwnPool = (space: Space): boolean =>
    !isBrought(space) && snapshot.pools.get(formatId('pool', tx.installation, space.pool))?.account === own
  return { isTold: (space) => isSeen(space) || isOfOwnPool(space), isByPoolAlone: (space) => !isSeen(space) }
}

/** As its pool's lengths, locale and shares say. */
function byPoolAlone(snapshot: Snapshot, { resource, held }: EvaluatedSpace): Counting {
  const { origin, account, locale, cidr } = held
  const pool = typeof origin === 'object' ? snapshot.pools.get(origin.pool) : undefined
  const asked = { account, locale, cidr, tags: new Map() }
  const isMet = pool === undefined || meetsRules(snapshot, { ...pool, requiredTags: [] }, asked)
  return { resource, held, evaluation: { state: isMet ? 'compliant' : 'noncompliant' } }
}

interface Group {
  readonly account: string
  readonly resourceType: string
  noncompliant: number
  compliant: number
}
/** What was counted so far. */
interface Counted {
  readonly groups: Map<string, Group>
  readonly samples: Impact['samples'][number][]
}

type Counting = Pick<EvaluatedSpace, 'resource' | 'held'> & {
  readonly evaluation: Pick<EvaluatedSpace['evaluation'], 'state' | 'facts'>
}
function count({ groups, samples }: Counted, was: Counting, is: Counting): void {
  const [did, does] = [was, is].map(({ evaluation }) => evaluation.state !== 'noncompliant')
  if (did === does) return
  const becomes = does ? 'compliant' : 'noncompliant'
  const { account, resourceType, cidr } = is.held
  const key = `${account}\n${resourceType}`
  const group = groups.get(key) ?? { account, resourceType, noncompliant: 0, compliant: 0 }
  groups.set(key, group)
  group[becomes]++
  // As many of each, as far as there are.
  if (samples.filter((one) => one.becomes === becomes).length >= impactSamples / 2) return
  const setting = (does ? was : is).evaluation.facts?.setting
  samples.push({
    id: is.resource,
    cidr: formatCidr(cidr),
    account,
    becomes,
    ...(setting === undefined ? {} : { setting }),
  })
}

function told({ groups, samples }: Counted, evaluated: number, isWhole: boolean): Impact {
  const all = [...groups.values()].sort(
    (a, b) => b.noncompliant + b.compliant - (a.noncompliant + a.compliant) || (a.account < b.account ? -1 : 1),
  )
  const sum = (of: keyof Changed): number => all.reduce((total, group) => total + group[of], 0)
  return {
    noncompliant: sum('noncompliant'),
    compliant: sum('compliant'),
    evaluated,
    isWhole,
    groups: all.slice(0, impactGroups),
    samples,
  }
}
