// An installation of the drive: its servers, what clients were told by them, and the record that must agree.
import assert from 'node:assert/strict'
import { forgetDecisions } from '#jobs/forgetting.ts'
import { lookAt } from '#jobs/job.ts'
import type { ToldDecision } from '#model/policy/decision.ts'
import { wordsOfTold } from '#model/policy/explain.ts'
import { createAccessKey, disableAccessKey } from '#operations/identity/access-keys.ts'
import { createOperatorToken } from '#operations/identity/operator-tokens.ts'
import { keepDecisions } from '#operations/record/retention.ts'
import { StoreTrouble } from '#store/trouble.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { dev, lab, prod, root, shop } from '../acme.ts'
import type { Engine } from '../engines.ts'
import { managementAccount, workplaceOf } from '../world.ts'
import { end, type Ledger, remember } from './ledger.ts'
import { type Beginning, begin, type Place, serversMax } from './places.ts'
import { compare, readings, tries } from './questions.ts'
import { recordProblem } from './record.ts'
import { type Answer, findOperation, type Request, Server, takesToken } from './server.ts'
import { found } from './site.ts'
import type { Planned } from './works.ts'

const recordTables: readonly string[] = ['audit_entry', 'audit_subject', 'decision', 'origin', 'ruling']

/** What went wrong, in words: a server that answers otherwise, or a record that does not say what clients were told. */
export class Finding extends Error {}

/** What an operator does with a command, beside servers that run. */
export const commands = [
  'operator-token',
  'key-create',
  'key-disable',
  'check',
  'decisions-keep',
  'housekeeping',
] as const
export type Command = (typeof commands)[number]

interface Dump {
  readonly putBack: () => Promise<void>
  readonly ledger: Ledger
}

const operatorRoles = ['auditor', 'approver', 'policy-author', 'resource-operator'] as const
const nodes = [shop, lab, prod, dev, root]

let beginning: Promise<Beginning<Ledger>> | undefined
async function foundIn(place: Place): Promise<Ledger> {
  const store = await place.open(0)
  try {
    return await found(await Server.open('the first server', store))
  } finally {
    await store.close()
  }
}
/** Once no installation is open any more. */
export async function removeBeginning(): Promise<void> {
  await (await beginning)?.remove()
  beginning = undefined
}

export class Installation {
  readonly place: Place
  readonly servers: Server[] = []
  readonly log: string[] = []
  #ledger: Ledger
  #dump: Dump | undefined
  #tokens = 0
  #fresh = 0

  static async open(engine: Engine): Promise<Installation> {
    beginning ??= begin(engine, foundIn)
    const { place, known } = await (await beginning).openPlace()
    return Installation.openIn(place, known)
  }
  /** In a place with nothing in it, or where what the ledger knows has been done. */
  static async openIn(place: Place, ledger?: Ledger): Promise<Installation> {
    const installation = new Installation(place, ledger ?? (await foundIn(place)))
    try {
      for (let server = 0; server < serversMax[place.engine]; server++) await installation.#start(server)
      return installation
    } catch (error) {
      await installation.close()
      throw error
    }
  }
  private constructor(place: Place, ledger: Ledger) {
    this.place = place
    this.#ledger = ledger
  }
  get ledger(): Ledger {
    return this.#ledger
  }
  async close(): Promise<void> {
    for (const { store } of this.servers) await store.close()
    await this.place.remove()
  }

  // What happens ---------------------------------------------------------------------------------------------------------

  /**
   * Sends requests to servers, those of one without waiting in between: they share a transaction. Where `cutAt` says so, the
   * server loses its connections in the middle of it, before the request of that number.
   */
  async send(
    batches: readonly { readonly server: number; readonly planned: readonly Planned[]; readonly cutAt?: number }[],
  ): Promise<Answer[][]> {
    const before = await this.#versions()
    for (const { server, planned } of batches) {
      await this.servers[server]!.know(planned.map(({ request }) => request))
    }
    const sent = batches.map(({ server, planned, cutAt }) => {
      const asked: Promise<Answer>[] = []
      let cut: Promise<unknown> = Promise.resolve()
      const requests = planned.map(({ request }) => this.#withToken(request))
      for (const [index, request] of requests.entries()) {
        if (cutAt === index) cut = this.#cutWithin(server)
        asked.push(this.servers[server]!.ask(request))
      }
      if (cutAt === requests.length) cut = this.#cutWithin(server)
      return { requests, answered: Promise.all([Promise.all(asked), cut]) }
    })
    const settled = await Promise.allSettled(sent.map(({ answered }) => answered))
    for (const result of settled) {
      if (result.status === 'fulfilled') continue
      for (const [at, { requests }] of sent.entries()) {
        for (const request of requests) this.log.push(`server ${batches[at]!.server}: ${describe(request)}`)
      }
      throw result.reason
    }
    const answers = settled.map((result) => (result as PromiseFulfilledResult<[Answer[], unknown]>).value[0])
    const isAlone = batches.length === 1 && batches[0]!.cutAt === undefined
    await this.#learn(
      batches,
      sent.map(({ requests }) => requests),
      answers,
      { before, isAlone },
    )
    return answers
  }

  async cut(server: number): Promise<void> {
    this.log.push(`server ${server} loses its connections`)
    await this.place.cut(server)
  }
  async restart(server: number): Promise<void> {
    this.log.push(`server ${server} is restarted`)
    await this.servers[server]!.store.close()
    await this.#start(server)
  }
  pass(seconds: number): void {
    this.log.push(`${seconds} s pass`)
    this.place.now += seconds * 1_000
  }
  async dump(): Promise<void> {
    this.log.push('the database is dumped')
    this.#dump = { putBack: await this.place.dump(), ledger: structuredClone(this.#ledger) }
  }
  /** Puts the dump back under the servers that run. @param isCut whether they lose their connections on the way */
  async restore({
    areReading,
    isCut = true,
  }: {
    areReading?: readonly boolean[]
    isCut?: boolean
  } = {}): Promise<void> {
    const dump = this.#dump
    if (!dump) return
    this.log.push(`the dump is restored${isCut ? ', every connection is lost' : ''}`)
    await this.#exchange(isCut ? areReading : this.servers.map(() => false), async () => {
      for (const server of this.servers.keys()) if (isCut) await this.place.cut(server)
      await dump.putBack()
    })
    this.#ledger = structuredClone(dump.ledger)
  }
  /** What `work` does is acknowledged, and lost with its database: `takeOver` brings one that lacks it. */
  async lose(work: () => Promise<void>, takeOver: () => Promise<void>, areReading: readonly boolean[]): Promise<void> {
    const ledger = structuredClone(this.#ledger)
    this.log.push('from here on everything will be lost')
    await work()
    this.log.push('another database takes over')
    await this.#exchange(areReading, takeOver)
    this.#ledger = ledger
  }
  /**
   * Accepts the other database for every server that runs, once it has found out, as docs/guide/scale-out.md says. Some
   * read from it, as the housekeeping of an idle server does every second; the others find out by a change, and so does
   * whoever has kept its connections: only a new one is asked for what was acknowledged.
   */
  async #exchange(areReading: readonly boolean[] | undefined, exchange: () => Promise<void>): Promise<void> {
    await exchange()
    for (const [server, { store }] of this.servers.entries()) {
      if (areReading?.[server] ?? true) await readOnce(store)
      else await store.write(async () => {}).catch(refuseUnexpected)
      await this.place.accept(server)
    }
  }
  async command(command: Command, n: number): Promise<void> {
    this.log.push(`an operator's command: ${command}`)
    const store = await this.place.openBeside({ isOwner: true })
    try {
      await this.#run(command, n, store)
    } finally {
      await store.close()
    }
  }

  // What must hold -------------------------------------------------------------------------------------------------------

  /** Asks these servers and one that has just started the same; throws where they differ, or the record is wrong. */
  async compare(servers: readonly number[], order: 'readings-first' | 'tries-first'): Promise<void> {
    this.log.push(`servers ${servers.join(', ')} are asked`)
    const [read, tried] = [readings(this.#ledger), tries(this.#ledger)]
    const questions = order === 'readings-first' ? [...read, ...tried] : [...tried, ...read]
    const except = ['counter']
    const before = await this.place.database.tables({ except })
    const asked = servers.map((server) => this.servers[server]!)
    const openFresh = async () => Server.open(`fresh ${++this.#fresh}`, await this.place.openBeside())
    const difference = await compare(questions, asked, openFresh)
    if (difference !== undefined) throw new Finding(difference)
    const after = await this.place.database.tables({ except })
    for (const [table, rows] of Object.entries(after)) {
      // Dry runs that are denied are on record.
      const known = new Set(before[table]!)
      const left = recordTables.includes(table) ? rows.filter((row) => known.has(row)) : rows
      if (left.join() !== before[table]!.join()) {
        const added = rows.filter((row) => !before[table]!.includes(row))
        throw new Finding(`readings and dry runs changed the table \`${table}\`: ${added.slice(0, 3).join('; ')}`)
      }
    }
    const fresh = await openFresh()
    try {
      const problem = await recordProblem(this.#ledger, fresh)
      if (problem !== undefined) throw new Finding(problem)
    } finally {
      await fresh.store.close()
    }
  }

  // Inside ---------------------------------------------------------------------------------------------------------------

  async #start(server: number): Promise<void> {
    this.servers[server] = await Server.open(`server ${server}`, await this.place.open(server))
  }
  #withToken(request: Request): Request {
    return !takesToken(findOperation(request)) || request.token !== undefined || request.isDryRun
      ? request
      : { ...request, token: `token-${++this.#tokens}` }
  }
  /** A work of its own in the same batch; the next statement of the transaction finds the connection gone. */
  async #cutWithin(server: number): Promise<void> {
    let isCut = false
    await this.servers[server]!.store.write(async () => {
      if (isCut) return
      isCut = true
      await this.place.cut(server)
      // Where nothing else is left to do in the batch, the commit is what fails.
    }).catch(() => undefined)
  }
  /** By policy, how many versions are committed. */
  async #versions(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.place.database.select('select id, version from policy')
    return new Map(rows.map(({ id, version }) => [String(id), Number(version)]))
  }

  async #learn(
    batches: readonly { readonly server: number; readonly planned: readonly Planned[] }[],
    requests: readonly (readonly Request[])[],
    answers: readonly (readonly Answer[])[],
    { before, isAlone }: { readonly before: ReadonlyMap<string, number>; readonly isAlone: boolean },
  ): Promise<void> {
    const after = await this.#versions()
    for (const [at, { server, planned }] of batches.entries()) {
      const changes = new Map<string, number>()
      for (const [index, { versionOf, request }] of planned.entries()) {
        const isDone = answers[at]![index]!.kind === 'done' && !request.isDryRun
        if (versionOf !== undefined && isDone) changes.set(versionOf, (changes.get(versionOf) ?? 0) + 1)
      }
      // Where every change made a version, each request met exactly one; otherwise some of those in between.
      const isExact = (policy: string): boolean =>
        isAlone && (after.get(policy) ?? 0) - (before.get(policy) ?? 0) === (changes.get(policy) ?? 0)
      // Those of one sender keep their order; others come in between, in the order of their entries on record.
      const entries = await this.#entriesOf(answers[at]!)
      const made: { readonly policy: string; readonly entry: number }[] = []
      for (const [index, { versionOf, request }] of planned.entries()) {
        const isDone = answers[at]![index]!.kind === 'done' && !request.isDryRun
        if (versionOf !== undefined && isDone) made.push({ policy: versionOf, entry: entries[index] ?? Number.NaN })
      }
      for (const [index, plan] of planned.entries()) {
        const request = requests[at]![index]!
        const answer = answers[at]![index]!
        const entry = entries[index]
        this.log.push(`server ${server}: ${describe(request)} → ${describeAnswer(answer)}`)
        const versions = Object.fromEntries(
          [...after].map(([policy, last]) => {
            const first = before.get(policy) ?? 0
            const known = first + made.filter((one) => one.policy === policy && one.entry < entry!).length
            const isKnown = isExact(policy) && entry !== undefined
            return [policy, isKnown ? ([known, known] as const) : ([first, last] as const)]
          }),
        )
        this.#learnOne(plan, request, answer, versions)
      }
    }
  }
  /** The numbers of the entries that requests have on record; undefined where there is none. */
  async #entriesOf(answers: readonly Answer[]): Promise<readonly (number | undefined)[]> {
    const rows = await this.place.database.select('select max(n) as n, request_id from audit_entry group by request_id')
    const numbers = new Map(rows.map((row) => [String(row.request_id), Number(row.n)]))
    return answers.map((answer) => (answer.kind === 'done' ? numbers.get(answer.requestId) : undefined))
  }
  #learnOne(
    plan: Planned,
    request: Request,
    answer: Answer,
    versions: Readonly<Record<string, readonly [number, number]>>,
  ): void {
    if (request.isDryRun) return
    if (answer.kind === 'refused' && answer.code === 'DeniedByPolicy') {
      const { decision, told } = answer.facts as { decision: string; told: ToldDecision }
      this.#ledger.denials.push({ decision, sentence: wordsOfTold(told).sentence })
    }
    if (answer.kind !== 'done') return
    const earlier = this.#ledger.repeats.find(({ request: { token } }) => token === request.token)
    if (earlier) {
      if (JSON.stringify(earlier.output) === JSON.stringify(answer.output)) return
      throw new Finding(
        `${describe(request)} was answered ${JSON.stringify(earlier.output)}, and its repeat ${JSON.stringify(answer.output)}`,
      )
    }
    plan.learn?.(answer.output as never, this.#ledger)
    for (const taken of plan.taken?.(answer.output as never) ?? []) {
      const decision = taken.decision ?? answer.decisions[0]
      end(this.#ledger, ({ id }) => id === taken.id)
      this.#ledger.tenures.push({ ...taken, decision, versions, isOver: false })
    }
    if (request.token !== undefined) remember(this.#ledger, request, answer.output, this.place.now)
  }

  async #run(command: Command, n: number, store: Server['store']): Promise<void> {
    if (command === 'operator-token') {
      // Each binding that was not there yet moves the rules.
      const [role, node] = [operatorRoles[n % operatorRoles.length]!, nodes[n % nodes.length]!]
      const params = { principal: `service:${n % 3}`, role, node, account: managementAccount }
      const made = await createOperatorToken(store, params)
      assert('token' in made, JSON.stringify(made))
      this.#ledger.tokens.others.push({ id: '', token: made.token })
    } else if (command === 'key-create') {
      const accessKeyId = `AKIA${String(this.#ledger.keys.length + 1).padStart(12, '0')}${n % 1_000}`
      await createAccessKey(store, shop, 'somebody', { accessKeyId, secretAccessKey: 'a secret' })
      this.#ledger.keys.push(accessKeyId)
    } else if (command === 'key-disable') {
      const key = this.#ledger.keys[n % this.#ledger.keys.length]
      if (key !== undefined) await disableAccessKey(store, key)
    } else if (command === 'decisions-keep') {
      await keepDecisions(store, managementAccount, n % 2 === 0 ? undefined : 30 + (n % 100))
    } else if (command === 'housekeeping') {
      await store.write(async (tx) => void (await tx.resting.end(500)))
      await lookAt(forgetDecisions, workplaceOf(store))
    }
    const { problems } = await checkSpace(store)
    if (problems.length > 0) throw new Finding(`check: ${problems.join(' ')}`)
  }
}

const readsMax = 8
/** A connection that was cut is found out by who uses it next. */
async function readOnce(store: Server['store']): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await store.read(async () => {})
    } catch (error) {
      if (attempt === readsMax) throw error
      refuseUnexpected(error)
    }
  }
}
function refuseUnexpected(error: unknown): void {
  if (!(error instanceof StoreTrouble)) throw error
}

const textMax = 400
const clip = (text: string): string => (text.length <= textMax ? text : `${text.slice(0, textMax)}…`)
const describe = ({ name, input, isDryRun, as }: Request): string =>
  clip(`${name} ${JSON.stringify(input)}${/^\d{12}$/.test(as) ? ` as ${as}` : ''}${isDryRun ? ', a dry run' : ''}`)
const describeAnswer = (answer: Answer): string =>
  clip(
    answer.kind === 'done'
      ? JSON.stringify(answer.output)
      : answer.kind === 'refused'
        ? `refused, ${answer.code} ${JSON.stringify(answer.facts)}`
        : `trouble: ${answer.message}`,
  )
