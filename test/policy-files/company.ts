// A company as files say it, and the changes of it that are drawn: some must be refused, and `refusals.ts` says which.
import { isScalar, type Scalar, visit } from 'yaml'
import { documentOf, yamlTextOf } from '#cli/yaml.ts'
import { type Choices, choicesOf } from '../random.ts'

export type Account = { name: string; account: string; status?: string }
export type Unit = { name: string; tags?: Record<string, string>; units: Unit[]; accounts: Account[] }
export type Pool = {
  name: string
  locale?: string
  description?: string
  tags?: Record<string, string>
  sharedWith?: string[]
  cidrs: string[]
  pools: Pool[]
}
export type TopPool = Pool & { scope: string; family: string }
export type Document = {
  locale: string
  resourceType: string
  rules: { pool: string; when?: { organizationalUnits: string[] } }[]
  onExplicit?: string
  size?: object
}
export type Draft = { name: string; documents: Document[] }
export type Assignment = {
  target: string
  kind: string
  mode: string
  candidate?: { draft?: string; mode?: string }
}
export type Policy = {
  name: string
  ipam: string
  contact?: string
  documents: Document[]
  drafts: Draft[]
  assignments: Assignment[]
}
export type Ipam = { name: string; region: string; description?: string; unmatched?: string }
export interface Company {
  readonly top: Unit
  ipams: Ipam[]
  readonly pools: TopPool[]
  policies: Policy[]
  roleBindings: { principal: string; role: string; node: string; effect?: string }[]
}
/** The ids of units, IPAMs, pools and policies by their names, of which none is given twice. */
export type Ids = ReadonlyMap<string, string>

export const network = { name: 'network', account: '222222222222' }
const locales = ['us-east-1', 'eu-central-1']
const modes = ['enforce', 'warn', 'observe', 'off']
const names = ['one', 'two', 'three', 'a/b', 'no', '0x1', 'ünit', 'x: y # z', '%2F']

export const founded = (): Company => ({
  top: {
    name: '/',
    accounts: [{ name: 'management', account: '111111111111' }, { ...network }],
    units: [{ name: 'Prod', units: [], accounts: [] }],
  },
  ipams: [{ name: 'main', region: locales[0]! }],
  pools: [],
  policies: [],
  roleBindings: [
    { principal: 'user:admin', role: 'organization-administrator', node: '*' },
    { principal: 'user:files', role: 'organization-administrator', node: '*' },
  ],
})

/** As one file, with the ids behind the names. */
export function textOf({ top, ipams, pools, policies, roleBindings }: Company, ids: Ids): string {
  const document = documentOf({
    cadastre: 1,
    organization: { ipamAdministrator: network.name, accounts: top.accounts, units: top.units },
    ipams: ipams.map(({ name, ...facts }) => ({
      name,
      account: network.name,
      operatingRegions: locales,
      ...facts,
      scopes: [{ default: 'private' }, { default: 'public' }],
    })),
    pools,
    policies,
    roleBindings,
  })
  visit(document, {
    Pair: (_, { key, value }) => {
      const id = isScalar(key) && key.value === 'name' && isScalar(value) ? ids.get(String(value.value)) : undefined
      if (id !== undefined) (value as Scalar).comment = ` ${id}`
    },
  })
  return yamlTextOf(document)
}

// What is in it ----------------------------------------------------------------------------------------------------------

const part = (name: string): string => name.replaceAll('%', '%25').replaceAll('/', '%2F')
const above = (path: string): string => path.slice(0, path.lastIndexOf('/'))

export function* unitsIn(unit: Unit, path = ''): Generator<{ unit: Unit; path: string }> {
  yield { unit, path: path === '' ? '/' : path }
  for (const below of unit.units) yield* unitsIn(below, `${path}/${part(below.name)}`)
}
export interface FoundPool {
  readonly pool: Pool
  readonly path: string
  readonly above: Pool | undefined
  /** The one at the top. */
  readonly top: TopPool
}
export function* poolsIn({ pools }: Pick<Company, 'pools'>): Generator<FoundPool> {
  for (const top of pools) yield* poolsBelow(top, top.scope, undefined, top)
}
function* poolsBelow(pool: Pool, path: string, over: Pool | undefined, top: TopPool): Generator<FoundPool> {
  const own = `${path}/${part(pool.name)}`
  yield { pool, path: own, above: over, top }
  for (const below of pool.pools) yield* poolsBelow(below, own, pool, top)
}
export const accountsIn = ({ top }: Company): Account[] => [...unitsIn(top)].flatMap(({ unit }) => unit.accounts)
const documentsIn = ({ policies }: Company): Document[] =>
  policies.flatMap(({ documents, drafts }) => [...documents, ...drafts.flatMap((draft) => draft.documents)])

// Changes ----------------------------------------------------------------------------------------------------------------

/** One change that is drawn: what is not there to be changed is left alone, so that any can be left out. */
export interface Drawn {
  readonly step: number
  readonly what: string
  readonly seed: number
}
interface Drawing {
  readonly company: Company
  readonly choices: Choices
  readonly step: number
  /** Of what is renamed, the new names are added. */
  readonly ids: Map<string, string>
}

const nameOfNew = ({ choices, step }: Drawing): string =>
  `${choices.pick(names)} ${step}.${choices.between(0, 1_000_000)}`
function rename(thing: { name: string }, drawing: Drawing): void {
  const name = nameOfNew(drawing)
  const id = drawing.ids.get(thing.name)
  if (id !== undefined) drawing.ids.set(name, id)
  thing.name = name
}
/** Of what is renamed or moved, everything that names it does so by its new path. */
function follow(company: Company, before: string, after: string): void {
  const follows = (text: string): string =>
    text === before || text.startsWith(`${before}/`) ? after + text.slice(before.length) : text
  for (const { pool } of poolsIn(company)) if (pool.sharedWith) pool.sharedWith = pool.sharedWith.map(follows)
  for (const pool of company.pools) pool.scope = follows(pool.scope)
  for (const rule of documentsIn(company).flatMap(({ rules }) => rules)) {
    rule.pool = follows(rule.pool)
    if (rule.when) rule.when.organizationalUnits = rule.when.organizationalUnits.map(follows)
  }
  for (const policy of company.policies) {
    policy.ipam = follows(policy.ipam)
    for (const assignment of policy.assignments) assignment.target = follows(assignment.target)
  }
  for (const binding of company.roleBindings) binding.node = follows(binding.node)
}

/** One of them, each as likely; undefined where there is none. */
const oneOf = <T>({ choices }: Drawing, list: readonly T[]): T | undefined =>
  list.length === 0 ? undefined : choices.pick(list)
const poolOf = (drawing: Drawing): FoundPool | undefined => oneOf(drawing, [...poolsIn(drawing.company)])
const policyOf = (drawing: Drawing): Policy | undefined => oneOf(drawing, drawing.company.policies)
const unitOf = (drawing: Drawing): Unit => drawing.choices.pick([...unitsIn(drawing.company.top)]).unit
const belowTop = (drawing: Drawing) => oneOf(drawing, [...unitsIn(drawing.company.top)].slice(1))
function nodeOf(drawing: Drawing): string {
  const { choices, company } = drawing
  return choices.chance(0.6) ? choices.pick([...unitsIn(company.top)]).path : choices.pick(accountsIn(company)).account
}
const parentOf = ({ company }: Drawing, unit: Unit): Unit =>
  [...unitsIn(company.top)].map((one) => one.unit).find((one) => one.units.includes(unit))!
const siblingsOf = ({ company }: Drawing, { above: over }: FoundPool): Pool[] => over?.pools ?? company.pools
const take = <T>(list: T[], one: T): void => {
  list.splice(list.indexOf(one), 1)
}

function drawDocument(drawing: Drawing, policy: Policy): Document | undefined {
  const { choices, company } = drawing
  // Mostly one that fits, of those that do.
  const fitting = [...poolsIn(company)].filter(
    ({ pool, top }) => pool.locale !== undefined && top.scope.startsWith(`${policy.ipam}/private`),
  )
  const pool = choices.chance(0.9) ? oneOf(drawing, fitting) : poolOf(drawing)
  const units = [...unitsIn(company.top)]
  const when = choices.chance(0.4) ? { when: { organizationalUnits: [choices.pick(units).path] } } : {}
  const first = choices.between(21, 26)
  return (
    pool && {
      locale: choices.chance(0.9) ? (pool.pool.locale ?? locales[0]!) : choices.pick(locales),
      resourceType: choices.pick(['vpc', 'subnet']),
      rules: [{ pool: pool.path, ...when }],
      ...(choices.chance(0.3) ? { onExplicit: choices.pick(['steer', 'allow']) } : {}),
      ...(choices.chance(0.4) ? { size: { min: 20, default: first, max: 28 } } : {}),
    }
  )
}

const changes: Readonly<Record<string, (drawing: Drawing) => void>> = {
  addUnit: (drawing) => unitOf(drawing).units.push({ name: nameOfNew(drawing), units: [], accounts: [] }),
  tagUnit(drawing) {
    const { choices } = drawing
    const found = belowTop(drawing)
    const key = choices.pick(['team', 'stage'])
    if (found) found.unit.tags = choices.chance(0.3) ? {} : { [key]: nameOfNew(drawing) }
  },
  renameUnit(drawing) {
    const found = belowTop(drawing)
    if (!found) return
    rename(found.unit, drawing)
    follow(drawing.company, found.path, `${above(found.path)}/${part(found.unit.name)}`)
  },
  /** With all that names it. */
  moveUnit(drawing) {
    const { choices, company } = drawing
    const found = belowTop(drawing)
    if (!found || choices.chance(0.5)) return
    const { unit, path } = found
    const others = [...unitsIn(company.top)].filter((one) => one.path !== path && !one.path.startsWith(`${path}/`))
    const to = choices.pick(others)
    take(parentOf(drawing, unit).units, unit)
    to.unit.units.push(unit)
    follow(company, path, `${to.path === '/' ? '' : to.path}/${part(unit.name)}`)
  },
  /** With what is below it. */
  removeUnit(drawing) {
    const unit = belowTop(drawing)?.unit
    if (!unit) return
    const parent = parentOf(drawing, unit)
    take(parent.units, unit)
    parent.accounts.push(...[...unitsIn(unit)].flatMap((one) => one.unit.accounts))
  },
  addAccount(drawing) {
    const number = 500_000_000_000 + drawing.step * 1_000 + drawing.choices.between(0, 999)
    unitOf(drawing).accounts.push({ name: `account ${number}`, account: String(number) })
  },
  moveAccount(drawing) {
    const [from, to] = [unitOf(drawing), unitOf(drawing)]
    const moved = from.accounts.find(({ name }) => name !== 'management')
    if (!moved) return
    take(from.accounts, moved)
    to.accounts.push(moved)
  },
  turnAccount(drawing) {
    const { choices, company } = drawing
    const account = oneOf(
      drawing,
      accountsIn(company).filter(({ name }) => name.startsWith('account ')),
    )
    const status = choices.pick(['active', 'suspended', 'closed', undefined])
    if (!account) return
    if (status === undefined) delete account.status
    else account.status = status
  },
  addIpam: (drawing) => {
    const region = drawing.choices.pick(locales)
    const name = nameOfNew(drawing)
    if (drawing.company.ipams.every((one) => one.region !== region)) drawing.company.ipams.push({ name, region })
  },
  changeIpam(drawing) {
    const { choices } = drawing
    const ipam = choices.pick(drawing.company.ipams)
    if (choices.chance(0.5)) ipam.description = choices.chance(0.3) ? '' : nameOfNew(drawing)
    else ipam.unmatched = choices.pick(['provider', 'deny'])
  },
  renameIpam(drawing) {
    const ipam = drawing.choices.pick(drawing.company.ipams)
    const before = part(ipam.name)
    rename(ipam, drawing)
    follow(drawing.company, before, part(ipam.name))
  },
  /** With what is in it, or without. */
  removeIpam(drawing) {
    const { company, choices } = drawing
    const ipam = oneOf(drawing, company.ipams.slice(1))
    const isWhole = choices.chance(0.7)
    if (!ipam) return
    take(company.ipams, ipam)
    if (!isWhole) return
    const within = `${part(ipam.name)}/`
    for (const pool of company.pools.filter(({ scope }) => scope.startsWith(within))) take(company.pools, pool)
    company.policies = company.policies.filter((one) => one.ipam !== part(ipam.name))
  },
  addPool({ company, choices, ...drawing }) {
    const [ipam, scope] = [choices.pick(company.ipams), choices.chance(0.9) ? 'private' : 'public']
    // Public space is one space for everybody; what is drawn here is for networks inside.
    const cidrs = scope === 'private' ? [`10.${drawing.step}.0.0/16`] : []
    const name = nameOfNew({ company, choices, ...drawing })
    company.pools.push({ name, scope: `${part(ipam.name)}/${scope}`, family: 'ipv4', cidrs, pools: [] })
  },
  addPoolBelow(drawing) {
    const { choices } = drawing
    const over = poolOf(drawing)?.pool
    const [, second] = over?.cidrs[0]?.split('.') ?? []
    const name = nameOfNew(drawing)
    const cidrs = second ? [`10.${second}.${choices.between(0, 255)}.0/24`] : []
    over?.pools.push({ name, locale: choices.pick(locales), cidrs, pools: [] })
  },
  sharePool(drawing) {
    const found = poolOf(drawing)
    if (found) found.pool.sharedWith = drawing.choices.chance(0.2) ? [] : [nodeOf(drawing)]
  },
  describePool(drawing) {
    const found = poolOf(drawing)
    if (found) found.pool.description = drawing.choices.chance(0.3) ? '' : nameOfNew(drawing)
  },
  tagPool(drawing) {
    const found = poolOf(drawing)
    if (found) found.pool.tags = drawing.choices.chance(0.3) ? {} : { team: nameOfNew(drawing) }
  },
  takeCidr: (drawing) => {
    poolOf(drawing)?.pool.cidrs.pop()
  },
  renamePool(drawing) {
    const found = poolOf(drawing)
    if (!found) return
    rename(found.pool, drawing)
    follow(drawing.company, found.path, `${above(found.path)}/${part(found.pool.name)}`)
  },
  /** Under another one, or to the top, with all that names it. */
  movePool(drawing) {
    const { company, choices } = drawing
    const found = poolOf(drawing)
    if (!found) return
    const { pool, path, top } = found
    const others = [...poolsIn(company)].filter((one) => one.path !== path && !one.path.startsWith(`${path}/`))
    const to = choices.chance(0.6) ? oneOf(drawing, others) : undefined
    take(siblingsOf(drawing, found), pool)
    const { scope, family, ...bare } = pool as TopPool
    const under = to?.path ?? scope ?? top.scope
    if (to) to.pool.pools.push(bare)
    else company.pools.push({ ...bare, scope: scope ?? top.scope, family: family ?? top.family })
    follow(company, path, `${under}/${part(pool.name)}`)
  },
  removePool(drawing) {
    const found = poolOf(drawing)
    if (found) take(siblingsOf(drawing, found), found.pool)
  },
  addPolicy(drawing) {
    const ipam = part(drawing.choices.pick(drawing.company.ipams).name)
    drawing.company.policies.push({ name: nameOfNew(drawing), ipam, documents: [], drafts: [], assignments: [] })
  },
  renamePolicy(drawing) {
    const policy = policyOf(drawing)
    if (policy) rename(policy, drawing)
  },
  changeContact(drawing) {
    const policy = policyOf(drawing)
    if (policy) policy.contact = drawing.choices.chance(0.3) ? '' : `team-${drawing.step}@example.com`
  },
  removePolicy(drawing) {
    const policy = policyOf(drawing)
    if (policy && drawing.choices.chance(0.5)) take(drawing.company.policies, policy)
  },
  putDocument(drawing) {
    const policy = policyOf(drawing)
    const document = policy && drawDocument(drawing, policy)
    if (!document) return
    policy.documents = policy.documents.filter((one) => !isSamePair(one, document))
    policy.documents.push(document)
  },
  removeDocument: (drawing) => {
    policyOf(drawing)?.documents.pop()
  },
  putDraft(drawing) {
    const policy = policyOf(drawing)
    const document = policy && drawDocument(drawing, policy)
    if (!document) return
    const draft = oneOf(drawing, policy.drafts)
    if (draft && drawing.choices.chance(0.5)) draft.documents = [document]
    else policy.drafts.push({ name: `next-${drawing.step}-${policy.drafts.length}`, documents: [document] })
  },
  removeDraft: (drawing) => {
    policyOf(drawing)?.drafts.shift()
  },
  assign(drawing) {
    const { choices } = drawing
    const policy = policyOf(drawing)
    const [target, kind, mode] = [nodeOf(drawing), choices.pick(['default', 'final']), choices.pick(modes)]
    if (!policy) return
    policy.assignments = policy.assignments.filter((one) => one.target !== target)
    policy.assignments.push({ target, kind, mode })
  },
  unassign: (drawing) => {
    policyOf(drawing)?.assignments.shift()
  },
  putCandidate(drawing) {
    const { choices, company } = drawing
    const assigned = company.policies.flatMap((policy) => policy.assignments.map((on) => ({ policy, on })))
    const found = oneOf(drawing, assigned)
    if (!found) return
    const { policy, on } = found
    const draft = choices.chance(0.7) ? oneOf(drawing, policy.drafts) : undefined
    const mode = !draft || choices.chance(0.3) ? choices.pick(modes.filter((one) => one !== on.mode)) : undefined
    on.candidate = { ...(draft ? { draft: draft.name } : {}), ...(mode === undefined ? {} : { mode }) }
  },
  removeCandidate(drawing) {
    const tried = drawing.company.policies.flatMap(({ assignments }) => assignments.filter((on) => on.candidate))
    delete oneOf(drawing, tried)?.candidate
  },
  bind(drawing) {
    const { choices, step } = drawing
    const role = choices.pick(['auditor', 'approver', 'ipam-administrator'])
    const node = choices.chance(0.2) ? '*' : nodeOf(drawing)
    const effect = choices.chance(0.2) ? { effect: 'forbid' } : {}
    drawing.company.roleBindings.push({ principal: `user:u${step}`, role, node, ...effect })
  },
  unbind({ company: { roleBindings }, choices }) {
    // Those that the test itself asks with stay.
    if (roleBindings.length > 2) roleBindings.splice(choices.between(2, roleBindings.length - 1), 1)
  },
}
export const isSamePair = (a: Document, b: Document): boolean =>
  a.locale === b.locale && a.resourceType === b.resourceType

/** What is done at the server beside the files. */
export const askException = 'askException'

/** What there must be before much can be changed. */
const begin: readonly (readonly string[])[] = [
  ['addUnit', 'addAccount'],
  ['addPool'],
  ['addPoolBelow', 'addPolicy', 'addIpam'],
  ['addPoolBelow', 'putDocument'],
  ['putDraft', 'assign'],
  ['putCandidate', askException],
]
/** Drawn twice as often: there is nothing to change about what is not there. */
const making = [
  'addPoolBelow',
  'putDocument',
  'putDraft',
  'assign',
  'putCandidate',
  'turnAccount',
  'movePool',
  askException,
]

export function draw(seed: number, steps: number): Drawn[] {
  const choices = choicesOf(seed)
  const what = [...Object.keys(changes), ...making]
  const some = (): string[] => Array.from({ length: choices.between(1, 3) }, () => choices.pick(what))
  const all = [...begin, ...Array.from({ length: steps - begin.length }, some)]
  return all.flatMap((names, at) =>
    names.map((name) => ({ step: at + 1, what: name, seed: choices.between(0, 2 ** 31) })),
  )
}

export function change(company: Company, { step, what, seed }: Drawn, ids: Map<string, string>): void {
  changes[what]?.({ company, choices: choicesOf(seed), step, ids })
}
