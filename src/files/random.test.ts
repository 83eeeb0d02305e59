// Random companies in files, changed at random: a model of its own says what must be refused, all else is done, and what is refused leaves nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Destination, Refused } from '#cli/client.ts'
import { type FilesWorld, openFilesWorld } from '../../test/files-world.ts'
import { leaveOut } from '../../test/living/shrink.ts'
import {
  accountsIn,
  askException,
  type Company,
  change,
  type Drawn,
  draw,
  founded,
  poolsIn,
  textOf,
} from '../../test/policy-files/company.ts'
import { statesAfter, whyRefused } from '../../test/policy-files/refusals.ts'
import { choicesOf } from '../../test/random.ts'
import { conflictsOf } from './conflicts.ts'
import { estateOf } from './from-files.ts'
import { readServer } from './from-server.ts'
import { applyTo, planFor } from './plan.ts'
import { readSource, type Source } from './sources.ts'
import { filesOf } from './to-files.ts'

const seed = Number(process.env.CADASTRE_TEST_SEED ?? 1)
const times = Number(process.env.CADASTRE_DRIVE_TIMES ?? 1)
const stepsPerWorld = 25
/** How often a drive that fails is tried with less. */
const shrunkMax = 60

/** Policies that stand against each other: found without a server, they must be found by it. */
function conflictIn(source: Source): string | undefined {
  const { estate, problems } = estateOf([source])
  return problems.length > 0 ? undefined : conflictsOf(estate)[0]?.problem
}
async function idsByName(to: Destination): Promise<Map<string, string>> {
  const { estate } = await readServer(to)
  const kinds = ['unit', 'ipam', 'pool', 'policy']
  const things = [...estate.all()].filter(({ kind }) => kinds.includes(kind))
  return new Map(things.flatMap(({ name, id }) => (name === undefined || id === undefined ? [] : [[name, id]])))
}
const isTried = ({ policies }: Company): boolean =>
  policies.some(({ assignments }) => assignments.some(({ candidate }) => candidate))

/** A company, its files, and the server that has been brought to them. */
class Drive {
  readonly #at: FilesWorld
  readonly #to: Destination
  #company = founded()
  #ids = new Map<string, string>()
  #states = new Map<string, string>()
  readonly #excepted = new Set<string>()
  /** Steps by what came of them, and what the files had at any time. */
  readonly seen = { done: 0, refused: 0, moves: 0, exceptions: 0, candidates: 0, drafts: 0, ipams: 0, closed: 0 }

  constructor(at: FilesWorld) {
    this.#at = at
    this.#to = { url: at.server.url, token: at.server.token }
  }

  async step(drawn: readonly Drawn[]): Promise<void> {
    const next = structuredClone(this.#company)
    const marked = new Map(this.#ids)
    for (const one of drawn) {
      if (one.what === askException) await this.#ask(one.seed)
      else change(next, one, marked)
    }
    const beside = { states: this.#states, excepted: this.#excepted }
    const source = readSource('all.yaml', textOf(next, marked))
    assert('content' in source, JSON.stringify(source))
    const why = whyRefused(next, this.#company, marked, beside) ?? conflictIn(source)
    if (why?.startsWith('moved ipam-pool-')) this.seen.moves++
    await this.#apply(next, source, why)
  }

  async #apply(next: Company, source: Source, why: string | undefined): Promise<void> {
    const { plan, problems } = await planFor(this.#to, [source], { remove: true })
    // A candidate that could not be promoted is found by the server alone.
    const isUnmet = plan?.refusal?.code === 'PolicyConflict' && isTried(next)
    if (why !== undefined || !isUnmet) {
      const isSame = (why !== undefined) === (problems.length > 0 || plan?.refusal !== undefined)
      assert(isSame, `by the model ${why}, by the plan ${JSON.stringify([problems, plan?.refusal])}`)
    }
    if (problems.length > 0 || plan?.refusal) this.seen.refused++
    if (!plan || plan.operations.length === 0) return
    const before = (await readServer(this.#to)).epoch
    assert.equal(plan.epoch, before, 'a plan is for what there is')
    const refused = await applied(this.#to, plan)
    assert.equal(refused?.code, plan.refusal?.code, `as planned: ${JSON.stringify([refused, plan.refusal])}`)
    if (refused) {
      assert.equal((await readServer(this.#to)).epoch, before, 'what is refused leaves nothing')
      return
    }
    await this.#accept(next)
    const again = await planFor(this.#to, [source], { remove: true })
    assert.deepEqual([again.problems, again.plan?.changes], [[], []], 'the server is as the files say')
    await this.#roundTrip()
    const late = await applied(this.#to, plan)
    assert.equal(late?.code, 'PreconditionFailed', 'a plan that was made before is for another state now')
  }

  async #accept(next: Company): Promise<void> {
    this.#company = next
    this.#states = statesAfter(next, this.#states)
    this.#ids = await idsByName(this.#to)
    const { seen } = this
    seen.done++
    if (isTried(next)) seen.candidates++
    if (next.policies.some(({ drafts }) => drafts.length > 0)) seen.drafts++
    if (next.ipams.length > 1) seen.ipams++
    if (accountsIn(next).some(({ account }) => this.#states.get(account) === 'closed')) seen.closed++
  }

  /** What is exported says the same. */
  async #roundTrip(): Promise<void> {
    const exported = [...filesOf(await readServer(this.#to))].filter(([file]) => file.endsWith('.yaml'))
    const sources = exported.map(([file, text]) => readSource(file, text))
    for (const source of sources) assert('content' in source, `what is exported is valid: ${JSON.stringify(source)}`)
    const exceptions = sources.flatMap((source) => (source as Source).content.exceptions ?? [])
    assert.equal(exceptions.length, this.seen.exceptions, 'each exception is there to be read')
    const round = await planFor(this.#to, sources as Source[], { remove: true })
    assert.deepEqual([round.problems, round.plan?.changes], [[], []], 'a round trip changes nothing')
  }

  /** Asks for an exception at the server; every other one is approved. */
  async #ask(seedOfIt: number): Promise<void> {
    const choices = choicesOf(seedOfIt)
    const { world } = this.#at
    const targets = [...this.#ids.values()].filter((id) => id.startsWith('ou-'))
    const pools = [...poolsIn(this.#company)].filter(({ pool }) => pool.locale !== undefined)
    if (targets.length === 0 || pools.length === 0) return
    const [target, { pool }] = [choices.pick(targets), choices.pick(pools)]
    const grants = { pools: [this.#ids.get(pool.name)] }
    const { status, body } = await world.ask<{ exceptionId: string }>('POST', '/exceptions', {
      body: { target, locale: pool.locale, resourceType: 'vpc', grants, reason: 'it is drawn', for: '30d' },
    })
    assert.equal(status, 201, JSON.stringify(body))
    this.#excepted.add(target)
    this.seen.exceptions++
    if (choices.chance(0.5)) return
    const headers = { authorization: `Bearer ${await world.tokenOf('user:second', 'organization-administrator', '*')}` }
    const approved = await fetch(`${this.#to.url}/api/v1/exceptions/${body.exceptionId}/approve`, {
      method: 'POST',
      headers,
    })
    assert.equal(approved.status, 200, await approved.text())
  }
}
const applied = (to: Destination, plan: Parameters<typeof applyTo>[1]) =>
  applyTo(to, plan, { isDryRun: false }).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof Refused && error.problem.status < 500) return error.problem
      throw error
    },
  )

/** What is wrong, where anything is; and what was seen where nothing is. */
async function play(all: readonly Drawn[]): Promise<{ readonly wrong: string } | Drive['seen']> {
  const at = await openFilesWorld()
  try {
    const drive = new Drive(at)
    // The first one makes what all begin with.
    for (const step of new Set([0, ...all.map((one) => one.step)])) {
      try {
        await drive.step(all.filter((one) => one.step === step))
      } catch (error) {
        return { wrong: `in step ${step}: ${(error as Error).message}` }
      }
    }
    return drive.seen
  } finally {
    await at.close()
  }
}
/** With less, what is wrong may be something else: it is to begin with the same words, whatever the step. */
const headOf = (wrong: string): string => wrong.replace(/^in step \d+: /, '').slice(0, headLength)
const headLength = 20

for (let world = 0; world < times; world++) {
  test(`files and server agree after every change, seed ${seed + world}`, async (context) => {
    const drawn = draw(seed + world, stepsPerWorld)
    const found = await play(drawn)
    if ('wrong' in found) {
      const isSame = async (some: readonly Drawn[]): Promise<boolean> => {
        const other = await play(some)
        return 'wrong' in other && headOf(other.wrong) === headOf(found.wrong)
      }
      const smallest = await leaveOut(drawn, isSame, shrunkMax)
      const last = await play(smallest)
      const lines = smallest.map((one) => `  step ${one.step}: ${one.what} ${one.seed}`)
      assert.fail(`${'wrong' in last ? last.wrong : found.wrong}\nafter\n${lines.join('\n')}`)
    }
    context.diagnostic(JSON.stringify(found))
    assert(found.done > stepsPerWorld / 8, `${found.done} changes came through`)
  })
}
