// What an operation is handed: the transaction, who asks, and what it may say of what it does.
import { assert } from '#model/assert.ts'
import { formatId, type IdKind, parseId, spaceNumberIn } from '#model/identifier.ts'
import type { WouldBeGiven } from '#model/in-use.ts'
import type { Decision } from '#model/policy/decision.ts'
import type { Snapshot } from '#model/policy/snapshot.ts'
import type { Actor, Principal } from '#model/principal.ts'
import type { ReadTransaction, Transaction } from '#store/store.ts'
import type { Subject } from '#store/subjects.ts'
import type { Need, OperationSettings, Reach, ReadContext, Together, WriteContext } from './operation.ts'
import { Progress } from './progress.ts'
import { currentSnapshot } from './snapshot.ts'

/** What operations may know of a request. */
interface ContextCall {
  readonly principal: Principal
  readonly region: string
  readonly requestId: string
  readonly sourceAddress: string
  readonly ifMatch?: string | undefined
}
interface PutOff {
  readonly together: Together<unknown>
  readonly context: WriteContext
  readonly items: unknown[]
}
/** Of what a run puts off, so many are made together at most. */
const putOffMax = 250
type SnapshotOf = (tx: ReadTransaction, options: { readonly keep: boolean }) => Promise<Snapshot>

/** What a request that only reads may touch. */
export class ReadingContext implements ReadContext {
  readonly tx: ReadTransaction
  readonly progress: Progress
  readonly call: ContextCall
  readonly settings: OperationSettings
  protected readonly needs: Need[]
  protected readonly snapshotOf: SnapshotOf
  readonly #changesBefore: number
  readonly #epochBefore: number

  /**
   * @param whole of the same request, as another account
   * @param progress of the request, where its reading may begin several times
   */
  constructor(
    tx: ReadTransaction,
    call: ContextCall,
    settings: OperationSettings,
    snapshotOf: SnapshotOf,
    { whole, progress }: { readonly whole?: ReadingContext; readonly progress?: Progress } = {},
  ) {
    this.progress = progress ?? whole?.progress ?? new Progress()
    this.needs = whole?.needs ?? []
    this.#changesBefore = whole ? whole.#changesBefore : tx.changes
    this.#epochBefore = whole ? whole.#epochBefore : tx.governanceEpoch
    this.tx = tx
    this.call = call
    this.settings = settings
    this.snapshotOf = snapshotOf
  }
  get caller(): Principal {
    return this.call.principal
  }
  get region(): string {
    return this.call.region
  }
  get ifMatch(): string | undefined {
    return this.call.ifMatch
  }
  actingFor(account: string, region: string): ReadingContext {
    return new ReadingContext(this.tx, callFor(this.call, account, region), this.settings, this.snapshotOf, {
      whole: this,
    })
  }
  get now(): number {
    return this.tx.now
  }
  get requestId(): string {
    return this.call.requestId
  }
  snapshot(): Promise<Snapshot> {
    return this.snapshotOf(this.tx, { keep: this.isCounted })
  }
  get snapshotAtHand(): Snapshot | undefined {
    return currentSnapshot(this.tx)
  }
  get isCounted(): boolean {
    return this.tx.changes === this.#changesBefore || this.tx.governanceEpoch !== this.#epochBefore
  }
  noteNeed(need: Need): void {
    this.needs.push(need)
  }
}
const callFor = (call: ContextCall, account: string, region: string): ContextCall => ({
  ...call,
  region,
  principal: { ...call.principal, account },
})

export class RequestContext extends ReadingContext implements WriteContext {
  declare readonly tx: Transaction
  readonly decisions: Decision[]
  readonly previewed: WouldBeGiven[]
  /** What each change of governance can reach. */
  readonly reaches: Reach[]
  /** How many of the decisions gave space by the rules alone. */
  readonly given: { count: number }
  /** Changes of governance that the epoch does not count yet, and the snapshot from before them that serves meanwhile. */
  readonly #writing: { by: readonly Actor[] }
  readonly lag: { isBehind: boolean; snapshot?: Snapshot | undefined; putOff?: PutOff | undefined }

  constructor(
    tx: Transaction,
    call: ContextCall,
    settings: OperationSettings,
    snapshotOf: SnapshotOf,
    whole?: RequestContext,
  ) {
    super(tx, call, settings, snapshotOf, whole && { whole })
    this.decisions = whole?.decisions ?? []
    this.previewed = whole?.previewed ?? []
    this.reaches = whole?.reaches ?? []
    this.given = whole?.given ?? { count: 0 }
    this.lag = whole?.lag ?? { isBehind: false }
    this.#writing = whole ? whole.#writing : { by: [] }
    if (!whole) tx.rows.end()
  }
  override async snapshot(): Promise<Snapshot> {
    if (this.lag.snapshot) return this.lag.snapshot
    await this.catchUp()
    return super.snapshot()
  }
  override get snapshotAtHand(): Snapshot | undefined {
    return this.lag.snapshot ?? (this.lag.isBehind ? undefined : super.snapshotAtHand)
  }
  async lagging<T>(work: () => Promise<T>): Promise<T> {
    const { lag, tx } = this
    const isOutermost = lag.snapshot === undefined
    // That from before the first of several changes will do for all of them.
    if (isOutermost) lag.snapshot = (lag.isBehind ? currentSnapshot(tx) : undefined) ?? (await this.snapshot())
    // Behind the snapshot: whoever compiles one catches up, and what was remembered until then is forgotten with that.
    tx.rows.begin()
    try {
      return await work()
    } finally {
      if (isOutermost) lag.snapshot = undefined
    }
  }
  get writers(): readonly Actor[] {
    return this.#writing.by
  }
  async writtenBy<T>(writers: readonly Actor[], work: () => Promise<T>): Promise<T> {
    const before = this.#writing.by
    this.#writing.by = writers
    try {
      return await work()
    } finally {
      this.#writing.by = before
    }
  }
  async together<T>(how: Together<T>, item: T): Promise<void> {
    const { lag } = this
    if (!lag.snapshot) return how.make(this, [item])
    const known = lag.putOff
    if (known && (known.together !== how || known.items.length >= putOffMax)) await this.#makePutOff()
    lag.putOff ??= { together: how as Together<unknown>, context: this, items: [] }
    lag.putOff.items.push(item)
  }
  isPutOff<T>(how: Together<T>, isOne: (item: T) => boolean): boolean {
    const { putOff } = this.lag
    return putOff !== undefined && putOff.together === how && (putOff.items as T[]).some(isOne)
  }
  async #makePutOff(): Promise<void> {
    const { putOff } = this.lag
    if (!putOff) return
    this.lag.putOff = undefined
    await putOff.together.make(putOff.context, putOff.items)
  }
  async catchUp(): Promise<void> {
    await this.#makePutOff()
    this.tx.rows.end()
    if (!this.lag.isBehind) return
    this.lag.isBehind = false
    await this.tx.moveGovernanceEpoch()
  }
  override actingFor(account: string, region: string): RequestContext {
    return new RequestContext(this.tx, callFor(this.call, account, region), this.settings, this.snapshotOf, this)
  }
  /** Each once, as it is kept with the token; null where nothing was asked. */
  get needsText(): string | null {
    return this.needs.length === 0 ? null : JSON.stringify(this.needsOnce)
  }
  get needsOnce(): Need[] {
    return [...new Map(this.needs.map((need) => [`${need.action}\n${need.path.at(-1)}`, need])).values()]
  }
  newSequence(): number {
    return this.tx.nextSequence()
  }
  newId(kind: IdKind): string {
    return formatId(kind, this.tx.installation, this.tx.nextSequence())
  }
  governanceChanged(reach: Reach = 'everything'): Promise<void> {
    this.reaches.push(reach)
    if (this.lag.snapshot) {
      this.lag.isBehind = true
      return Promise.resolve()
    }
    this.lag.isBehind = false
    return this.tx.moveGovernanceEpoch()
  }
  record(decision: Decision, { isGiven = false } = {}): void {
    this.decisions.push(decision)
    if (isGiven) this.given.count++
  }
  /** Whether all that has been changed is space that was given by the rules, in this request. */
  hasOnlyGiven(subjects: readonly Subject[]): boolean {
    const { decisions, tx } = this
    if (decisions.length === 0 || decisions.length !== this.given.count || decisions.length !== subjects.length)
      return false
    // Numbers are in the order of time: what was there before has a lower one.
    const first = numberOf(tx, decisions[0])!
    return subjects.every(({ id }) => (spaceNumberIn(tx.installation, id) ?? 0) > first)
  }
  wouldGive(space: WouldBeGiven): void {
    this.previewed.push(space)
  }
  changed(...ids: string[]): void {
    for (const id of ids) this.tx.subjects.note(id)
  }
}

/** Of a decision on record. */
export function numberOf(tx: Transaction, decision: Decision | undefined): number | undefined {
  if (!decision) return undefined
  const number = parseId('decision', tx.installation, decision.id)
  assert(number !== undefined, 'decisions are numbered by the context')
  return number
}
