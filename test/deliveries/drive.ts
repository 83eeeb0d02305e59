// A drive of random steps on what others are told: several servers of which each may hang, end in the midst of something, or not know that
// another one has taken over; targets that answer when they like and as they like; and books beside it all (`ledger.ts`).
import fc from 'fast-check'
import { Notifier } from '#jobs/notifying.ts'
import type { DeliveryOutcome } from '#model/delivery.ts'
import type { Composed } from '#operations/notification/delivering.ts'
import { tell } from '#operations/notification/telling.ts'
import type { Store } from '#store/store.ts'
import type { Delivery } from '#store/tables/outbox.ts'
import { foundOrganization, lab, prod, root, shop } from '../acme.ts'
import { leaveOut } from '../living/shrink.ts'
import { type NativeWorld, openNativeWorld } from '../native-world.ts'
import { toHere } from '../notifying.ts'
import { managementAccount } from '../world.ts'
import { Finding, Ledger, type Watch } from './ledger.ts'

const serversMax = 3
/** Where a call, or a write of a server, waits until the drive lets it go on. */
type Ways = 'taken' | 'failed' | 'asked' | 'gone' | 'held'

export type Step =
  /** Something happens, once or often; or is taken back. */
  | { readonly do: 'tell'; readonly which: readonly number[]; readonly times: number; readonly isKept: boolean }
  | { readonly do: 'round'; readonly server: number }
  /** Two servers at once. */
  | { readonly do: 'both'; readonly server: number }
  /** From now on a target answers so. */
  | { readonly do: 'behave'; readonly target: number; readonly way: Ways }
  /** The calls of a server that hang are answered. */
  | { readonly do: 'answer'; readonly server: number; readonly way: Exclude<Ways, 'held'> }
  /** The next thing that a server writes hangs, until it goes on. */
  | { readonly do: 'stall'; readonly server: number }
  | { readonly do: 'goOn'; readonly server: number }
  /** What a server is about to write hangs for so long that another one takes over; then it goes on. */
  | { readonly do: 'overtake'; readonly server: number; readonly writes: number }
  /** A target answers one server so late that another one has told it meanwhile. */
  | { readonly do: 'late'; readonly server: number; readonly target: number; readonly way: 'taken' | 'failed' }
  /** The same happens again while a target is being told of it. */
  | { readonly do: 'again'; readonly server: number; readonly target: number }
  /** A target fails for days, and is asked each hour; or is not asked at all. */
  | { readonly do: 'fail'; readonly target: number; readonly isAsked: boolean }
  /** A server ends, now or where it writes something; another one begins in its place. */
  | { readonly do: 'kill'; readonly server: number; readonly writes: number; readonly isWritten: boolean }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'hide'; readonly isHidden: boolean }
  | { readonly do: 'set'; readonly target: number; readonly isEnabled: boolean }
  | { readonly do: 'replay'; readonly target: number }

const server = fc.nat({ max: serversMax - 1 })
const target = fc.nat({ max: 5 })
const ways: readonly Ways[] = ['taken', 'taken', 'taken', 'failed', 'failed', 'asked', 'held', 'held']
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constant('tell' as const),
      which: fc.tuple(fc.nat({ max: 99 }), fc.nat({ max: 99 }), fc.nat({ max: 99 }), fc.nat({ max: 99 })),
      times: fc.constantFrom(1, 1, 1, 1, 2, 3, 12),
      isKept: fc.constantFrom(true, true, true, false),
    }),
  },
  { weight: 40, arbitrary: fc.record({ do: fc.constant('round' as const), server }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('both' as const), server }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('behave' as const), target, way: fc.constantFrom(...ways) }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      server,
      way: fc.constantFrom<Exclude<Ways, 'held'>>('taken', 'taken', 'taken', 'failed', 'gone'),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('stall' as const), server }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('goOn' as const), server }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('overtake' as const), server, writes: fc.nat({ max: 3 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ do: fc.constant('late' as const), server, target },
      way: fc.constantFrom<'taken' | 'failed'>('taken', 'failed'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('again' as const), server, target }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail' as const), target, isAsked: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('kill' as const),
      server,
      writes: fc.nat({ max: 3 }),
      isWritten: fc.boolean(),
    }),
  },
  {
    weight: 24,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(
        0,
        1_000,
        5_000,
        5_000,
        21_000,
        31_000,
        31_000,
        61_000,
        600_000,
        3_600_000,
        21_600_000,
        -4_000,
      ),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('hide' as const), isHidden: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('set' as const), target, isEnabled: fc.constantFrom(true, true, false) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('replay' as const), target }) },
)
/** Always the same for a seed. */
export const drawSequences = (seed: number, count: number, length: number): Step[][] =>
  fc.sample(fc.array(step, { minLength: length, maxLength: length, size: 'max' }), { seed, numRuns: count })

/** A server has ended: it does nothing more, and what it was about to do is not done. */
class Ended extends Error {}
class TakenBack extends Error {}

interface Noting {
  readonly watch: Watch
  readonly telling: Parameters<Ledger['ended']>[1]
  readonly outcome: DeliveryOutcome
}
interface Note extends Noting {
  readonly now: number
  readonly before: readonly Delivery[]
  readonly after: readonly Delivery[]
}
interface Call {
  answer(way: Exclude<Ways, 'held'>): void
}
interface Server {
  readonly number: number
  readonly notifier: Notifier
  readonly calls: Set<Call>
  /** What of it goes on at this moment. */
  readonly pending: Set<Promise<unknown>>
  isEnded: boolean
  /** When it looked for the last time what there is to do. */
  lookedAt: number
  /** Behind so many writes the next one hangs. */
  stallsAfter: number | undefined
  gate: (() => void) | undefined
  /** A round that hangs. */
  round: Promise<void> | undefined
  /** At which write it ends. */
  doom: { writes: number; readonly isWritten: boolean } | undefined
}

const outcomes: Readonly<Record<Exclude<Ways, 'held'>, DeliveryOutcome>> = {
  taken: { isDelivered: true },
  failed: { isDelivered: false, problem: { why: 'target-answered', status: 500 } },
  asked: { isDelivered: false, problem: { why: 'target-answered', status: 429 }, retryAfterMs: 900_000 },
  gone: { isDelivered: false, problem: { why: 'target-answered', status: 410 }, isGone: true },
}
const davesRole = ['user:dave', 'organization-administrator', prod] as const
const kinds = [
  { kind: 'exception.requested', isUrgent: false },
  { kind: 'exception.denied', isUrgent: false },
  { kind: 'break-glass.used', isUrgent: true },
] as const
const rowsMax = 20_000
const failingHours = 64

class Drive {
  readonly #world: NativeWorld
  readonly #ledger: Ledger
  readonly #behaviour: Ways[]
  readonly #servers: Server[] = []
  #started = 0
  #requests = 0
  readonly #findings: Error[] = []
  /** Servers that have done something since what is on record was looked at. */
  readonly #active = new Set<number>()
  /** What a transaction is writing down. */
  #noting: Noting | undefined
  #forbid: string | undefined

  private constructor(world: NativeWorld, watches: readonly Watch[]) {
    this.#world = world
    this.#ledger = new Ledger(watches)
    this.#behaviour = watches.map(() => 'taken')
    for (let slot = 0; slot < serversMax; slot++) this.#servers.push(this.#start())
  }
  static async begin(): Promise<Drive> {
    const world = await openNativeWorld({ notifications: toHere })
    await foundOrganization(world)
    const dave = await world.tokenOf(...davesRole)
    const all = [shop, lab]
    const watches: Watch[] = []
    const watch = async (name: string, node: string, { as, ...params }: { as?: string } & Record<string, unknown>) => {
      const made = { node, events: ['exception', 'break-glass'], targetUrl: `http://127.0.0.1:9/${name}`, ...params }
      const sent = as === undefined ? {} : { as }
      const { subscriptionId: id } = await world.post<{ subscriptionId: string }>('/subscriptions', made, sent)
      const nodes = node === prod ? [shop] : node === root ? all : [node]
      watches.push({
        ...{ name, id, nodes, isOfDave: as !== undefined, isUrgentOnly: params.severity === 'critical' },
        ...{ quietMs: Number(params.quietSeconds ?? 0) * 1_000, isDigest: params.digest !== undefined },
      })
    }
    await watch('plain', root, {})
    await watch('quiet', root, { quietSeconds: 600 })
    await watch('urgent', lab, { severity: 'critical' })
    await watch('of-dave', prod, { as: dave })
    await watch('digest', prod, { as: dave, digest: 'hourly' })
    await watch('all-by-the-hour', root, { digest: 'hourly' })
    const drive = new Drive(world, watches)
    await drive.#look()
    return drive
  }
  get counts(): ReadonlyMap<string, number> {
    return this.#ledger.counts
  }
  close(): Promise<void> {
    for (const one of this.#servers) this.#end(one)
    return this.#world.close()
  }

  // Servers ------------------------------------------------------------------------------------------------------------

  #start(): Server {
    const { store, executor } = this.#world
    const number = ++this.#started
    const track = <T>(work: Promise<T>): Promise<T> => {
      own.pending.add(work)
      const done = (): void => {
        own.pending.delete(work)
      }
      work.then(done, done)
      return work
    }
    const living = (): void => {
      if (own.isEnded) throw new Ended()
    }
    const write: Store['write'] = async (work, ...how) => {
      living()
      if (own.stallsAfter !== undefined && own.stallsAfter-- <= 0) {
        own.stallsAfter = undefined
        await new Promise<void>((resolve) => {
          own.gate = resolve
        })
        living()
      }
      const { doom } = own
      const isLast = doom !== undefined && doom.writes-- <= 0
      let note: Note | undefined
      const looked: typeof work = async (tx) => {
        this.#noting = undefined
        const before = await this.#rowsIn(tx)
        const done = await work(tx)
        const noting = this.#noting as Noting | undefined
        note = noting && { ...noting, now: tx.now, before, after: await this.#rowsIn(tx) }
        if (isLast && !doom!.isWritten) throw new Ended()
        return done
      }
      try {
        return await track(store.write(looked, ...how))
      } catch (error) {
        note = undefined
        throw error
      } finally {
        if (note) this.#check(() => this.#ledger.noted(note!.watch, note!.telling, note!.outcome, note!))
        if (isLast) this.#end(own)
      }
    }
    const read: Store['read'] = async (...asked) => {
      living()
      const found = await track(store.read(...asked))
      living()
      return found
    }
    const its = { read, write } as Store
    const notifier = new Notifier(
      {
        store: its,
        worker: `server ${number}`,
        act: async (operation, input, as) => {
          living()
          const acting = typeof as === 'string' ? { arn: as, accessKeyId: '' } : as
          const principal = { account: managementAccount, ...acting, userId: acting.arn }
          const call = {
            principal,
            region: '',
            input,
            requestId: `${number}-${++this.#requests}`,
            sourceAddress: 'here',
          }
          const { output } = await track(executor.execute(operation, call))
          living()
          return output
        },
      },
      {
        deliver: (composed) => this.#deliver(own, track, composed),
        chance: () => 0.5,
        onFailure: (error) => this.#fail(error),
      },
    )
    const own: Server = {
      ...{
        number,
        notifier,
        calls: new Set(),
        pending: new Set(),
        isEnded: false,
        lookedAt: 0,
        stallsAfter: undefined,
      },
      ...{ gate: undefined, round: undefined, doom: undefined },
    }
    return own
  }
  #fail(error: unknown): void {
    if (error instanceof Ended) return
    this.#findings.push(error as Error)
  }
  #end(one: Server): void {
    one.isEnded = true
    one.gate?.()
    one.gate = undefined
    for (const call of [...one.calls]) call.answer('taken')
  }
  /** Until all of it is over that waits neither for a target nor for the drive. */
  async #quiet(one: Server): Promise<void> {
    for (let turn = 0; turn < 3; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (one.pending.size === 0) continue
      await Promise.allSettled([...one.pending])
      turn = -1
    }
  }

  async #deliver(
    own: Server,
    track: <T>(work: Promise<T>) => Promise<T>,
    composed: Composed,
  ): Promise<DeliveryOutcome> {
    const name = composed.target.url!.split('/').at(-1)
    const index = this.#ledger.watches.findIndex((one) => one.name === name)
    const watch = this.#ledger.watches[index]!
    const telling = this.#ledger.begins(own, watch, composed, await track(this.#rows()))
    const behaves = this.#behaviour[index]!
    const way = behaves !== 'held' ? behaves : await this.#hold(own)
    const outcome = outcomes[way]
    this.#ledger.answered(watch, telling, outcome)
    this.#ledger.ended(watch, telling)
    if (own.isEnded) throw new Ended()
    const noting = { watch, telling, outcome }
    // Whoever reads what came of it is about to write that down.
    return Object.defineProperty({ ...outcome }, 'isDelivered', {
      get: () => {
        this.#noting = noting
        return outcome.isDelivered
      },
    })
  }
  #hold(own: Server): Promise<Exclude<Ways, 'held'>> {
    return new Promise((resolve) => {
      const call: Call = {
        answer(way) {
          own.calls.delete(call)
          resolve(way)
        },
      }
      own.calls.add(call)
    })
  }

  // What there is ------------------------------------------------------------------------------------------------------

  async #rowsIn({ outbox }: Pick<Parameters<Parameters<Store['read']>[0]>[0], 'outbox'>): Promise<readonly Delivery[]> {
    const rows: Delivery[] = []
    for (const { id: subscription } of this.#ledger.watches)
      rows.push(...(await outbox.listDeliveries({ subscription }, Number.MAX_SAFE_INTEGER, rowsMax)))
    return rows
  }
  #rows(): Promise<{ readonly now: number; readonly rows: readonly Delivery[] }> {
    return this.#world.store.read(async (tx) => ({ now: tx.now, rows: await this.#rowsIn(tx) }))
  }
  #check(what: () => void): void {
    try {
      what()
    } catch (error) {
      this.#fail(error)
    }
  }
  /** Compares what is on record with the books. */
  async #look(): Promise<void> {
    for (const one of this.#servers) await this.#quiet(one)
    const { store } = this.#world
    const found = await store.read(async (tx) => {
      const { event, subscription } = await tx.outbox.progress()
      const [next] = await tx.outbox.eventsAfter(event, 1)
      const all = await tx.subscriptions.list('', 100)
      const upTo = new Map(
        all.map(({ id, behind }) => [id, behind ?? (next && id <= subscription ? next.n : event)] as const),
      )
      return { upTo, all, now: tx.now, rows: await this.#rowsIn(tx) }
    })
    this.#check(() => {
      this.#ledger.reached(found.upTo)
      this.#ledger.look(found.rows, found.now, this.#active)
      this.#ledger.doing(found.all)
    })
    this.#active.clear()
  }

  // Steps --------------------------------------------------------------------------------------------------------------

  async take(step: Step): Promise<void> {
    for (const [slot, one] of this.#servers.entries()) if (one.isEnded) this.#servers[slot] = this.#start()
    await this.#do(step)
    await this.#look()
    const [finding] = this.#findings
    if (finding) throw finding
  }
  async #do(step: Step): Promise<void> {
    const world = this.#world
    switch (step.do) {
      case 'tell':
        return this.#tell(step)
      case 'round':
        return this.#round(this.#servers[step.server]!)
      case 'both': {
        const two = [step.server, (step.server + 1) % serversMax].map((slot) => this.#servers[slot]!)
        await Promise.all(two.map((one) => this.#round(one)))
        return
      }
      case 'behave':
        this.#behaviour[step.target] = step.way
        return
      case 'answer':
        for (const call of [...this.#servers[step.server]!.calls]) call.answer(step.way)
        return
      case 'stall':
        this.#servers[step.server]!.stallsAfter = 0
        return
      case 'overtake': {
        const one = this.#servers[step.server]!
        // More than one turn tells.
        await this.#tell({ do: 'tell', which: [0, 1, step.writes, 1], times: 3, isKept: true })
        one.stallsAfter = step.writes
        await this.#round(one)
        await this.#look()
        world.advance(31_000)
        await this.#round(this.#servers[(step.server + 1) % serversMax]!)
        await this.#look()
        return this.#goOn(one)
      }
      case 'goOn':
        return this.#goOn(this.#servers[step.server]!)
      case 'late': {
        const [one, other] = [step.server, (step.server + 1) % serversMax].map((slot) => this.#servers[slot]!)
        this.#behaviour[step.target] = 'held'
        await this.#round(one!)
        await this.#look()
        this.#behaviour[step.target] = 'taken'
        world.advance(31_000)
        await this.#round(other!)
        await this.#look()
        for (const call of [...one!.calls]) call.answer(step.way)
        return
      }
      case 'again':
        return this.#again(step)
      case 'fail':
        return this.#failFor(step)
      case 'kill': {
        const one = this.#servers[step.server]!
        if (step.writes === 0) this.#end(one)
        else one.doom = { writes: step.writes - 1, isWritten: step.isWritten }
        return
      }
      case 'pass':
        world.advance(step.ms)
        return
      case 'hide':
        return this.#hide(step.isHidden)
      case 'set':
        return this.#set(this.#ledger.watches[step.target]!, step.isEnabled)
      case 'replay':
        return this.#replay(this.#ledger.watches[step.target]!)
    }
  }

  async #tell({ which: [kind, node, subject, who], times, isKept }: Step & { readonly do: 'tell' }): Promise<void> {
    const { kind: name, isUrgent } = kinds[kind! % kinds.length]!
    const at = node! % 3 === 0 ? lab : shop
    const requester = who! % 3 === 0 ? `user:${who! % 2 === 0 ? 'eve' : 'joe'}` : ''
    const subjects = Array.from({ length: times }, (_, index) => `thing-${(subject! + index) % 7}`)
    const facts = {
      ...{ target: at, locale: 'us-east-1', resourceType: 'eip', reason: 'a drive', requestedBy: 'user:eve' },
      expiresAt: '2026-02-01T00:00:00.000Z',
    }
    const numbers = await this.#world.store
      .write(async (tx) => {
        const told: number[] = []
        for (const one of subjects) told.push(await tell(tx, { kind: name, node: at, subject: one, facts, requester }))
        if (!isKept) throw new TakenBack()
        return told
      })
      .catch((error: unknown) => {
        if (!(error instanceof TakenBack)) throw error
        return []
      })
    for (const [index, n] of numbers.entries())
      this.#ledger.happened.set(n, { n, kind: name, node: at, subject: subjects[index]!, isUrgent, requester })
  }
  async #again({ server, target }: Step & { readonly do: 'again' }): Promise<void> {
    const one = this.#servers[server]!
    const happens = (): Promise<void> => this.#tell({ do: 'tell', which: [2, target, 3, 3], times: 1, isKept: true })
    this.#world.advance(31_000)
    this.#behaviour[target] = 'held'
    for (let time = 0; time < 2; time++) {
      await happens()
      await this.#round(one)
      await this.#look()
    }
    this.#behaviour[target] = 'taken'
    for (const call of [...one.calls]) call.answer('taken')
  }
  async #failFor({ target, isAsked }: Step & { readonly do: 'fail' }): Promise<void> {
    for (const node of [0, 1]) await this.#tell({ do: 'tell', which: [2, node, 0, 1], times: 1, isKept: true })
    this.#behaviour[target] = 'failed'
    const waits = isAsked
      ? Array.from({ length: failingHours }, () => 3_700_000)
      : [0, 0, 3_700_000, 300_000_000, 3_700_000]
    for (const ms of waits) {
      if (this.#findings.length > 0) return
      this.#world.advance(ms)
      await this.#round(this.#servers[0]!)
      await this.#look()
    }
  }
  async #round(one: Server): Promise<void> {
    if (one.round || one.isEnded) return
    this.#active.add(one.number)
    one.lookedAt = await this.#world.store.read(async (tx) => tx.now)
    one.round = one.notifier
      .round()
      .then(
        () => {},
        (error: unknown) => this.#fail(error),
      )
      .finally(() => {
        one.round = undefined
      })
    await this.#quiet(one)
  }
  async #goOn(one: Server): Promise<void> {
    one.stallsAfter = undefined
    if (one.gate) this.#active.add(one.number)
    one.gate?.()
    one.gate = undefined
    await this.#quiet(one)
  }
  /** What somebody was about to write down was found out by what held until now. */
  async #allGoOn(): Promise<void> {
    for (const one of this.#servers) await this.#goOn(one)
    await this.#look()
  }
  async #hide(isHidden: boolean): Promise<void> {
    await this.#allGoOn()
    if (isHidden === (this.#forbid !== undefined)) return
    const world = this.#world
    if (this.#forbid === undefined) {
      const [principal, role] = davesRole
      const made = { principal, role, node: shop, effect: 'forbid' }
      this.#forbid = (await world.post<{ bindingId: string }>('/role-bindings', made)).bindingId
      this.#ledger.hidden.add(shop)
    } else {
      await world.ask('DELETE', `/role-bindings/${this.#forbid}`)
      this.#forbid = undefined
      this.#ledger.hidden.delete(shop)
    }
  }
  async #set(watch: Watch, isEnabled: boolean): Promise<void> {
    await this.#allGoOn()
    const as = watch.isOfDave ? { as: await this.#world.tokenOf(...davesRole) } : {}
    const { status } = await this.#world.ask('PATCH', `/subscriptions/${watch.id}`, { body: { isEnabled }, ...as })
    if (status !== 200) throw new Error(`${watch.name} could not be set: ${status}`)
    this.#ledger.set(watch, isEnabled)
  }
  async #replay(watch: Watch): Promise<void> {
    await this.#look()
    await this.#world.post(`/subscriptions/${watch.id}/replay`, {})
    this.#ledger.replayed(watch)
  }

  /** Nobody hangs any more, and all targets take what they are told: then all of it is told. */
  async finish(): Promise<void> {
    for (const one of this.#servers) this.#end(one)
    await this.#look()
    this.#behaviour.fill('taken')
    await this.#hide(false)
    for (const watch of this.#ledger.watches) await this.#set(watch, true)
    for (let time = 0; time < hoursMax; time++) {
      this.#world.advance(6 * 3_600_000)
      for (let round = 0; round < roundsMax; round++) {
        await this.take({ do: 'round', server: 0 })
        const { rows, now } = await this.#rows()
        if (!rows.some(({ status, nextAt }) => status === 'waiting' && nextAt <= now)) break
      }
      const { rows } = await this.#rows()
      if (!rows.some(({ status }) => status === 'waiting' || status === 'dead')) break
      for (const [target, { id }] of this.#ledger.watches.entries())
        if (rows.some(({ status, subscription }) => status === 'dead' && subscription === id))
          await this.take({ do: 'replay', target })
    }
    this.#ledger.close((await this.#rows()).rows)
  }
}
/** Until all is told: as often as six hours pass, and as often as a server looks then. */
const hoursMax = 12
const roundsMax = 400

// Playing --------------------------------------------------------------------------------------------------------------

export interface Played {
  readonly problem?: string
  readonly counts: ReadonlyMap<string, number>
}
async function play(steps: readonly Step[]): Promise<Played> {
  const drive = await Drive.begin()
  try {
    for (const [index, step] of steps.entries()) {
      try {
        await drive.take(step)
      } catch (error) {
        throw new Finding(`step ${index}: ${(error as Error).message}`, { cause: error })
      }
    }
    await drive.finish()
    return { counts: drive.counts }
  } catch (error) {
    const { message, stack, cause } = error as Error
    const isOurs = error instanceof Finding && (cause === undefined || cause instanceof Finding)
    return {
      problem: isOurs ? message : `${message}\n${(cause as Error | undefined)?.stack ?? stack}`,
      counts: drive.counts,
    }
  } finally {
    await drive.close()
  }
}

const triesMax = 120
/** Plays the steps; what is wrong is told with the fewest that still show something wrong. */
export async function findProblem(steps: readonly Step[]): Promise<Played> {
  const played = await play(steps)
  if (played.problem === undefined) return played
  const fewest = await leaveOut(steps, async (some) => (await play(some)).problem !== undefined, triesMax)
  const { problem = played.problem } = await play(fewest)
  return { ...played, problem: `${problem}\n${fewest.map((one) => JSON.stringify(one)).join('\n')}` }
}
