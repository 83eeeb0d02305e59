// A drive of random steps on change requests, with a ledger beside the servers that says what may come of each.

import { copyFileSync, readdirSync } from 'node:fs'
import { copyFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { rollOutChanges } from '#jobs/changes.ts'
import { lookAt } from '#jobs/job.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { root, shop } from '../acme.ts'
import type { Engine } from '../engines.ts'
import { type Beginning, begin, type Place, serversMax } from '../living/places.ts'
import { type Answer, Server } from '../living/server.ts'
import { leaveOut } from '../living/shrink.ts'
import { workplaceOf } from '../world.ts'
import { type Drawn, drawOperation, readGoverned } from './governed.ts'
import { type Content, Finding, isSame, type Known, Ledger, partOf, type Shown } from './ledger.ts'
import { buildSite, everyRight, type Person, people, type Site } from './site.ts'

/** What is done with a request: one step is one of these, or two at once, or one that a server is killed under. */
const verbs = [
  ...['edit', 'submit', 'approve', 'approve', 'approve', 'approve', 'reject', 'abandon', 'apply', 'apply', 'apply'],
  ...['break-glass', 'halt', 'resume', 'revert', 'revert'],
] as const
type Verb = (typeof verbs)[number]
type Numbers = readonly [number, number, number, number, number, number, number, number]

export type Step =
  | { readonly do: 'propose'; readonly numbers: Numbers; readonly server: number }
  /** Proposed, approved by all who may, and applied. */
  | { readonly do: 'whole'; readonly numbers: Numbers; readonly server: number }
  | { readonly do: 'act'; readonly verb: Verb; readonly numbers: Numbers; readonly server: number }
  /** Two at the same time, on one request or on two. */
  | { readonly do: 'race'; readonly verbs: readonly [Verb, Verb]; readonly numbers: Numbers; readonly server: number }
  /** A server ends while it does something. */
  | { readonly do: 'kill'; readonly verb: Verb; readonly numbers: Numbers; readonly server: number }
  | { readonly do: 'direct'; readonly numbers: Numbers; readonly server: number }
  | { readonly do: 'role'; readonly numbers: Numbers; readonly server: number }
  | { readonly do: 'deny'; readonly server: number }
  | { readonly do: 'pass'; readonly seconds: number }
  | { readonly do: 'clock'; readonly numbers: Numbers; readonly server: number }
  | { readonly do: 'restart'; readonly server: number }

// Drawing --------------------------------------------------------------------------------------------------------------

const number = fc.nat({ max: 9_999 })
const numbers = fc.tuple(number, number, number, number, number, number, number, number)
function stepsOf(engine: Engine): fc.Arbitrary<Step> {
  const server = fc.nat({ max: serversMax[engine] - 1 })
  const verb = fc.constantFrom(...verbs)
  const step = <Name extends string>(name: Name) => ({ do: fc.constant(name), numbers, server })
  return fc.oneof(
    { weight: 10, arbitrary: fc.record(step('propose' as const)) },
    { weight: 12, arbitrary: fc.record(step('whole' as const)) },
    { weight: 34, arbitrary: fc.record({ ...step('act' as const), verb }) },
    { weight: 8, arbitrary: fc.record({ ...step('race' as const), verbs: fc.tuple(verb, verb) }) },
    { weight: 5, arbitrary: fc.record({ ...step('kill' as const), verb }) },
    { weight: 5, arbitrary: fc.record(step('direct' as const)) },
    { weight: 4, arbitrary: fc.record(step('role' as const)) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('deny' as const), server }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: fc.constantFrom(1, 30, 60, 600) }) },
    { weight: 10, arbitrary: fc.record(step('clock' as const)) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const), server }) },
  )
}
/** Always the same for a seed. */
export function drawSequences(engine: Engine, seed: number, count: number, length: number): Step[][] {
  const sequence = fc.array(stepsOf(engine), { minLength: length, maxLength: length, size: 'max' })
  return fc.sample(sequence, { seed, numRuns: count })
}

// Playing --------------------------------------------------------------------------------------------------------------

let beginning: Promise<Beginning<Site>> | undefined
export async function removeBeginning(): Promise<void> {
  await (await beginning)?.remove()
  beginning = undefined
}
async function siteIn(place: Place): Promise<Site> {
  const store = await place.open(0)
  try {
    return await buildSite(await Server.open('the first server', store))
  } finally {
    await store.close()
  }
}

const fittingVerbs: Readonly<Record<string, readonly Verb[]>> = {
  draft: ['submit', 'edit'],
  'in-review': ['approve', 'approve', 'approve', 'edit', 'submit'],
  approved: ['apply', 'apply', 'apply', 'edit', 'reject'],
  scheduled: ['halt', 'revert'],
  halted: ['resume', 'resume', 'revert'],
  applied: ['revert'],
}
/** Why a rollout is halted before its time. */
const watchedFor: ReadonlySet<string> = new Set(['denials', 'exceptions', 'pool'])
const ended: ReadonlySet<string> = new Set(['applied', 'reverted', 'abandoned'])
/** Requests that are there at once: older ones are left alone. */
const requestsMax = 12
const looksMax = 40

interface Asked {
  readonly name: string
  readonly input: object
  readonly person: Person
  readonly id: string
  readonly verb: Verb
  readonly content?: Content
}

class Drive {
  readonly log: string[] = []
  readonly servers: Server[] = []
  readonly #place: Place
  readonly #site: Site
  #ledger!: Ledger
  /** What came of it, so that no drive is one of refusals alone. */
  readonly counts = new Map<string, number>()

  static async open(engine: Engine): Promise<Drive> {
    beginning ??= begin(engine, siteIn)
    const { place, known } = await (await beginning).openPlace()
    const drive = new Drive(place, known)
    for (let server = 0; server < serversMax[engine]; server++) await drive.#start(server)
    drive.#ledger = new Ledger(await drive.#read(0), people)
    return drive
  }
  private constructor(place: Place, site: Site) {
    this.#place = place
    this.#site = site
  }
  async close(): Promise<void> {
    for (const { store } of this.servers) await store.close()
    await this.#place.remove()
  }
  async #start(server: number): Promise<void> {
    this.servers[server] = await Server.open(`server ${server}`, await this.#place.open(server))
  }
  #read(server: number) {
    return readGoverned(this.servers[server]!, this.#site)
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'propose':
        await this.#propose(step.numbers, step.server)
        return
      case 'whole':
        return this.#whole(step.numbers, step.server)
      case 'act': {
        const asked = this.#asked(step.verb, step.numbers)
        if (asked) await this.#settle([[asked, await this.#send(asked, step.server)]], step.server)
        return
      }
      case 'race': {
        const [one, other] = [this.#asked(step.verbs[0], step.numbers), this.#asked(step.verbs[1], this.#turned(step))]
        if (!one || !other) return
        const second = (step.server + 1) % this.servers.length
        const [first, last] = await Promise.all([this.#send(one, step.server), this.#send(other, second)])
        return this.#settleRace([one, first], [other, last], step.server)
      }
      case 'kill':
        return this.#kill(step)
      case 'direct':
        return this.#direct(step.numbers, step.server)
      case 'role':
        return this.#role(step.numbers, step.server)
      case 'deny':
        return this.#deny(step.server)
      case 'pass':
        this.log.push(`${step.seconds} s pass`)
        this.#place.now += step.seconds * 1_000
        return
      case 'clock':
        return this.#clock(step.server, step.numbers[0] % 3 === 0)
      case 'restart':
        this.log.push(`server ${step.server} is restarted`)
        await this.servers[step.server]!.store.close()
        return this.#start(step.server)
    }
  }
  /** Every request is as the ledger says, asked of every server, and the tables are whole. */
  async finish(): Promise<void> {
    await this.#clock(0, false)
    for (const server of this.servers.keys()) {
      this.#ledger.still(await this.#read(server), `at the end, by server ${server}`)
      for (const [id, known] of this.#ledger.requests) this.#compare(id, known, await this.#show(id, server))
    }
    const { problems } = await checkSpace(this.servers[0]!.store)
    if (problems.length > 0) throw new Finding(`the check of space says: ${JSON.stringify(problems)}`)
  }

  // Asking -------------------------------------------------------------------------------------------------------------

  #turned({ numbers: [a, b, c, d, e, f, g, h] }: { readonly numbers: Numbers }): Numbers {
    // Of the same request, by somebody else.
    return [a, b + 1, d, c, f, e, h, g]
  }
  #content([, , c, d, e, f, g, h]: Numbers): Content {
    const count = 1 + (c % 3)
    const seeds = [
      [c, d, e, f],
      [d + 1, e, f, g],
      [e + 2, f, g, h],
    ]
    const operations = seeds.slice(0, count).map((some) => drawOperation(this.#site, some))
    const stages =
      h % 2 === 0 && count > 1
        ? [
            { operations: 1, soakSeconds: [0, 30, 60][d % 3]! },
            { operations: count - 1, soakSeconds: [0, 30][e % 2]! },
          ]
        : undefined
    const inSeconds = (seconds: number) => new Date(this.#place.now + seconds * 1_000).toISOString()
    const window = g % 4 === 0 ? { from: inSeconds(60 * (f % 3)), until: inSeconds(60 * (f % 3) + 300) } : undefined
    return { operations, stages, window }
  }
  #inputOf({ operations, stages, window }: Content): object {
    return {
      operations: operations.map(({ operation, input }) => ({ operation, input })),
      ...(stages ? { rollout: { stages } } : {}),
      ...(window ? { window } : {}),
    }
  }
  async #propose(numbers: Numbers, server: number, isWhole = false): Promise<string | undefined> {
    if (this.#ledger.requests.size >= requestsMax) this.#forget()
    const person = people[numbers[1] % people.length]!
    const content = this.#content(numbers)
    const draft = !isWhole && numbers[0] % 5 === 0 ? { draft: true } : {}
    const input = { node: root, reason: `number ${numbers[0]}`, ...this.#inputOf(content), ...draft }
    const answer = await this.#ask('proposeChange', input, this.#site.tokens[person], server)
    this.#ledger.still(await this.#read(server), `${person} has proposed something`)
    if (answer.kind !== 'done') return undefined
    const shown = answer.output as Shown
    this.#ledger.requests.set(shown.changeRequestId, {
      ...{
        content,
        hash: shown.contentHash,
        state: shown.state,
        stage: 0,
        nextAt: 0,
        isWatched: false,
        isBroken: false,
        isDenied: false,
      },
      ...{ writers: new Set([person]), approvals: new Map(), before: new Map(), made: new Map(), left: [] },
    })
    return shown.changeRequestId
  }
  #forget(): void {
    const { requests } = this.#ledger
    const [oldest] = [...requests].find(([, { state }]) => ended.has(state)) ?? []
    if (oldest !== undefined) requests.delete(oldest)
  }
  async #whole(numbers: Numbers, server: number): Promise<void> {
    const id = await this.#propose(numbers, server, true)
    if (id === undefined) return
    const known = this.#ledger.requests.get(id)!
    for (const person of people) {
      if (known.writers.has(person) || known.state === 'approved') continue
      await this.#one({ verb: 'approve', id, person, name: 'approveChangeRequest', input: {} }, server)
    }
    const person = [...known.writers][0]!
    await this.#one({ verb: 'apply', id, person, name: 'applyChangeRequest', input: {} }, server)
  }
  async #one(asked: Asked, server: number): Promise<void> {
    const { hash } = this.#ledger.requests.get(asked.id)!
    const whole = { ...asked, input: { ...asked.input, changeRequestId: asked.id, contentHash: hash } }
    await this.#settle([[whole, await this.#send(whole, server)]], server)
  }
  #asked(drawn: Verb, numbers: Numbers): Asked | undefined {
    // Mostly of those with which something can still be done.
    const all = [...this.#ledger.requests]
    const open = all.filter(([, { state }]) => !ended.has(state))
    const [id, known] =
      drawn === 'revert'
        ? (all.filter(([, { stage, state }]) => stage > 0 && state !== 'reverted').at(-1 - (numbers[0] % 3)) ??
          all[0] ??
          [])
        : (open.at(numbers[0] % Math.max(1, open.length)) ?? all.at(-1) ?? [])
    if (id === undefined || !known) return undefined
    // Mostly something that can be done with it as it is.
    const fitting = fittingVerbs[known.state] ?? []
    const verb = numbers[5] % 4 === 0 || fitting.length === 0 ? drawn : fitting[numbers[6] % fitting.length]!
    const person = people[numbers[1] % people.length]!
    // At times what somebody has looked at is not what it says any more.
    const contentHash = numbers[2] % 11 === 0 ? '0'.repeat(64) : known.hash
    const emergency = numbers[3] % 4 === 0 ? { emergency: 'it burns' } : {}
    const of = (name: string, input: object = {}, content?: Content): Asked => ({
      ...{ verb, id, person, name, input: { changeRequestId: id, ...input } },
      ...(content ? { content } : {}),
    })
    switch (verb) {
      case 'edit': {
        const content = this.#content(numbers)
        const {
          rollout = null,
          window = null,
          ...rest
        } = this.#inputOf(content) as { rollout?: object; window?: object }
        return of('updateChangeRequest', { ...rest, rollout, window, reason: `edited ${numbers[3]}` }, content)
      }
      case 'submit':
        return of('submitChangeRequest')
      case 'approve':
        return of('approveChangeRequest', { contentHash })
      case 'reject':
        return of('rejectChangeRequest', { note: 'no' })
      case 'abandon':
        return numbers[3] % 3 === 0 ? of('abandonChangeRequest') : undefined
      case 'apply':
        return of('applyChangeRequest', { contentHash })
      case 'break-glass':
        return numbers[3] % 3 === 0 ? of('breakGlassChangeRequest', { contentHash, reason: 'it burns' }) : undefined
      case 'halt':
        return of('haltChangeRequest', { note: 'wait' })
      case 'resume':
        return of('resumeChangeRequest', emergency)
      case 'revert':
        return of('revertChangeRequest', { note: 'back', ...emergency })
    }
  }
  #send({ name, input, person }: Asked, server: number): Promise<Answer> {
    return this.#ask(name, input, this.#site.tokens[person], server)
  }
  async #ask(name: string, input: object, as: string, server: number): Promise<Answer> {
    const answer = await this.servers[server]!.ask({ api: 'native', name, input, as, token: `t${++this.#tokens}` })
    this.#say(name, input, as, server, answer)
    if (answer.kind === 'trouble') throw new Finding(`${name} was answered: ${answer.message}`)
    return answer
  }
  #tokens = 0
  #say(name: string, input: object, as: string, server: number, answer: Answer): void {
    const who = people.find((person) => this.#site.tokens[person] === as) ?? 'admin'
    const shown = answer.kind === 'done' ? shortOf(answer.output as Partial<Shown>) : JSON.stringify(answer)
    this.log.push(`${who} at ${this.#place.now}, server ${server}: ${name} ${JSON.stringify(input)} → ${shown}`)
    this.#count(`${name} ${answer.kind === 'refused' ? answer.code : answer.kind}`)
  }
  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }
  async #show(id: string, server: number): Promise<Shown> {
    const request = {
      api: 'native',
      name: 'getChangeRequest',
      input: { changeRequestId: id },
      as: this.#site.admin,
    } as const
    const answer = await this.servers[server]!.ask(request)
    if (answer.kind !== 'done') throw new Finding(`${id} is gone: ${JSON.stringify(answer)}`)
    return answer.output as Shown
  }

  // Holding it against the ledger --------------------------------------------------------------------------------------

  async #settle(answered: readonly (readonly [Asked, Answer])[], server: number): Promise<void> {
    for (const [asked, answer] of answered) {
      const now = await this.#read(server)
      if (answer.kind !== 'done') this.#ledger.still(now, `${asked.name} was refused`)
      else this.#accept(asked, answer.output as Shown, now)
    }
  }
  /** Two that were asked at once: as if the one had been answered before the other, in either order. */
  async #settleRace(one: readonly [Asked, Answer], other: readonly [Asked, Answer], server: number): Promise<void> {
    const done = [one, other].filter(([, { kind }]) => kind === 'done')
    if (done.length < 2) return this.#settle(done.length === 0 ? [one] : done, server)
    const making: ReadonlySet<Verb> = new Set(['apply', 'break-glass', 'resume', 'revert'])
    if (one[0].id === other[0].id && making.has(one[0].verb) && making.has(other[0].verb)) {
      // One after the other may be done, as `resume` and `revert`, but none twice.
      if (one[0].verb === other[0].verb && one[0].verb !== 'resume')
        throw new Finding(`two have each done this: ${one[0].name} ${one[0].id}`)
    }
    const now = await this.#read(server)
    const shown = new Map<string, Shown>()
    for (const [{ id }] of [one, other]) shown.set(id, await this.#show(id, server))
    const problems: string[] = []
    for (const order of [
      [one, other],
      [other, one],
    ]) {
      const kept = this.#ledger
      this.#ledger = copyOf(kept)
      try {
        for (const [index, [asked, answer]] of order.entries()) {
          // What is governed is read when both are done: what the first of two made alone is not known any more.
          const isLast = index === 1 || !making.has(order[1]![0].verb)
          this.#accept(asked, (answer as { output: Shown }).output, isLast ? now : undefined)
        }
        this.#ledger.unseen = []
        this.#ledger.still(now, 'both are done')
        for (const [id, is] of shown) this.#compare(id, this.#ledger.requests.get(id)!, is)
        return
      } catch (error) {
        if (!(error instanceof Finding)) throw error
        problems.push(error.message)
        this.#ledger = kept
      }
    }
    throw new Finding(`neither order of the two explains it: ${problems.join(' // ')}`)
  }

  /** @param now undefined where it was not read behind this one alone */
  #accept({ id, verb, person, content, name, input }: Asked, shown: Shown, now: Ledger['governed'] | undefined): void {
    const ledger = this.#ledger
    const known = ledger.requests.get(id)!
    const nowMs = this.#place.now
    const isMaking = verb === 'apply' || verb === 'break-glass' || verb === 'resume' || verb === 'revert'
    if (!isMaking && now) ledger.still(now, `${name} makes nothing`)
    const wrong = (text: string): never => {
      throw new Finding(`${name} of ${id} by ${person} was done, though ${text}: ${shortOf(shown)}`)
    }
    const isIn = (...states: string[]) => states.includes(known.state) || wrong(`it is ${known.state}`)
    switch (verb) {
      case 'edit': {
        isIn('draft', 'in-review', 'approved')
        if (!isSame(known.content, content!) && shown.contentHash === known.hash) wrong('it says something else')
        known.content = content!
        known.hash = shown.contentHash
        known.writers.add(person)
        known.approvals.clear()
        if (shown.approvals.length > 0) wrong('an edit voids what was approved')
        break
      }
      case 'submit':
        isIn('draft', 'in-review', 'approved')
        if (!known.writers.has(person)) wrong('only those who wrote it submit it')
        // A draft is bound to what it refers to when it is submitted; nothing here is called by a name that could become another's.
        if (known.state !== 'draft' && shown.contentHash !== known.hash) wrong('it says something else')
        known.hash = shown.contentHash
        break
      case 'approve':
        isIn('in-review', 'approved')
        if (known.writers.has(person)) wrong('who wrote it does not approve it')
        if (!ledger.permitted.has(person)) wrong('that is nobody who may')
        if (known.approvals.get(person) === known.hash && shown.approvals.length < ledger.counting(known).length)
          wrong('it was approved by the same person')
        known.approvals.set(person, known.hash)
        break
      case 'reject':
        isIn('in-review', 'approved')
        known.approvals.clear()
        break
      case 'abandon':
        isIn('draft', 'in-review', 'approved')
        break
      case 'apply': {
        isIn('approved', 'in-review')
        this.#refuseUnapproved(id, known, shown, nowMs)
        if (now) ledger.madeUntil(id, 1, now, nowMs)
        else ledger.madeUnseen(id, 1)
        break
      }
      case 'break-glass':
        isIn('in-review', 'approved')
        known.isBroken = true
        known.content = { operations: known.content.operations, window: known.content.window }
        if (now) ledger.madeUntil(id, 1, now, nowMs)
        else ledger.madeUnseen(id, 1)
        break
      case 'halt':
        isIn('scheduled')
        known.isWatched = known.nextAt <= nowMs
        break
      case 'resume':
        isIn('halted')
        if ('emergency' in input) known.isBroken = true
        else if (!known.isWatched) {
          // Nothing is made before it was watched anew.
          if (now) ledger.still(now, `${name} watches it anew`)
          known.nextAt = nowMs + known.content.stages![known.stage - 1]!.soakSeconds * 1_000
          known.isDenied = false
          break
        }
        if (shown.state === 'scheduled') {
          this.#refuseClosed(id, known, nowMs)
          if (now) ledger.madeUntil(id, known.stage + 1, now, nowMs)
          else ledger.madeUnseen(id, known.stage + 1)
        }
        break
      case 'revert':
        isIn('scheduled', 'halted', 'applied')
        if ('emergency' in input) known.isBroken = true
        this.#refuseClosed(id, known, nowMs)
        if (now) ledger.takenBack(id, now, known.left)
        break
    }
    known.state = shown.state
    if (shown.inverse) known.left = shown.inverse.left
    this.#compare(id, known, shown)
  }
  #refuseUnapproved(id: string, known: Known, { needed }: Shown, nowMs: number): void {
    const counting = this.#ledger.counting(known)
    if (!needed || counting.length < needed.approvers || counting.length < needed.ofRoot || counting.length === 0) {
      throw new Finding(
        `${id} was applied, approved by ${counting.join(', ') || 'nobody'} of ${JSON.stringify(needed)}`,
      )
    }
    const lost = [...known.writers].filter((person) => !this.#ledger.permitted.has(person))
    if (lost.length > 0) throw new Finding(`${id} was applied, though ${lost.join(', ')} may not make it any more`)
    this.#refuseClosed(id, known, nowMs)
  }
  #refuseClosed(id: string, { content: { window }, isBroken }: Known, nowMs: number): void {
    if (isBroken || !window) return
    const isOpen = Date.parse(window.from!) <= nowMs && nowMs < Date.parse(window.until!)
    if (!isOpen) throw new Finding(`something was made of ${id} at ${nowMs}, outside of ${JSON.stringify(window)}`)
  }
  #compare(id: string, known: Known, shown: Shown): void {
    const wrong = (what: string, is: unknown, was: unknown): never => {
      throw new Finding(`${id} has ${what} ${is}, and the ledger says ${was}`)
    }
    if (shown.contentHash !== known.hash) wrong('content', shown.contentHash, known.hash)
    if (shown.state !== known.state) wrong('state', shown.state, known.state)
    const stage = shown.progress?.stage ?? (known.stage > 0 ? 1 : 0)
    if (known.stage !== stage) wrong('stage', stage, known.stage)
    const approvals = new Set(
      [...known.approvals].flatMap(([person, of]) => (of === known.hash ? [`user:${person}`] : [])),
    )
    const beside = shown.approvals.filter(({ by }) => !approvals.has(by))
    if (beside.length > 0) wrong('approvals', JSON.stringify(beside), [...approvals].join(', '))
  }

  // What else happens --------------------------------------------------------------------------------------------------

  async #direct(numbers: Numbers, server: number): Promise<void> {
    const drawn = drawOperation(this.#site, numbers.slice(2))
    const answer = await this.#ask(drawn.operation, drawn.input, this.#site.admin, server)
    const now = await this.#read(server)
    if (answer.kind !== 'done') return this.#ledger.still(now, `${drawn.operation} was refused`)
    this.#ledger.done([drawn], now, drawn.operation)
    this.#ledger.governed = now
  }
  /** Somebody loses their role, or has it again. */
  async #role([a]: readonly [number, ...number[]], server: number): Promise<void> {
    const person = people[a % people.length]!
    const { admin } = this.#site
    const principal = `user:${person}`
    const [lost] = people.filter((one) => !this.#ledger.permitted.has(one))
    if (lost !== undefined && lost !== person && a % 3 > 0) return this.#role([people.indexOf(lost)], server)
    if (this.#ledger.permitted.has(person)) {
      const listed = await this.#ask('listRoleBindings', { principal }, admin, server)
      const { items } = (listed as unknown as { output: { items: { bindingId: string }[] } }).output
      for (const { bindingId } of items) await this.#ask('deleteRoleBinding', { bindingId }, admin, server)
      this.#ledger.permitted.delete(person)
    } else {
      await this.#ask('createRoleBinding', { principal, role: everyRight, node: root }, admin, server)
      this.#ledger.permitted.add(person)
    }
    this.#ledger.governed = await this.#read(server)
  }
  async #deny(server: number): Promise<void> {
    const input = { Address: '198.51.100.7', Domain: 'vpc' }
    const answer = await this.servers[server]!.ask({ api: 'ec2', name: 'AllocateAddress', input, as: shop })
    this.log.push(`${shop} asks for an address: ${answer.kind === 'refused' ? answer.code : answer.kind}`)
    if (answer.kind !== 'refused' || answer.code !== 'DeniedByPolicy') return
    for (const known of this.#ledger.requests.values()) {
      const { operations, stages } = known.content
      if (known.state !== 'scheduled' || !stages) continue
      const made = operations.slice(0, known.stage === 1 ? 1 : operations.length)
      if (made.some(({ policy }) => policy === this.#site.law)) known.isDenied = true
    }
  }
  /** Jobs look until nothing is due any more: on one server, or on two at once. */
  async #clock(server: number, isBoth: boolean): Promise<void> {
    const due = [...this.#ledger.requests].filter(([, { state }]) => state === 'scheduled' || state === 'approved')
    const beforeEach = new Map(due.map(([id, known]) => [id, { ...known }]))
    for (let looks = 0; ; looks++) {
      if (looks > looksMax) throw new Finding('the clock has something to do without end')
      const others = isBoth ? [(server + 1) % this.servers.length] : []
      const all = await Promise.all([server, ...others].map((one) => this.#look(one)))
      if (all.every((isAll) => isAll)) break
    }
    const now = await this.#read(server)
    const shownOf = new Map<string, Shown>()
    for (const id of beforeEach.keys()) shownOf.set(id, await this.#show(id, server))
    const moved: Drawn[] = []
    for (const [id, was] of beforeEach) {
      const known = this.#ledger.requests.get(id)!
      const shown = shownOf.get(id)!
      this.log.push(`the clock, of ${id}: ${was.state} → ${shortOf(shown)}`)
      if (was.state !== shown.state) this.#count(`clock ${was.state} to ${shown.halted?.why ?? shown.state}`)
      if (was.state === 'approved' && shown.failed) this.#count(`clock failed ${shown.failed.code}`)
      if (shown.halted && was.state === 'scheduled')
        known.isWatched = was.nextAt <= this.#place.now && !watchedFor.has(shown.halted.why)
      const stage = shown.progress?.stage ?? (shown.state === 'applied' ? 1 : 0)
      if (was.state === 'approved' && stage === 0 && this.#isOverdue(known, shown))
        throw new Finding(`the window of ${id} is open, and nothing was done: ${shortOf(shown)}`)
      if (was.state === 'approved' && stage > 0) this.#refuseUnapproved(id, known, shown, this.#place.now)
      if (was.state === 'scheduled' && stage > was.stage) {
        if (was.nextAt > this.#place.now) throw new Finding(`${id} went on before its stage was watched long enough`)
        if (was.isDenied) throw new Finding(`${id} went on though a request was denied by a policy that it has changed`)
        this.#refuseClosed(id, known, this.#place.now)
      }
      if (was.state === 'scheduled' && was.isDenied && shown.halted?.why !== 'denials')
        throw new Finding(`${id} was not halted by a denial: ${shortOf(shown)}`)
      if (was.state === 'scheduled' && shown.halted?.why === 'denials' && !this.#mayHalt(known))
        throw new Finding(`${id} was halted by denials that it has nothing to do with`)
      if (
        shown.state === 'scheduled' &&
        was.state === 'scheduled' &&
        stage === was.stage &&
        was.nextAt <= this.#place.now
      )
        throw new Finding(`${id} was due at ${was.nextAt}, and nothing was done: ${shortOf(shown)}`)
      moved.push(...partOf(known.content, was.stage, stage))
    }
    // Stages of several requests at one look: each for itself, in an order that is theirs.
    this.#holdMoved(beforeEach, shownOf, now, moved)
  }
  /** Its window is open, and it was neither made nor told why not. */
  #isOverdue({ content: { window } }: Known, { failed, state }: Shown): boolean {
    if (!window?.from || failed || state !== 'approved') return false
    return Date.parse(window.from) <= this.#place.now
  }
  #mayHalt({ content }: Known): boolean {
    return content.operations.some(({ policy }) => policy !== undefined)
  }
  #holdMoved(
    beforeEach: ReadonlyMap<string, Known>,
    shownOf: ReadonlyMap<string, Shown>,
    now: Ledger['governed'],
    moved: readonly Drawn[],
  ): void {
    const ledger = this.#ledger
    const moving = [...beforeEach].filter(([id, was]) => {
      const shown = shownOf.get(id)!
      return (shown.progress?.stage ?? (shown.state === 'applied' ? 1 : 0)) > was.stage
    })
    if (moving.length === 0) ledger.still(now, 'the clock has made nothing')
    for (const [id, was] of beforeEach) {
      const known = ledger.requests.get(id)!
      const shown = shownOf.get(id)!
      const stage = shown.progress?.stage ?? (shown.state === 'applied' ? 1 : 0)
      known.state = shown.state
      if (shown.inverse) known.left = shown.inverse.left
      if (stage <= was.stage) continue
      if (moving.length === 1) ledger.madeUntil(id, stage, now, Date.parse(shown.progress?.since ?? ''))
      else {
        // Several at once: whose turn was first is not known, so that all of it together is looked at.
        const apart = { ...known }
        ledger.done(moved, now, 'what was due')
        Object.assign(known, apart, { stage, isDenied: false })
        for (const { things } of known.content.operations) {
          for (const key of things) {
            if (ledger.governed.get(key) === now.get(key)) continue
            // Whoever touches what another touches reverts to that: nothing is said of it.
            if (!known.before.has(key)) known.before.set(key, ledger.governed.get(key))
            known.made.set(key, now.get(key))
          }
        }
      }
      const soak = known.content.stages?.[stage - 1]?.soakSeconds ?? 0
      known.nextAt = Date.parse(shown.progress?.since ?? new Date(this.#place.now).toISOString()) + soak * 1_000
    }
    ledger.governed = now
    for (const [id] of beforeEach) this.#compare(id, ledger.requests.get(id)!, shownOf.get(id)!)
  }
  #look(server: number): Promise<boolean> {
    const at = this.servers[server]!
    return lookAt(rollOutChanges, {
      ...workplaceOf(at.store),
      act: (operation, input, as) => at.act(operation, input, as),
    })
  }

  // Ends in the middle -------------------------------------------------------------------------------------------------

  /** What a process leaves behind that ends while it does something: the one that asked never hears of it. */
  async #kill({ verb, numbers, server }: Step & { do: 'kill' }): Promise<void> {
    const asked = this.#asked(verb, numbers)
    if (!asked) return
    const { name, input, person } = asked
    const request = { api: 'native', name, input, as: this.#site.tokens[person] } as const
    const sent = this.servers[server]!.send(request).catch(() => undefined)
    const turns = numbers[7] % 24
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
    if (this.#place.engine === 'sqlite') {
      const { folder } = this.#place.database
      const files = readdirSync(folder).filter((file) => file.startsWith('cadastre.db') && !file.endsWith('-shm'))
      const copies = files.map((file) => [join(folder, file), join(folder, `kept-${file}`)] as const)
      for (const [file, copy] of copies) copyFileSync(file, copy)
      await sent
      await this.servers[server]!.store.close()
      for (const file of await readdir(folder)) if (file.startsWith('cadastre.db')) await rm(join(folder, file))
      for (const [file, copy] of copies) {
        await copyFile(copy, file)
        await rm(copy)
      }
    } else {
      await this.#place.cut(server)
      await sent
      await this.servers[server]!.store.close()
    }
    await this.#start(server)
    const known = this.#ledger.requests.get(asked.id)!
    const shown = await this.#show(asked.id, server)
    this.log.push(
      `${person}: ${name} ${JSON.stringify(input)}, and the server ended after ${turns} turns → ${shortOf(shown)}`,
    )
    const now = await this.#read(server)
    if (this.#isAsBefore(asked.verb, known, shown)) this.#ledger.still(now, `nothing came of ${name} before the end`)
    else this.#accept(asked, shown, now)
  }
  #isAsBefore(verb: Verb, known: Known, shown: Shown): boolean {
    if (shown.state !== known.state || shown.contentHash !== known.hash) return false
    if (verb === 'approve')
      return shown.approvals.length === [...known.approvals.values()].filter((of) => of === known.hash).length
    return (shown.progress?.stage ?? (known.stage > 0 ? 1 : 0)) === known.stage
  }
}

const shortOf = ({
  state,
  contentHash,
  approvals,
  progress,
  halted,
  needed,
  changeRequestId,
}: Partial<Shown>): string =>
  state === undefined
    ? 'done'
    : JSON.stringify({
        changeRequestId,
        state,
        hash: contentHash?.slice(0, 6),
        by: approvals?.map(({ by }) => by),
        progress,
        halted,
        needed,
      })

function copyOf(ledger: Ledger): Ledger {
  const copy = new Ledger(ledger.governed, ledger.permitted)
  for (const [id, known] of ledger.requests) {
    copy.requests.set(id, {
      ...known,
      ...{ writers: new Set(known.writers), approvals: new Map(known.approvals) },
      ...{ before: new Map(known.before), made: new Map(known.made) },
    })
  }
  return copy
}

/** What is wrong after these steps, with what was done until then. */
async function play(
  engine: Engine,
  steps: readonly Step[],
): Promise<{ problem?: string; readonly log: readonly string[]; readonly counts: ReadonlyMap<string, number> }> {
  const drive = await Drive.open(engine)
  try {
    for (const step of steps) await drive.take(step)
    await drive.finish()
    return { log: drive.log, counts: drive.counts }
  } catch (error) {
    if (!(error instanceof Finding)) throw error
    return { problem: error.message, log: drive.log, counts: drive.counts }
  } finally {
    await drive.close()
  }
}

const replaysMax = 120

/** Plays it; where something is wrong, says what, with the smallest sequence that still shows it. */
export async function findProblem(
  engine: Engine,
  steps: readonly Step[],
): Promise<{ readonly problem?: string; readonly counts: ReadonlyMap<string, number> }> {
  const first = await play(engine, steps)
  if (first.problem === undefined) return { counts: first.counts }
  const isWrong = async (rest: readonly Step[]) => (await play(engine, rest)).problem !== undefined
  const smallest = await leaveOut(steps, isWrong, replaysMax)
  const { problem = first.problem, log } = await play(engine, smallest)
  return { problem: [problem, '', `after ${smallest.length} steps:`, ...log].join('\n  '), counts: first.counts }
}
