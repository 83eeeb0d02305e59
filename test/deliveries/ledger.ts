// What may be told to whom, and when: the books of a drive of deliveries. They know what happened, who may see it and what targets have
// answered, and share no arithmetic with what is tried.
import { isDeepStrictEqual } from 'node:util'
import type { DeliveryOutcome } from '#model/delivery.ts'
import type { Composed } from '#operations/notification/delivering.ts'
import type { Delivery } from '#store/tables/outbox.ts'
import type { Subscription } from '#store/tables/subscriptions.ts'

/** What was told otherwise than it should be. */
export class Finding extends Error {}

const second = 1_000
const hour = 3_600 * second
const day = 24 * hour
const triesMax = 10
const failuresMax = 5
const ageMax = 3 * day
/** Whoever has looked what there is to do, and then delivers, is the only one for so long at least. */
const aloneMs = 20 * second

/** The nth failure is followed by 5 s, 20 s, 80 s … 6 h; what a target asks for goes on top, of an hour at most. */
function pauseOfDelivery(attempts: number, asked = 0): number {
  let delay = 5 * second
  for (let time = 1; time < attempts; time++) delay = Math.min(delay * 4, 6 * hour)
  return Math.max(delay, Math.min(asked, hour))
}
/** From the fifth failure in a row on a target is left alone: a minute, two, four … an hour. */
function pauseOfTarget(failures: number): number {
  if (failures < failuresMax) return 0
  let pause = 60 * second
  for (let time = failuresMax; time < failures; time++) pause = Math.min(pause * 2, hour)
  return pause
}

export interface Happened {
  readonly n: number
  readonly kind: string
  readonly node: string
  readonly subject: string
  readonly isUrgent: boolean
  readonly requester: string
}
/** One that is told. */
export interface Watch {
  readonly name: string
  readonly id: string
  /** Nodes of which it is told. */
  readonly nodes: readonly string[]
  readonly isUrgentOnly: boolean
  readonly quietMs: number
  readonly isDigest: boolean
  /** Whether it was set by somebody of whom may be hidden what happens. */
  readonly isOfDave: boolean
}
interface Telling {
  readonly server: number
  readonly members: readonly number[]
}
interface Books {
  isEnabled: boolean
  failures: number
  pausedUntil: number
  /** Calls that have not ended. */
  readonly open: Set<Telling>
  /** Events of which it was found out that they are for it. */
  readonly expected: Set<number>
  /** How far that was found out. */
  reached: number
  /** By what is the same of the same: when it was told of last. */
  readonly toldAt: Map<string, number>
  /** Deliveries that it has taken: whether or not anybody wrote that down. */
  readonly taken: Map<number, number>
}

/** How often a delivery was tried since it was begun, and when it may be again. */
interface Tried {
  attempts: number
  notBefore: number
}

export class Ledger {
  readonly happened = new Map<number, Happened>()
  readonly watches: readonly Watch[]
  readonly #books = new Map<string, Books>()
  readonly #tried = new Map<number, Tried>()
  /** All rows, as they were when they were looked at last. */
  #rows = new Map<number, Delivery>()
  /** Nodes of which Dave may not see anything. */
  readonly hidden = new Set<string>()
  #lastServer: { readonly server: number; readonly at: number } | undefined
  /** What came about, so that a drive can say that it was no drive of nothing. */
  readonly counts = new Map<string, number>()

  constructor(watches: readonly Watch[]) {
    this.watches = watches
    for (const { id } of watches) {
      this.#books.set(id, {
        ...{ isEnabled: true, failures: 0, pausedUntil: 0, reached: 0 },
        ...{ open: new Set(), expected: new Set(), toldAt: new Map(), taken: new Map() },
      })
    }
  }
  booksOf(id: string): Books {
    return this.#books.get(id)!
  }
  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  // What it is for -----------------------------------------------------------------------------------------------------

  #mayTell(watch: Watch, { node }: Happened): boolean {
    return !watch.isOfDave || !this.hidden.has(node)
  }
  #isFor(watch: Watch, event: Happened): boolean {
    return (
      this.booksOf(watch.id).isEnabled &&
      watch.nodes.includes(event.node) &&
      (!watch.isUrgentOnly || event.isUrgent) &&
      this.#mayTell(watch, event)
    )
  }
  /** Behind a round: up to these events it was found out for whom they are, by what held meanwhile. */
  reached(upTo: ReadonlyMap<string, number>): void {
    for (const watch of this.watches) {
      const books = this.booksOf(watch.id)
      const now = upTo.get(watch.id)!
      if (now < books.reached)
        throw new Finding(`${watch.name} was looked at up to ${books.reached}, and now to ${now}`)
      for (const event of this.happened.values()) {
        if (event.n > books.reached && event.n <= now && this.#isFor(watch, event)) books.expected.add(event.n)
      }
      books.reached = now
    }
  }

  // Calls --------------------------------------------------------------------------------------------------------------

  /** A server calls a target: may it, now, with this? */
  begins(
    { number: server, lookedAt }: { readonly number: number; readonly lookedAt: number },
    watch: Watch,
    { told, members }: Composed,
    { now, rows }: { readonly now: number; readonly rows: readonly Delivery[] },
  ): Telling {
    const books = this.booksOf(watch.id)
    const where = `at ${now}, server ${server} tells ${watch.name} of ${members.join(', ')}`
    const wrong = (what: string): never => {
      throw new Finding(`${where}: ${what}`)
    }
    const last = this.#lastServer
    if (last && last.server !== server && now < last.at + aloneMs)
      wrong(`server ${last.server} was delivering at ${last.at}`)
    this.#lastServer = { server, at: lookedAt }
    for (const one of books.open) {
      if (one.server === server) wrong('it is telling it something else still')
      this.#count('told while another server hangs')
    }
    if (!books.isEnabled) wrong('it wants nothing')
    if (now < books.pausedUntil) wrong(`it is to be left alone until ${books.pausedUntil}`)
    if (members.length === 0) wrong('it says nothing')
    const own = new Map(rows.filter(({ subscription }) => subscription === watch.id).map((row) => [row.n, row]))
    const telling = { server, members }
    for (const n of members) {
      const row = own.get(n) ?? wrong(`${n} is not there`)
      if (row.status !== 'waiting') wrong(`${n} is ${row.status}`)
      if (row.nextAt > now) wrong(`${n} is due at ${row.nextAt}`)
      const notBefore = this.#tried.get(n)?.notBefore ?? 0
      if (now < notBefore) wrong(`${n} has failed, and is not tried before ${notBefore}`)
      const event = this.happened.get(row.event) ?? wrong(`${row.event} never happened`)
      if (!watch.nodes.includes(event.node) || (watch.isUrgentOnly && !event.isUrgent))
        wrong(`${row.event} is not for it`)
      if (!this.#mayTell(watch, event)) wrong(`${row.event} is hidden from it`)
      const quietFrom = books.toldAt.get(topicOf(event))
      const isAgain = books.taken.has(n) || this.#tried.has(n)
      if (watch.quietMs > 0 && quietFrom !== undefined && !isAgain && now < quietFrom + watch.quietMs)
        wrong(`it was told of the same at ${quietFrom}`)
    }
    // Nobody is told of something before what was due before it, and what is critical comes first.
    const rankOf = ({ event }: { readonly event: number }): number => (this.happened.get(event)!.isUrgent ? 0 : 1)
    const due = [...own.values()].filter(({ status, nextAt }) => status === 'waiting' && nextAt <= now)
    const first = due.toSorted((a, b) => rankOf(a) - rankOf(b) || a.nextAt - b.nextAt || a.n - b.n)[0]!
    const isOfPeriod = first.period !== undefined && own.get(members[0]!)!.period === first.period
    if (!members.includes(first.n) && !isOfPeriod) wrong(`${first.n} was due before`)
    this.#checkTold(
      watch,
      told,
      members.map((n) => own.get(n)!),
      { now, wrong },
    )
    books.open.add(telling)
    this.#count(watch.isDigest ? 'digests' : 'calls')
    return telling
  }
  #checkTold(
    watch: Watch,
    told: Composed['told'],
    rows: readonly Delivery[],
    { now, wrong }: { readonly now: number; readonly wrong: (what: string) => never },
  ): void {
    const stands = rows.reduce((sum, { repeats, others }) => sum + 1 + repeats + others, 0)
    if (!('digest' in told)) {
      if (rows.length !== 1) wrong('several are told as one')
      if (rows[0]!.period !== undefined) wrong('it is to be told with others')
      const { repeats = 0, others = 0 } = told
      if (1 + repeats + others !== stands)
        wrong(`it says that it stands for ${1 + repeats + others}, and not for ${stands}`)
      if (stands > 1) this.#count('told as one')
      return
    }
    if (!watch.isDigest) wrong('it wants no digest')
    if (told.until % hour !== 0 || told.until > now) wrong(`the digest is over at ${told.until}`)
    if (rows.some(({ period }) => period !== told.until)) wrong('they are of another hour')
    if (told.total === 0) wrong('it is of no event')
    if (told.total !== stands) wrong(`it says that there are ${told.total}, and not ${stands}`)
    if (told.counts.reduce((sum, { count }) => sum + count, 0) !== stands) wrong('its counts are no sum')
  }

  /** The target has answered, whether or not anybody writes that down. */
  answered(watch: Watch, { members }: Telling, { isDelivered }: DeliveryOutcome): void {
    if (!isDelivered) return
    const { taken } = this.booksOf(watch.id)
    for (const n of members) taken.set(n, (taken.get(n) ?? 0) + 1)
  }
  ended(watch: Watch, telling: Telling): void {
    this.booksOf(watch.id).open.delete(telling)
  }

  /** What came of a call was written down: what is on record of it then? */
  noted(
    watch: Watch,
    { server, members }: Telling,
    outcome: DeliveryOutcome,
    {
      now,
      before,
      after,
    }: { readonly now: number; readonly before: readonly Delivery[]; readonly after: readonly Delivery[] },
  ): void {
    const books = this.booksOf(watch.id)
    const was = new Map(before.map((row) => [row.n, row]))
    const is = new Map(after.map((row) => [row.n, row]))
    const where = `at ${now}, what server ${server} told ${watch.name} of ${members.join(', ')} came to ${JSON.stringify(outcome)}`
    const first = was.get(members[0]!)
    // Another server has done so meanwhile, or something newer has taken its place.
    if (first?.status !== 'waiting') {
      for (const n of members) {
        if (!isDeepStrictEqual(was.get(n), is.get(n)))
          throw new Finding(`${where}, and ${n} changed though it was over`)
      }
      this.#count('noted too late')
      return
    }
    const attempts = first.attempts + 1
    for (const n of members) {
      const [row, old] = [is.get(n), was.get(n)]
      if (!row) throw new Finding(`${where}, and ${n} is gone`)
      if (old?.status !== 'waiting') continue
      const known = this.#tried.get(n) ?? { attempts: 0, notBefore: 0 }
      if (row.attempts !== attempts || (n === members[0] && attempts !== known.attempts + 1))
        throw new Finding(`${where}, its try ${known.attempts + 1}: ${row.attempts} are on record`)
      this.#tried.set(n, known)
      known.attempts = attempts
      if (outcome.isDelivered) {
        if (row.status !== 'delivered') throw new Finding(`${where}, and ${n} is ${row.status}`)
        books.toldAt.set(topicOf(this.happened.get(row.event)!), now)
        continue
      }
      const isOver = attempts >= triesMax || now - row.madeAt >= ageMax || outcome.isGone === true
      const status = isOver ? 'dead' : 'waiting'
      if (row.status !== status)
        throw new Finding(`${where}, try ${attempts}, and ${n} is ${row.status}, not ${status}`)
      const next = now + pauseOfDelivery(attempts, outcome.retryAfterMs)
      if (!isOver && row.nextAt !== next)
        throw new Finding(`${where}, try ${attempts}, and ${n} is due at ${row.nextAt}, not at ${next}`)
      known.notBefore = next
      this.#count(
        isOver
          ? outcome.isGone
            ? 'gone'
            : attempts >= triesMax
              ? 'dead after the last try'
              : 'dead of age'
          : 'tried again',
      )
    }
    if (outcome.isDelivered) Object.assign(books, { failures: 0, pausedUntil: 0 })
    else {
      books.failures++
      const pause = pauseOfTarget(books.failures)
      if (pause > 0) {
        books.pausedUntil = now + pause
        this.#count('left alone')
      }
      if (outcome.isGone) books.isEnabled = false
    }
  }

  // What people do -----------------------------------------------------------------------------------------------------

  set(watch: Watch, isEnabled: boolean): void {
    Object.assign(this.booksOf(watch.id), { isEnabled, failures: 0, pausedUntil: 0 })
  }
  replayed(watch: Watch): void {
    this.booksOf(watch.id).pausedUntil = 0
    for (const [n, row] of this.#rows) {
      if (row.subscription === watch.id && row.status === 'dead') this.#tried.set(n, { attempts: 0, notBefore: 0 })
    }
  }

  // What is on record --------------------------------------------------------------------------------------------------

  /** How a target is doing is what its answers came to. */
  doing(subscriptions: readonly Subscription[]): void {
    for (const { id, failures, pausedUntil = 0, isEnabled } of subscriptions) {
      const watch = this.watches.find((one) => one.id === id)!
      const books = this.booksOf(id)
      const known = { failures: books.failures, pausedUntil: books.pausedUntil, isEnabled: books.isEnabled }
      if (!isDeepStrictEqual({ failures, pausedUntil, isEnabled }, known))
        throw new Finding(
          `${watch.name} is ${JSON.stringify({ failures, pausedUntil, isEnabled })}, not ${JSON.stringify(known)}`,
        )
    }
  }

  /** Whatever has become of each delivery since it was looked at last is something that may have. */
  look(rows: readonly Delivery[], now: number, active: ReadonlySet<number> = new Set()): void {
    const is = new Map(rows.map((row) => [row.n, row]))
    for (const [n, was] of this.#rows) {
      const row = is.get(n)
      const watch = this.watches.find(({ id }) => id === was.subscription)!
      if (!row) {
        // Something newer of the same has taken its place, with its number.
        const heir = rows.find((one) => one.n > n && one.subscription === was.subscription && one.topic === was.topic)
        if (!heir || was.topic === undefined)
          throw new Finding(`at ${now}, ${n} of ${watch.name} is gone, and nothing has its place`)
        if (was.status !== 'waiting' || was.attempts > 0)
          throw new Finding(`at ${now}, ${n} of ${watch.name} was ${was.status}, and is gone`)
        // Whoever is telling it knows so, and nothing takes its place meanwhile: it would be told of twice.
        const teller = [...this.booksOf(watch.id).open].find(({ members }) => members.includes(n))
        if (teller && active.has(teller.server) && active.size === 1)
          throw new Finding(`at ${now}, ${n} of ${watch.name} is being told, and is gone`)
        this.#count('joined')
        continue
      }
      if (row.status === was.status) continue
      if (row.status === 'withheld') {
        const event = this.happened.get(row.event)!
        if (was.status !== 'waiting')
          throw new Finding(`at ${now}, ${n} of ${watch.name} was ${was.status}, and is withheld`)
        if (this.#mayTell(watch, event))
          throw new Finding(`at ${now}, ${n} of ${watch.name} is withheld, and may be seen`)
        this.#count('withheld')
      }
      if (row.status === 'delivered' && !this.booksOf(watch.id).taken.has(n))
        throw new Finding(`at ${now}, ${n} of ${watch.name} is delivered, and was never told`)
    }
    for (const [n, row] of is) {
      if (this.#rows.has(n)) continue
      const watch = this.watches.find(({ id }) => id === row.subscription)
      if (!watch) throw new Finding(`at ${now}, ${n} is for nobody`)
      const books = this.booksOf(watch.id)
      if (!books.expected.has(row.event))
        throw new Finding(`at ${now}, ${n} tells ${watch.name} of ${row.event}, which is not for it`)
      // Told one by one, nothing waits without a reason.
      const isPlain = !watch.isDigest && watch.quietMs === 0 && row.repeats + row.others === 0
      if (isPlain && row.status === 'waiting' && row.attempts === 0 && row.nextAt > now)
        throw new Finding(`at ${now}, ${n} of ${watch.name} waits until ${row.nextAt}`)
      if (watch.isDigest && row.period === undefined)
        throw new Finding(`at ${now}, ${n} of ${watch.name} is of no hour`)
    }
    this.#rows = is
  }

  /** Behind the end: all that was to be told is, as often as it happened. */
  close(rows: readonly Delivery[]): void {
    this.look(rows, Number.POSITIVE_INFINITY)
    for (const watch of this.watches) {
      const { expected, taken } = this.booksOf(watch.id)
      const own = rows.filter(({ subscription }) => subscription === watch.id)
      const left = own.filter(({ status }) => status !== 'delivered' && status !== 'withheld')
      if (left.length > 0)
        throw new Finding(`${watch.name} was never told ${left.map(({ n, status }) => `${n}, ${status}`)}`)
      const stands = own.reduce((sum, { repeats, others }) => sum + 1 + repeats + others, 0)
      if (stands !== expected.size)
        throw new Finding(`${watch.name} was told of ${stands} events in all, and there were ${expected.size}`)
      const latest = new Set(own.map(({ event }) => event))
      for (const n of expected) {
        const event = this.happened.get(n)!
        // Each is told itself, or what is the same and newer.
        const isTold =
          latest.has(n) || own.some((row) => row.event > n && isAlike(event, this.happened.get(row.event)!))
        if (!isTold) throw new Finding(`${watch.name} was never told of ${n}`)
      }
      for (const { n, status } of own)
        if (status === 'delivered' && !taken.has(n)) throw new Finding(`${watch.name} has never taken ${n}`)
    }
  }
}

/** What is the same of the same object. */
const topicOf = ({ kind, subject }: Happened): string => `${kind} ${subject}`
/** What may be told as one: the same of the same, or of one requester at one node what is alike. */
const isAlike = (one: Happened, other: Happened): boolean =>
  topicOf(one) === topicOf(other) ||
  (one.requester !== '' && one.requester === other.requester && one.kind === other.kind && one.node === other.node)
