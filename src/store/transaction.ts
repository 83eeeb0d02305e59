// The transaction: one object per noun over one connection, and what is kept in memory until it commits. Both engines use it.
import { formatId } from '#model/identifier.ts'
import { refuse } from '#model/refusal.ts'
import { Salts } from './commitments.ts'
import { type Effort, statementsPerStep } from './effort.ts'
import { ConnectionMemory, type EntryMark, type KeptName, type Memory } from './memory.ts'
import type { PageTokens } from './page-tokens.ts'
import { RowMemory } from './row-memory.ts'
import { checkKey, type KeyEvidence, readKeyEvidence } from './sealing-key.ts'
import type { Sql } from './sql.ts'
import { Subjects } from './subjects.ts'
import { AccessKeys, type Sealer } from './tables/access-keys.ts'
import { AddressTiles } from './tables/address-tiles.ts'
import { Addresses } from './tables/addresses.ts'
import { Adoptions } from './tables/adoptions.ts'
import { AllocationLists } from './tables/allocation-lists.ts'
import { ApiTokens } from './tables/api-tokens.ts'
import { BroughtSpaces } from './tables/brought-space.ts'
import { Candidates } from './tables/candidates.ts'
import { ChangeRequests } from './tables/change-requests.ts'
import { Compliance } from './tables/compliance.ts'
import { Discovered } from './tables/discovered.ts'
import { Discoveries } from './tables/discoveries.ts'
import { Evidence } from './tables/evidence.ts'
import { Exceptions } from './tables/exceptions.ts'
import { Finding } from './tables/finding.ts'
import { FindingScans } from './tables/finding-scans.ts'
import { Findings } from './tables/findings.ts'
import { Governance } from './tables/governance.ts'
import { History, type LapsedHold } from './tables/history.ts'
import { Ipams } from './tables/ipams.ts'
import { Journal } from './tables/journal.ts'
import { KeptBytes } from './tables/kept-bytes.ts'
import { NatGateways } from './tables/nat-gateways.ts'
import { NetworkObjects } from './tables/network-objects.ts'
import { Observations } from './tables/observations.ts'
import { Organizations } from './tables/organizations.ts'
import { Outbox } from './tables/outbox.ts'
import { PastSpace } from './tables/past-space.ts'
import { Policies } from './tables/policies.ts'
import { Pools } from './tables/pools.ts'
import { PutOffs } from './tables/put-off.ts'
import { RecordLists } from './tables/record-lists.ts'
import { RecordSinks } from './tables/record-sinks.ts'
import { RegisteredSpace } from './tables/registered.ts'
import { Repeats } from './tables/repeats.ts'
import { ResourceTypes } from './tables/resource-types.ts'
import { Resources } from './tables/resources.ts'
import { Retention } from './tables/retention.ts'
import { RoleBindings } from './tables/role-bindings.ts'
import { Simulations } from './tables/simulations.ts'
import { Sources } from './tables/sources.ts'
import { type MakeFreeSpace, Space } from './tables/space.ts'
import { Subscriptions } from './tables/subscriptions.ts'
import { Tags } from './tables/tags.ts'
import { Timeline } from './tables/timeline.ts'
import { Tokens } from './tables/tokens.ts'
import { Vpcs } from './tables/vpcs.ts'
import { Witnesses } from './tables/witnesses.ts'
import { newestEntry } from './time.ts'
import { SpaceCheck } from './upkeep/check.ts'

/**
 * Rows that one request may change. All of them are one transaction, and no other server writes before it ends: on PostgreSQL
 * that many take some two seconds (`npm run bench -- --only=largest`).
 */
export const changesPerRequestMax = 10_000
/**
 * Rows and statements that a request which changes something may look through: while it does, nobody else writes either. On PostgreSQL a
 * statement weighs more, since it is sent there. Several times what the largest requests need (`npm run bench -- --only=largest`),
 * so that one that looks through the same again and again costs its own sender a refusal, and nobody else a minute.
 */
export const lookedThroughPerRequestMax = 100_000
/**
 * The same of a list of changes of governance, which is one transaction however long it is: a thousand pools with their space and tags
 * (`npm run bench -- --only=governance`). Whoever sends one needs the right to everything in it.
 */
export const changesPerListMax = 50_000
export const lookedThroughPerListMax = 500_000
/** Rows that are changed, and rows and statements that are looked through. */
interface Rows {
  readonly changed: number
  readonly lookedThrough: number
}
const nothing: Rows = { changed: 0, lookedThrough: 0 }
const ofRequest: Rows = { changed: changesPerRequestMax, lookedThrough: lookedThroughPerRequestMax }
const ofList: Rows = { changed: changesPerListMax, lookedThrough: lookedThroughPerListMax }
const ofJob: Rows = { changed: Number.POSITIVE_INFINITY, lookedThrough: Number.POSITIVE_INFINITY }

/** Counts what a connection changes and reads, against what the request may that it works for. */
export class Changes {
  count = 0
  /** What was changed before the work began. */
  #before = 0
  #lookedThrough = 0
  /** What is not done yet, and is bounded as if it were. */
  #aside = nothing
  #isForAll = 0
  #bound = ofJob
  #refuseLong: (() => void) | undefined

  /**
   * Jobs have bounds of their own, and the operator's commands none.
   * @param refuseLong throws where the work has taken too long
   */
  begin(isRequest: boolean, refuseLong?: () => void): void {
    this.#refuseLong = refuseLong
    this.#bound = isRequest ? ofRequest : ofJob
    this.#before = this.count
    this.#lookedThrough = 0
    this.#aside = nothing
    this.#isForAll = 0
  }
  /** The request that it works for is a list of changes of governance. */
  beginList(): void {
    if (this.#bound === ofRequest) this.#bound = ofList
  }
  /** Rows and statements of the work so far. */
  get spent(): number {
    return this.#lookedThrough + this.count - this.#before
  }
  /** Counts statements, or what weighs as much. */
  read(statements: number): void {
    if (this.#isForAll > 0) return
    this.#lookedThrough += statements
    this.#refuseMoreLookedThrough()
    this.#refuseLong?.()
  }
  #refuseMoreLookedThrough(): void {
    const looked = this.#lookedThrough + this.#aside.lookedThrough
    const { lookedThrough: limit } = this.#bound
    if (looked <= limit) return
    const used = Math.ceil(looked)
    refuse({ code: 'LimitExceeded', what: { of: 'rows-looked-through' }, limit, used, isOfRequest: true })
  }
  /** What is read for everybody and kept is not counted for whoever needs it first. */
  async forAll<T>(work: () => Promise<T>): Promise<T> {
    this.#isForAll++
    try {
      return await work()
    } finally {
      this.#isForAll--
    }
  }
  /** Counts what is done for itself, as if it were a request of its own; it is part of what the work has cost all the same. */
  async apart<T>(work: () => Promise<T>): Promise<T> {
    const [before, lookedThrough, aside] = [this.#before, this.#lookedThrough, this.#aside]
    this.#before = this.count
    this.#lookedThrough = 0
    this.#aside = nothing
    try {
      return await work()
    } finally {
      this.#before = before
      this.#lookedThrough += lookedThrough
      this.#aside = aside
    }
  }
  add(rows: number): void {
    this.count += rows
    this.#refuseMore(0)
  }
  /** Refuses at once what is going to change more rows than it may. */
  expect(rows: number): void {
    this.#refuseMore(rows)
  }
  /** Of what is only tried: counts what will be changed and looked through beside it once it is made, and refuses what has no room for that. */
  setAside({ changed = 0, lookedThrough = 0 }: Partial<Rows>): void {
    this.#aside = { changed: this.#aside.changed + changed, lookedThrough: this.#aside.lookedThrough + lookedThrough }
    this.#refuseMore(0)
    this.#refuseMoreLookedThrough()
  }
  #refuseMore(rows: number): void {
    const used = this.count - this.#before + this.#aside.changed + rows
    const { changed: limit } = this.#bound
    if (used <= limit) return
    refuse({ code: 'LimitExceeded', what: { of: 'rows-changed' }, limit, used, isOfRequest: true })
  }
}
/** A connection that counts the rows it changes. */
export interface CountingSql extends Sql {
  readonly changed: Changes
  /** Of a reading. */
  readonly effort: Effort | undefined
}
/** What a transaction must know before it begins. */
export interface Loaded {
  /** Five hexadecimal digits, drawn once per database. */
  readonly installation: string
  readonly sequence: number
  /** Moves with every change of governance; a compiled snapshot is good for one epoch. */
  readonly governanceEpoch: number
  /** Another one where an access key or token ends before its time, and where the history is another. Within this process alone. */
  readonly keyEpoch: number
  readonly rulingEpoch: number
  /** Until when somebody holds what is governed, or nobody may hold it anew, as `storedHold` writes it. */
  readonly governanceHeld: number
  /** Renewed by `cadastre database accept`. */
  readonly history: number
  /** Of the newest entry; null where nothing is on record. */
  readonly newestN: number | null
  readonly newestEntryAt: number | null
  readonly newestRequestId: string | null
  /** Of the entry that was asked for, as `textOf` writes it; null where it is not there. */
  readonly asked: string | null
  /** Where on PostgreSQL it was found; always the same where there is one file. */
  readonly place?: string
}

/** No counter is below 0: twice the moment, and one more where it is when nobody may hold it anew. */
const storedHold = (until: number): number => (until < 0 ? -2 * until + 1 : 2 * until)
const heldFrom = (stored: number): number => (stored % 2 === 0 ? stored / 2 : -(stored - 1) / 2)

/**
 * Reads them.
 * @param asked the parameter for the number of the entry to look for
 * @param more columns of the engine's own
 */
export const readStart = (asked: '?' | '$1', more = ''): string =>
  `select (select value from meta where name = 'installation') as installation,
  (select value from counter where name = 'sequence') as sequence,
  (select value from counter where name = 'governance-epoch') as "governanceEpoch",
  (select value from counter where name = 'key-epoch') as "keyEpoch",
  (select value from counter where name = 'ruling-epoch') as "rulingEpoch",
  (select value from counter where name = 'governance-held') as "governanceHeld",
  (select value from counter where name = 'history') as history,
  (select at || ' ' || request_id from audit_entry where n = ${asked}) as asked,
  newest.n as "newestN", newest.at as "newestEntryAt", newest.request_id as "newestRequestId"${more}
  from (select 1 as one) one left join (${newestEntry}) newest on true`
const textOf = ({ at, requestId }: EntryMark): string => `${at} ${requestId}`

/** What nouns are made of. Fields of a derived class are made after it, so that a noun is one line there. */
class Connected {
  protected readonly sql: CountingSql
  protected readonly sealer: Sealer
  protected readonly freeSpace: MakeFreeSpace | undefined
  readonly memory: ConnectionMemory
  readonly tokens: Tokens
  /** Seals where lists go on. */
  readonly pageTokens: PageTokens

  constructor(
    sql: CountingSql,
    sealer: Sealer,
    memory: Memory,
    {
      tokens = (kept) => new Tokens(sql, kept),
      freeSpace,
    }: {
      readonly tokens?: (kept: ConnectionMemory) => Tokens
      readonly freeSpace?: MakeFreeSpace
    } = {},
  ) {
    this.sql = sql
    this.sealer = sealer
    this.freeSpace = freeSpace
    this.memory = new ConnectionMemory(memory)
    this.tokens = tokens(this.memory)
    this.pageTokens = sealer.pageTokens
  }
}

/** A transaction over one connection, again and again: `store.ts` says what of it operations see. */
export class Nouns extends Connected {
  /** Milliseconds since 1970, the same for the whole transaction; never earlier than the newest audit entry, whatever the clock says. */
  now = 0
  /**
   * What this transaction sees of moments up to this one is final: nothing that commits later carries one of them. Holds as
   * long as nobody sets the clock back.
   */
  asOf = 0
  /** How often the clock was set far back, of which whoever begins a transaction knows before it loads. */
  setBacks = 0
  installation = ''
  governanceEpoch = 0
  /** As `Loaded` has it. */
  governanceHeld = 0
  keyEpoch = ''
  /** What a run of operations reads once. */
  readonly rows = new RowMemory(this.memory)
  /** What has changed, for the audit entry. */
  readonly subjects = new Subjects(this, this.memory)
  /** What of histories is long: it is kept for good. */
  readonly keptBytes = new KeptBytes(this.sql, this, (rows) => this.sql.changed.read(rows))
  readonly #salts = new Salts()
  readonly history = new History(this.sql, this, this.memory, this.#salts)
  readonly journal = new Journal(this.sql, this, this.memory, this.#salts, this.history.written)
  readonly space = new Space(this.sql, this, this.memory, this.freeSpace)
  /** Who holds what; what is taken and given back is changed by `space`. */
  readonly allocations = this.space.allocations
  /** What nobody can have yet. */
  readonly resting = this.space.resting
  readonly tenures = new Timeline(this.sql, this)
  readonly accessKeys = new AccessKeys(this.sql, this.sealer, this)
  readonly addresses = new Addresses(this.sql)
  readonly adoptions = new Adoptions(this.sql)
  /** What of pools lies where, counted for maps. */
  readonly addressTiles = new AddressTiles(this.sql, this)
  readonly pastSpace = new PastSpace(this.sql)
  readonly allocationLists = new AllocationLists(this.sql)
  readonly apiTokens = new ApiTokens(this.sql, this, this.history)
  readonly candidates = new Candidates(this.sql, this)
  /** What compliance of a moment is counted from. */
  readonly compliance = new Compliance(this.sql)
  /** What IPAMs see of networks, interfaces and observations. */
  readonly discovered = new Discovered(this.sql)
  readonly discoveries = new Discoveries(this.sql)
  readonly changeRequests = new ChangeRequests(this.sql, this)
  /** The log of evidence: leaves, tiles, keys and checkpoints. */
  readonly evidence = new Evidence(this.sql, this.sealer, this)
  /** Who signs the log beside this installation, and whose logs it signs. */
  readonly witnesses = new Witnesses(this.sql)
  readonly exceptions = new Exceptions(this.sql, this)
  readonly finding = new Finding(this.sql, this)
  /** What is to be looked at anew for them. */
  readonly findingScans = new FindingScans(this.sql, this)
  readonly findings = new Findings(this.sql, this)
  readonly governance = new Governance(this.sql, this)
  readonly ipams = new Ipams(this.sql, this.rows)
  readonly natGateways = new NatGateways(this.sql, this)
  readonly networkObjects = new NetworkObjects(this.sql, this)
  readonly observations = new Observations(this.sql)
  readonly organizations = new Organizations(this.sql, this)
  /** What others are told of. */
  readonly outbox = new Outbox(this.sql)
  readonly policies = new Policies(this.sql, this)
  readonly pools = new Pools(this.sql, this.rows, this)
  /** What servers put off until later. */
  readonly putOffs = new PutOffs(this.sql)
  readonly recordLists = new RecordLists(this.sql, this)
  /** What the register has of what others name. */
  readonly registered = new RegisteredSpace(this.sql)
  /** Whether the first answer to a request is still good. */
  readonly repeats = new Repeats(this.sql, this, this.tenures)
  readonly resourceTypes = new ResourceTypes(this.sql)
  readonly resources = new Resources(this.sql, this)
  readonly retention = new Retention(this.sql, this.journal)
  readonly roleBindings = new RoleBindings(this.sql)
  readonly simulations = new Simulations(this.sql)
  readonly sources = new Sources(this.sql)
  /** Where the record is sent. */
  readonly recordSinks = new RecordSinks(this.sql)
  readonly subscriptions = new Subscriptions(this.sql, this.sealer)
  readonly spaceCheck = new SpaceCheck(this.sql)
  readonly tags = new Tags(this.sql, this.rows)
  /** What of networks no pool gave. */
  readonly broughtSpace = new BroughtSpaces(this.sql, this, this.allocations)
  readonly vpcs = new Vpcs(this.sql, this, this.broughtSpace)
  #sequence = 0
  #turns = 0
  #governingActs = 0
  #keyEpoch = 0
  #sequenceStored = 0
  #rulingEpoch = 0
  #asked: EntryMark | undefined
  #changesBefore = 0

  /** Rows changed so far by this transaction. A refusal after a change must roll back. */
  get changes(): number {
    return this.sql.changed.count + this.space.moves
  }
  /** Refuses at once what is going to change more rows than a request may: before anything is done, and not in the midst of it. */
  expectChanges(rows: number): void {
    this.sql.changed.expect(rows)
  }
  /** Of what is only tried: leaves room for what is changed and looked through beside it once it is made. */
  setAside(room: Partial<Rows>): void {
    this.sql.changed.setAside(room)
  }
  /** A request that lists changes of governance may do more than others. */
  beginList(): void {
    this.sql.changed.beginList()
  }
  /** Bounds what is tried behind a request as a request of its own. */
  apart<T>(work: () => Promise<T>): Promise<T> {
    return this.sql.changed.apart(work)
  }
  /** Rows and statements of the work that is running: what it has cost everybody else so far. */
  get spent(): number {
    return this.sql.changed.spent
  }
  /** Whether the transaction has changed anything: what it reads before that is committed. */
  get hasChanged(): boolean {
    return this.changes !== this.#changesBefore
  }
  /** Another number where the database has turned out to be another one: restored, or failed over. Within this process alone. */
  get generation(): number {
    return this.memory.generation
  }
  /** The highest number drawn so far, whether or not it was committed. */
  get sequence(): number {
    return this.#sequence
  }
  /** What was kept by a transaction of any connection that has committed, or by this one, of this history. */
  recall<T>(name: KeptName<T>): T | undefined {
    return this.memory.find(name)
  }
  /** Keeps something that was made of what this transaction sees: for others once it has committed, and at once where it is committed already. */
  keep<T>(name: KeptName<T>, value: T): void {
    this.memory.keep(name, value, !this.hasChanged)
  }
  /** The next sequence number; identifiers are made of these. */
  nextSequence(): number {
    return this.#sequence++
  }
  /**
   * Changes a number that nothing else reads, as a proof that the database can be written; refuses another sealing key.
   * `needsRoom`: also where that number would find a place on a full disk.
   */
  async probe({ needsRoom }: { readonly needsRoom: boolean }): Promise<void> {
    checkKey(this.sealer, (await this.sql.get<KeyEvidence>(readKeyEvidence))!)
    if (needsRoom) await this.sql.findRoom?.()
    await this.sql.run(`update counter set value = value + 1 where name = 'probe'`)
  }
  /** How often others had their turn so far. */
  get turns(): number {
    return this.#turns
  }
  /**
   * Lets whatever else this process has to do go on: between the steps of what reads very much.
   * @param turns of the event loop: more than one for what nobody waits for
   */
  async nextTurn(turns = 1): Promise<void> {
    const { effort, changed } = this.sql
    if (effort) effort.spendStep()
    else changed.read(statementsPerStep)
    this.#turns++
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  /** For what is read for everybody, and kept: it does not make the reading that does it a long one. */
  forAll<T>(work: () => Promise<T>): Promise<T> {
    const { effort, changed } = this.sql
    return effort ? effort.forAll(work) : changed.forAll(work)
  }
  /**
   * What this reading has found so far is kept outside of its transaction. Where it takes long and others wait, it is begun
   * again, and should go on from there.
   */
  keepsSoFar(): void {
    this.sql.effort?.keep()
  }
  async recordLapsed(holds: readonly LapsedHold[]): Promise<void> {
    for (const [account, lapsed] of Map.groupBy(holds, (hold) => hold.account)) {
      const subjects = lapsed.map(({ n }) => ({ id: formatId('allocation', this.installation, n) }))
      await this.journal.recordOwn(this, 'housekeeping', { action: 'LapseHolds', account, subjects })
    }
  }
  /** How often something governed was changed by an act, so far: what is done aside moves the epoch alone. */
  get governingActs(): number {
    return this.#governingActs
  }
  /**
   * Does what happens by the way and is no act of whoever asks, though decisions must be made anew: the provider's range that becomes
   * a pool as it is first taken from, space that leaves its pool since a rest has ended. Change control does not ask who has proposed it.
   */
  aside<T>(work: () => Promise<T>): Promise<T> {
    return this.subjects.aside(work)
  }
  async moveGovernanceEpoch(): Promise<void> {
    if (!this.subjects.isAside) this.#governingActs++
    // Counted from the committed one: a number that was rolled back may come again, because nothing is kept of it.
    await this.sql.run(`update counter set value = ? where name = 'governance-epoch'`, ++this.governanceEpoch)
  }
  /** @param until when somebody holds what is governed; less than 0: when nobody may hold it anew; 0: neither */
  async holdGovernance(until: number): Promise<void> {
    this.governanceHeld = until
    await this.sql.run(`update counter set value = ? where name = 'governance-held'`, storedHold(until))
  }
  async moveKeyEpoch(): Promise<void> {
    await this.sql.run(`update counter set value = ? where name = 'key-epoch'`, ++this.#keyEpoch)
    this.#nameKeyEpoch()
  }
  #nameKeyEpoch(): void {
    this.keyEpoch = `${this.generation}/${this.#keyEpoch}`
  }

  /**
   * Before a transaction: the number of the entry that `readStart` is to look for.
   * @param isAlone whether nobody else can have written since the last one; then there is nothing to load
   */
  start(isAlone = false): number | null {
    this.#changesBefore = this.changes
    this.#asked = this.memory.start(isAlone)
    return this.#asked?.n ?? null
  }
  /** Takes over what another connection may have moved; whether the database is another one than before. */
  load(loaded: Loaded): boolean {
    const { installation, sequence, history, place = '', newestN, newestEntryAt, newestRequestId, asked } = loaded
    const isOther = this.memory.meet({
      identity: JSON.stringify([installation, history, place, this.setBacks]),
      newest: newestN === null ? undefined : { n: newestN, at: newestEntryAt!, requestId: newestRequestId! },
      hasAsked: this.#asked === undefined || asked === textOf(this.#asked),
    })
    this.installation = installation
    // Numbers drawn by a transaction that was rolled back are not drawn again: a denial may already name one.
    this.#sequenceStored = sequence
    this.#sequence = isOther ? sequence : Math.max(this.#sequence, sequence)
    this.governanceEpoch = loaded.governanceEpoch
    this.governanceHeld = heldFrom(loaded.governanceHeld)
    this.#keyEpoch = loaded.keyEpoch
    this.#nameKeyEpoch()
    if (loaded.rulingEpoch !== this.#rulingEpoch) this.journal.forgetRulings()
    this.#rulingEpoch = loaded.rulingEpoch
    return isOther
  }
  /** Writes what was gathered in memory during the transaction. */
  async flush(): Promise<void> {
    await this.space.flush()
    if (this.#sequence !== this.#sequenceStored) {
      this.sql.later('update counter set value = ? where name = ?', this.#sequence, 'sequence')
      this.#sequenceStored = this.#sequence
    }
  }
}
