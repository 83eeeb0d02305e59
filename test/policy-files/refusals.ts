// A model of what policy files must be refused: by what they say, by what was there, and by what was done at the server beside them.
import { accountsIn, type Company, type Document, type Ids, isSamePair, network, poolsIn, unitsIn } from './company.ts'

/** What the server knows beside the files. */
export interface Beside {
  /** Of accounts that were suspended or closed once. */
  readonly states: ReadonlyMap<string, string>
  /** Targets of exceptions that wait or are in force. */
  readonly excepted: ReadonlySet<string>
}

/** Of those that are drawn: `10.N.0.0/16`, and `10.N.M.0/24` below. */
const isWithin = (cidr: string, other: string): boolean =>
  cidr === other || (other.endsWith('.0.0/16') && cidr.startsWith(other.slice(0, -'0.0/16'.length)))

/** Why files must be refused; undefined where they must not. */
export function whyRefused(company: Company, before: Company, ids: Ids, beside: Beside): string | undefined {
  return (
    inOrganization(company, ids, beside) ??
    moved(company, before, ids) ??
    inIpams(company, before, ids) ??
    inPools(company) ??
    inPolicies(company)
  )
}

function nodesOf(company: Company): Set<string> {
  const accounts = accountsIn(company).map(({ account }) => account)
  return new Set([...[...unitsIn(company.top)].map(({ path }) => path), ...accounts, '*'])
}

function inOrganization(company: Company, ids: Ids, { states, excepted }: Beside): string | undefined {
  const accounts = accountsIn(company)
  if (new Set(accounts.map(({ account }) => account)).size < accounts.length) return 'an account twice'
  for (const { account, status } of accounts)
    if (status !== undefined && states.get(account) === 'closed' && status !== 'closed') return `${account} is closed`
  // Accounts never go; of units, those stay that an exception is for.
  const units = new Set([...unitsIn(company.top)].map(({ unit }) => ids.get(unit.name)))
  for (const target of excepted) if (target.startsWith('ou-') && !units.has(target)) return `excepted ${target}`
  const nodes = nodesOf(company)
  for (const { node } of company.roleBindings) if (!nodes.has(node)) return `at ${node}`
  const bindings = company.roleBindings.map((one) => [one.principal, one.role, one.node, one.effect].join(' '))
  if (new Set(bindings).size < bindings.length) return 'a role twice'
  return undefined
}

/** A unit and a pool stay where they were made. */
function moved(company: Company, before: Company, ids: Ids): string | undefined {
  const was = parentsOf(before, ids)
  for (const [id, parent] of parentsOf(company, ids)) {
    const had = was.get(id)
    if (had !== undefined && had !== parent) return `moved ${id}`
  }
  return undefined
}
function parentsOf(company: Company, ids: Ids): ReadonlyMap<string, string> {
  const idOf = (name: string): string => ids.get(name) ?? name
  const parents = [
    ...[...unitsIn(company.top)].flatMap(({ unit }) =>
      unit.units.map((below) => [below.name, idOf(unit.name)] as const),
    ),
    ...[...poolsIn(company)].map(
      ({ pool, above, top }) => [pool.name, above ? idOf(above.name) : scopeOf(top.scope, ids)] as const,
    ),
    ...company.policies.map(({ name, ipam }) => [name, scopeOf(ipam, ids)] as const),
  ]
  return new Map(
    parents.flatMap(([name, parent]) => {
      const id = ids.get(name)
      return id === undefined ? [] : [[id, parent] as const]
    }),
  )
}
/** Whatever its IPAM is called. */
function scopeOf(path: string, ids: Ids): string {
  const [ipam = '', ...rest] = path.split('/')
  return [ids.get(decode(ipam)) ?? ipam, ...rest].join('/')
}
const decode = (part: string): string => part.replaceAll('%2F', '/').replaceAll('%25', '%')
const encode = (name: string): string => name.replaceAll('%', '%25').replaceAll('/', '%2F')

/** An account has one in each Region, and what is new is made before what is old goes. */
function inIpams({ ipams }: Company, before: Company, ids: Ids): string | undefined {
  const taken = ipams.find(
    ({ name, region }) => !ids.has(name) && ids.size > 0 && before.ipams.some((one) => one.region === region),
  )
  return taken && `another one in ${taken.region}`
}

function inPools(company: Company): string | undefined {
  const nodes = nodesOf(company)
  const ipams = new Set(company.ipams.map(({ name }) => encode(name)))
  for (const { scope } of company.pools) if (!ipams.has(scope.split('/')[0]!)) return `no scope ${scope}`
  const tops = Map.groupBy(company.pools, ({ scope }) => scope)
  for (const { pool, above, top } of poolsIn(company)) {
    if (above?.locale !== undefined && pool.locale !== above.locale) return `${pool.name} is elsewhere`
    for (const node of pool.sharedWith ?? []) if (!nodes.has(node)) return `shared with ${node}`
    for (const cidr of pool.cidrs) {
      if (above && !above.cidrs.some((one) => isWithin(cidr, one))) return `${cidr} is in nothing`
      const siblings = above?.pools ?? tops.get(top.scope)!
      if (siblings.some((one) => one !== pool && one.cidrs.includes(cidr))) return `${cidr} twice`
    }
  }
  return undefined
}

function inPolicies(company: Company): string | undefined {
  const nodes = nodesOf(company)
  const ipams = new Set(company.ipams.map(({ name }) => encode(name)))
  const pools = new Map([...poolsIn(company)].map((one) => [one.path, one]))
  const wrongIn = (ipam: string, documents: readonly Document[], isSaid: boolean): string | undefined => {
    for (const [at, { locale, rules, ...pair }] of documents.entries()) {
      if (documents.slice(0, at).some((one) => isSamePair(one, { locale, rules, ...pair }))) return `${locale} twice`
      for (const { pool, when } of rules) {
        const found = pools.get(pool)
        if (!found) return `no ${pool}`
        // What nobody tries only has to name what is there.
        if (isSaid && found.pool.locale !== locale) return `${pool} is elsewhere`
        if (isSaid && found.top.scope !== `${ipam}/private`) return `${pool} is in another IPAM, or public`
        for (const node of when?.organizationalUnits ?? []) if (!nodes.has(node)) return `when ${node}`
      }
    }
    return undefined
  }
  for (const { ipam, documents, drafts, assignments } of company.policies) {
    if (!ipams.has(ipam)) return `no IPAM ${ipam}`
    const tried = new Set(assignments.map(({ candidate }) => candidate?.draft))
    const said = [{ documents, isSaid: true }, ...drafts.map((draft) => ({ ...draft, isSaid: tried.has(draft.name) }))]
    for (const one of said) {
      const wrong = wrongIn(ipam, one.documents, one.isSaid)
      if (wrong !== undefined) return wrong
    }
    const contents = drafts.map((draft) => JSON.stringify(draft.documents))
    if (new Set(contents).size < contents.length) return 'two drafts say the same'
    for (const { target, candidate } of assignments) {
      if (!nodes.has(target)) return `on ${target}`
      if (candidate?.draft !== undefined && !drafts.some(({ name }) => name === candidate.draft))
        return `no draft ${candidate.draft}`
    }
  }
  return undefined
}

/** Who runs the IPAM stays; what else is an account's own is turned by files. */
export const statesAfter = (company: Company, states: ReadonlyMap<string, string>): Map<string, string> =>
  new Map([
    ...states,
    ...accountsIn(company).flatMap(({ account, status }) =>
      status === undefined || account === network.account ? [] : [[account, status] as const],
    ),
  ])
