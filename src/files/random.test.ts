// Random companies in files, changed at random: a model of its own says what must be refused, all else is done, and what is refused leaves nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isScalar, type Scalar, visit } from 'yaml'
import { type Destination, Refused } from '#cli/client.ts'
import { documentOf, yamlTextOf } from '#cli/yaml.ts'
import { openFilesWorld } from '../../test/files-world.ts'
import { type Choices, choicesOf } from '../../test/random.ts'
import { conflictsOf } from './conflicts.ts'
import { estateOf } from './from-files.ts'
import { readServer } from './from-server.ts'
import { applyTo, planFor } from './plan.ts'
import { readSource, type Source } from './sources.ts'
import { filesOf } from './to-files.ts'

const seed = Number(process.env.CADASTRE_TEST_SEED ?? 1)
const times = Number(process.env.CADASTRE_DRIVE_TIMES ?? 1)
const stepsPerWorld = 25

type Unit = {
  name: string
  tags?: Record<string, string>
  units: Unit[]
  accounts: { name: string; account: string }[]
}
type Pool = {
  name: string
  locale?: string
  description?: string
  tags?: Record<string, string>
  sharedWith?: string[]
  cidrs: string[]
  pools: Pool[]
}
type Document = {
  locale: string
  resourceType: string
  rules: { pool: string; when?: { organizationalUnits: string[] } }[]
  onExplicit?: string
  size?: object
}
type Policy = {
  name: string
  ipam: string
  contact?: string
  documents: Document[]
  assignments: { target: string; kind: string; mode: string }[]
}
interface Company {
  readonly top: Unit
  readonly pools: (Pool & { scope: string; family: string })[]
  policies: Policy[]
  roleBindings: { principal: string; role: string; node: string; effect?: string }[]
}

const locales = ['us-east-1', 'eu-central-1']
const names = ['one', 'two', 'three', 'a/b', 'no', '0x1', 'ünit', 'x: y # z', '%2F']

function contentOf({ top, pools, policies, roleBindings }: Company): object {
  return {
    cadastre: 1,
    organization: { ipamAdministrator: 'network', accounts: top.accounts, units: top.units },
    ipams: [
      {
        name: 'main',
        account: 'network',
        region: 'us-east-1',
        operatingRegions: locales,
        scopes: [{ default: 'private' }, { default: 'public' }],
      },
    ],
    pools,
    policies,
    roleBindings,
  }
}
/** @param ids by names, of which none is given twice: what stands in comments behind them */
const sourceOf = (content: object, ids: ReadonlyMap<string, string>): Source => {
  const document = documentOf(content)
  visit(document, {
    Pair: (_, { key, value }) => {
      const id = isScalar(key) && key.value === 'name' && isScalar(value) ? ids.get(String(value.value)) : undefined
      if (id !== undefined) (value as Scalar).comment = ` ${id}`
    },
  })
  const read = readSource('all.yaml', yamlTextOf(document))
  assert('content' in read, JSON.stringify(read))
  return read
}

// Changes ----------------------------------------------------------------------------------------------------------------

const part = (name: string): string => name.replaceAll('%', '%25').replaceAll('/', '%2F')
function* unitsIn(unit: Unit, path = ''): Generator<{ unit: Unit; path: string }> {
  yield { unit, path: path === '' ? '/' : path }
  for (const below of unit.units) yield* unitsIn(below, `${path}/${part(below.name)}`)
}
function* poolsIn(
  pools: readonly Pool[],
  path: string,
  above?: Pool,
): Generator<{ pool: Pool; path: string; above: Pool | undefined }> {
  for (const pool of pools) {
    yield { pool, path: `${path}/${part(pool.name)}`, above }
    yield* poolsIn(pool.pools, `${path}/${part(pool.name)}`, pool)
  }
}

/** One change of what the files say, some of which must be refused. */
function change(company: Company, choices: Choices, { step, ids }: { step: number; ids: Map<string, string> }): void {
  const units = [...unitsIn(company.top)]
  const pools = [...poolsIn(company.pools, 'main/private')]
  const accounts = units.flatMap(({ unit }) => unit.accounts)
  const node = (): string => (choices.chance(0.6) ? choices.pick(units).path : choices.pick(accounts).account)
  const fresh = (): string => `${choices.pick(names)} ${step}.${choices.between(0, 1_000_000)}`
  const rename = (thing: { name: string }): void => {
    const name = fresh()
    const id = ids.get(thing.name)
    if (id !== undefined) ids.set(name, id)
    thing.name = name
  }
  /** Of what is renamed or moved, everything that names it does so by its new path. */
  const follow = (before: string, after: string): void => {
    const follows = (text: string): string =>
      text === before || text.startsWith(`${before}/`) ? after + text.slice(before.length) : text
    for (const { pool } of poolsIn(company.pools, ''))
      if (pool.sharedWith) pool.sharedWith = pool.sharedWith.map(follows)
    for (const { documents, assignments } of company.policies) {
      for (const rule of documents.flatMap(({ rules }) => rules)) {
        rule.pool = follows(rule.pool)
        if (rule.when) rule.when.organizationalUnits = rule.when.organizationalUnits.map(follows)
      }
      for (const assignment of assignments) assignment.target = follows(assignment.target)
    }
    for (const binding of company.roleBindings) binding.node = follows(binding.node)
  }
  const above = (path: string): string => path.slice(0, path.lastIndexOf('/'))
  const policy = company.policies.length > 0 ? choices.pick(company.policies) : undefined
  const pool = pools.length > 0 ? choices.pick(pools) : undefined
  const changes: (() => void)[] = [
    () => choices.pick(units).unit.units.push({ name: fresh(), units: [], accounts: [] }),
    () => {
      if (units.length > 1)
        choices.pick(units.slice(1)).unit.tags = choices.chance(0.3)
          ? {}
          : { [choices.pick(['team', 'stage'])]: fresh() }
    },
    () => choices.pick(units).unit.accounts.push({ name: `account ${step}`, account: String(500_000_000_000 + step) }),
    () => {
      const [from, to] = [choices.pick(units).unit, choices.pick(units).unit]
      const moved = from.accounts.find(({ name }) => name !== 'management')
      if (!moved) return
      from.accounts.splice(from.accounts.indexOf(moved), 1)
      to.accounts.push(moved)
    },
    () =>
      company.pools.push({
        name: fresh(),
        scope: 'main/private',
        family: 'ipv4',
        cidrs: [`10.${step}.0.0/16`],
        pools: [],
      }),
    () => {
      const [, second] = pool?.pool.cidrs[0]?.split('.') ?? []
      pool?.pool.pools.push({
        name: fresh(),
        locale: choices.pick(locales),
        cidrs: second ? [`10.${second}.${step}.0/24`] : [],
        pools: [],
      })
    },
    () => {
      if (pool) pool.pool.sharedWith = choices.chance(0.2) ? [] : [node()]
    },
    () => {
      if (pool) pool.pool.description = choices.chance(0.3) ? '' : fresh()
    },
    () => {
      if (pool) pool.pool.tags = choices.chance(0.3) ? {} : { team: fresh() }
    },
    () => pool?.pool.cidrs.pop(),
    () => {
      if (!pool) return
      rename(pool.pool)
      follow(pool.path, `${above(pool.path)}/${part(pool.pool.name)}`)
    },
    () => {
      if (units.length < 2) return
      const { unit, path } = choices.pick(units.slice(1))
      rename(unit)
      follow(path, `${above(path)}/${part(unit.name)}`)
    },
    () => {
      if (policy) rename(policy)
    },
    () => {
      // A unit that moves, with all that names it.
      if (units.length < 3 || choices.chance(0.5)) return
      const { unit, path } = choices.pick(units.slice(1))
      const to = choices.pick(units.filter((one) => one.path !== path && !one.path.startsWith(`${path}/`)))
      const from = units.find((one) => one.unit.units.includes(unit))!
      from.unit.units.splice(from.unit.units.indexOf(unit), 1)
      to.unit.units.push(unit)
      follow(path, `${to.path === '/' ? '' : to.path}/${part(unit.name)}`)
    },
    () => {
      // A unit that goes, with what is below it.
      if (units.length < 2) return
      const { unit } = choices.pick(units.slice(1))
      const from = units.find((one) => one.unit.units.includes(unit))!
      from.unit.units.splice(from.unit.units.indexOf(unit), 1)
      const left = [...unitsIn(unit)].flatMap((one) => one.unit.accounts)
      from.unit.accounts.push(...left)
    },
    () => {
      if (!pool) return
      const siblings = pool.above?.pools ?? company.pools
      siblings.splice(siblings.indexOf(pool.pool as never), 1)
    },
    () => company.policies.push({ name: fresh(), ipam: 'main', documents: [], assignments: [] }),
    () => {
      if (!policy || !pool) return
      const [locale, resourceType] = [choices.pick(locales), choices.pick(['vpc', 'subnet'])]
      policy.documents = policy.documents.filter((one) => one.locale !== locale || one.resourceType !== resourceType)
      const when = choices.chance(0.4) ? { when: { organizationalUnits: [choices.pick(units).path] } } : {}
      policy.documents.push({
        locale,
        resourceType,
        rules: [{ pool: pool.path, ...when }],
        ...(choices.chance(0.3) ? { onExplicit: choices.pick(['deny', 'steer', 'allow']) } : {}),
        ...(choices.chance(0.3) ? { size: { min: 20, default: 24, max: 26 } } : {}),
      })
    },
    () => policy?.documents.pop(),
    () => {
      if (!policy) return
      const target = node()
      policy.assignments = policy.assignments.filter((one) => one.target !== target)
      policy.assignments.push({
        target,
        kind: choices.pick(['default', 'final']),
        mode: choices.pick(['enforce', 'warn', 'observe', 'off']),
      })
    },
    () => policy?.assignments.shift(),
    () => {
      if (policy) policy.contact = choices.chance(0.3) ? '' : `team-${step}@example.com`
    },
    () => {
      if (policy && choices.chance(0.5)) company.policies = company.policies.filter((one) => one !== policy)
    },
    () =>
      company.roleBindings.push({
        principal: `user:u${step}`,
        role: choices.pick(['auditor', 'approver', 'ipam-administrator']),
        node: choices.chance(0.2) ? '*' : node(),
        ...(choices.chance(0.2) ? { effect: 'forbid' } : {}),
      }),
    () => {
      // Those that the test itself asks with stay.
      if (company.roleBindings.length > 2)
        company.roleBindings.splice(choices.between(2, company.roleBindings.length - 1), 1)
    },
  ]
  choices.pick(changes)()
}

// The model ----------------------------------------------------------------------------------------------------------------

/** Of those that are drawn: `10.N.0.0/16`, and `10.N.M.0/24` below. */
const isWithin = (cidr: string, other: string): boolean =>
  cidr === other || (other.endsWith('.0.0/16') && cidr.startsWith(other.slice(0, -'0.0/16'.length)))

/** Why files must be refused, by what they say and what was there; undefined where they must not. */
function whyRefused(company: Company, before: Company, ids: ReadonlyMap<string, string>): string | undefined {
  const units = [...unitsIn(company.top)]
  const accounts = units.flatMap(({ unit }) => unit.accounts)
  const nodes = new Set([...units.map(({ path }) => path), ...accounts.map(({ account }) => account), '*'])
  if (new Set(accounts.map(({ account }) => account)).size < accounts.length) return 'an account twice'
  const pools = [...poolsIn(company.pools, 'main/private')]
  const byPath = new Map(pools.map((one) => [one.path, one.pool]))
  // A unit and a pool stay where they were made.
  const parentsOf = ({ top, pools }: Company): ReadonlyMap<string, string> =>
    new Map(
      [
        ...[...unitsIn(top)].flatMap(({ unit }) => unit.units.map((below) => [below.name, unit.name] as const)),
        ...[...poolsIn(pools, '')].map(({ pool, above }) => [pool.name, above?.name ?? '-'] as const),
      ].flatMap(([name, parent]) => {
        const id = ids.get(name)
        return id === undefined ? [] : [[id, ids.get(parent) ?? parent] as const]
      }),
    )
  const was = parentsOf(before)
  for (const [id, parent] of parentsOf(company)) {
    const had = was.get(id)
    if (had !== undefined && had !== parent) return 'moved'
  }
  for (const { pool, above } of pools) {
    if (above?.locale !== undefined && pool.locale !== above.locale) return `${pool.name} is elsewhere`
    for (const node of pool.sharedWith ?? []) if (!nodes.has(node)) return `shared with ${node}`
    for (const cidr of pool.cidrs) {
      if (above && !above.cidrs.some((one) => isWithin(cidr, one))) return `${cidr} is in nothing`
      const siblings = above?.pools ?? company.pools
      if (siblings.some((one) => one !== pool && one.cidrs.includes(cidr))) return `${cidr} twice`
    }
  }
  for (const { documents, assignments } of company.policies) {
    for (const { locale, rules } of documents) {
      for (const { pool, when } of rules) {
        const found = byPath.get(pool)
        if (!found) return `no ${pool}`
        if (found.locale !== locale) return `${pool} is elsewhere`
        for (const node of when?.organizationalUnits ?? []) if (!nodes.has(node)) return `when ${node}`
      }
    }
    for (const { target } of assignments) if (!nodes.has(target)) return `on ${target}`
  }
  for (const { node } of company.roleBindings) if (!nodes.has(node)) return `at ${node}`
  return undefined
}

/** Policies that stand against each other: found without a server, they must be found by it. */
function conflictIn(source: Source): string | undefined {
  const { estate, problems } = estateOf([source])
  return problems.length > 0 ? undefined : conflictsOf(estate)[0]?.problem
}
async function idsByName(to: Destination): Promise<Map<string, string>> {
  const { estate } = await readServer(to)
  const things = [...estate.all()].filter(({ kind }) => kind === 'unit' || kind === 'pool' || kind === 'policy')
  return new Map(things.flatMap(({ name, id }) => (name === undefined || id === undefined ? [] : [[name, id]])))
}

for (let world = 0; world < times; world++) {
  test(`files and server agree after every change, seed ${seed + world}`, async () => {
    const choices = choicesOf(seed + world)
    const at = await openFilesWorld()
    try {
      const { url, token } = at.server
      const to = { url, token }
      let company: Company = {
        top: {
          name: '/',
          accounts: [
            { name: 'management', account: '111111111111' },
            { name: 'network', account: '222222222222' },
          ],
          units: [{ name: 'Prod', units: [], accounts: [] }],
        },
        pools: [],
        policies: [],
        roleBindings: [
          { principal: 'user:admin', role: 'organization-administrator', node: '*' },
          { principal: 'user:files', role: 'organization-administrator', node: '*' },
        ],
      }
      let ids = new Map<string, string>()
      let done = 0
      for (let step = 1; step <= stepsPerWorld; step++) {
        const next = structuredClone(company)
        const marked = new Map(ids)
        for (let count = step === 1 ? 0 : choices.between(1, 3); count > 0; count--)
          change(next, choices, { step, ids: marked })
        const source = sourceOf(contentOf(next), marked)
        const why = whyRefused(next, company, marked) ?? conflictIn(source)
        const { plan, problems } = await planFor(to, [source], { remove: true })
        const title = `seed ${seed + world}, step ${step}, refused by the model: ${why}; by the plan: ${JSON.stringify([problems, plan?.refusal])} ${JSON.stringify(next)}`
        assert.equal(why === undefined, problems.length === 0 && plan?.refusal === undefined, title)
        if (!plan || plan.operations.length === 0) continue
        const before = (await readServer(to)).epoch
        assert.equal(plan.epoch, before, title)
        const refused = await applyTo(to, plan, { isDryRun: false }).then(
          () => undefined,
          (error: unknown) => {
            if (error instanceof Refused && error.problem.status < 500) return error.problem
            throw error
          },
        )
        assert.equal(refused?.code, plan.refusal?.code, `${title} ${JSON.stringify([refused, plan.refusal])}`)
        if (refused) {
          assert.equal((await readServer(to)).epoch, before, title)
          continue
        }
        done++
        company = next
        ids = await idsByName(to)
        const again = await planFor(to, [source], { remove: true })
        assert.deepEqual([again.problems, again.plan?.changes], [[], []], title)
        // What is exported says the same, and a plan that was made before is for another state now.
        const exported = [...filesOf(await readServer(to))].filter(([file]) => file.endsWith('.yaml'))
        const sources = exported.map(([file, text]) => readSource(file, text))
        assert(
          sources.every((one) => 'content' in one),
          title,
        )
        const round = await planFor(to, sources as Source[], { remove: true })
        assert.deepEqual([round.problems, round.plan?.changes], [[], []], title)
        const late = await applyTo(to, plan, { isDryRun: false }).catch((error: unknown) => (error as Refused).problem)
        assert.equal((late as { code?: string }).code, 'PreconditionFailed', title)
      }
      assert(done > stepsPerWorld / 8, `${done} changes came through`)
    } finally {
      await at.close()
    }
  })
}
