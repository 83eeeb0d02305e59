// The one executor that every request walks: token, transaction, operation, record, answer.
import { hash } from 'node:crypto'
import { assert } from '#model/assert.ts'
import { isEvidence } from '#model/evidence/commitments.ts'
import { formatId } from '#model/identifier.ts'
import type { InUse, WouldBeGiven } from '#model/in-use.ts'
import { orderedJson } from '#model/ordered-json.ts'
import type { Decision, DecisionOnRecord } from '#model/policy/decision.ts'
import { provider } from '#model/policy/decision.ts'
import { accountableOf, type Principal } from '#model/principal.ts'
import { isAboutState, type Refusal, Refused, refuse, refuseValue } from '#model/refusal.ts'
import { findUnfitText } from '#model/text.ts'
import type { Asker, ReadTransaction, Store, Transaction } from '#store/store.ts'
import { AheadOutdated, aheadTriesMax } from './ahead.ts'
import { numberOf, ReadingContext, RequestContext } from './contexts.ts'
import { inUseOf } from './estate/in-use.ts'
import { type Foreseen, foresee, type Impact, impactOf } from './finding/impact.ts'
import { AskingAgain } from './governance/asked-again.ts'
import { refuseWithoutRequest, withoutControl } from './governance/control.ts'
import { Foreseeing, type Found } from './governance/foreseeing.ts'
import { GovernanceHeld, type Hold, Holding, isHeldByOthers, oncePossible, type Pause, refuseToTry } from './holding.ts'
import { requireStill } from './identity/authority.ts'
import type {
  Ahead,
  AnyOperation,
  Need,
  OperationSettings,
  ReadContext,
  ReadOperation,
  Tried,
  TriedWell,
  WriteOperation,
} from './operation.ts'
import { Pace } from './pace.ts'
import { refuseNewConflicts, SnapshotBeforeNeeded } from './policy/conflicts.ts'
import { Progress } from './progress.ts'
import { countKept } from './record/kept-bytes.ts'
import { namesOf } from './record/object-names.ts'
import { isOnRecord, RefusalBudget, type RefusalKind, subjectsOf, withoutSession } from './refused-changes.ts'
import { currentSnapshot, snapshotOf } from './snapshot.ts'
import { renamed, withoutTexts } from './texts.ts'
import { governanceMovesPerMinuteMax } from './tries.ts'

/** How long a client token is remembered. EC2 promises no time; a day covers every retry of a tool. */
export const clientTokenMs = 86_400_000

/** Emergencies, of which nobody has many: they wait for nobody's try. */
const waitsForNobody: ReadonlySet<string> = new Set(['breakGlass', 'breakGlassChangeRequest'])

/** One authenticated request, as the protocols hand it over. */
export interface Call {
  readonly principal: Principal
  readonly region: string
  readonly input: object
  /** What the native API says in headers, and EC2 in parameters (`said` of the operation): the `Idempotency-Key`, and whether to change nothing. */
  readonly clientToken?: string
  readonly isDryRun?: boolean
  /** `If-Match`: the state that the caller saw and wants to change, of the native API. */
  readonly ifMatch?: string
  readonly requestId: string
  /** The signed `amz-sdk-invocation-id`: the same for every attempt of one call of an SDK. */
  readonly invocationId?: string
  /** The same id where it was not signed: it tells calls apart, but anybody on the way could have changed it. */
  readonly unsignedInvocationId?: string
  /** Of the request, in hexadecimal; undefined where the operator's own commands call. */
  readonly signature?: string
  /** SHA-256 of the body, in hexadecimal, where the protocol has it: spares hashing the parameters again. */
  readonly bodyHash?: string
  readonly sourceAddress: string
  /** By the monotonic clock of the process: how long it may wait for a database that is away is counted from here. */
  readonly arrivedAt?: number
  /** It takes back what the same request has begun: also for whoever may do nothing more, since their token has ended meanwhile. */
  readonly takesBack?: true
  /** Of another server that has handed it over: whether that still counts on it. Where it does not, nothing is begun. */
  readonly isStillOurs?: () => boolean
  /** Who waits for the answer: a reading ends with them. A change does not, since it may be done already. */
  readonly asker?: Asker
}

/** What comes back: the operation's output, and the decisions that were made on the way; of a repeat, those of the first time. */
export interface Answer {
  readonly output: unknown
  readonly decisions: readonly DecisionOnRecord[]
  /** Of a preview: what sources say is in use of what it shows. */
  readonly inUse?: readonly InUse[]
}

/** A dry run went through, and is rolled back: what it would have answered. Nothing names its decisions, which are on no record. */
export class DryRunSucceeded extends Refused {
  readonly answer: Answer
  /** Where it changes governance. */
  readonly foreseen: Foreseen | undefined
  /** What it would make of space that is in use, then. */
  impact: Impact | undefined
  /** Space that it would give, and what of that sources say is in use. */
  readonly given: readonly WouldBeGiven[]
  inUse: readonly InUse[] = []
  constructor(
    output: unknown,
    { decisions, previewed }: Pick<RequestContext, 'decisions' | 'previewed'>,
    foreseen?: Foreseen,
  ) {
    super({ code: 'DryRunSucceeded' })
    const names = new Set(decisions.map(({ id }) => id))
    this.answer = { output: names.size === 0 ? output : withoutTexts(output, names), decisions }
    this.foreseen = foreseen
    this.given = [...previewed, ...decisions.flatMap(givenBy)]
  }
}

/** What a decision gives of a pool's space; the provider's is nobody else's. */
function givenBy({ pool, cidr, request: { account, explicit } }: Decision): readonly WouldBeGiven[] {
  if (pool === undefined || pool === provider || !cidr) return []
  return [{ pool, cidr, account, isNamed: explicit?.cidr !== undefined }]
}

/** Nothing was done, and whoever asked was told so or does it by themselves. */
export class NotBegun extends Error {}

/** What was tried is taken back; nothing has gone wrong. */
class TakenBack extends Error {}

/** The decisions on record behind a refusal: those that say no. */
export const decisionsBehind = (error: Refused): readonly Decision[] => recordedDecisions.get(error) ?? []
const recordedDecisions = new WeakMap<Refused, readonly Decision[]>()
/** The same refusal where another server has put them on record. */
export function refusedWith(refused: Refused, decisions: readonly Decision[]): Refused {
  if (decisions.length > 0) recordedDecisions.set(refused, decisions)
  return refused
}
/** Those behind a refusal of what was only tried: they are put on record where the request itself is refused with it. */
const denialsTried = new WeakMap<Refused, readonly Decision[]>()

/** A call with what its API says of it in the parameters. */
interface WholeCall extends Call {
  readonly isDryRun: boolean
  /** A dry run that asks about permissions and parameters, as one in the parameters does: others tell all that the change would be answered. */
  readonly isAboutRights: boolean
  /** Where the token was given. */
  readonly tokenField: string
  /** What is asked for, without what only says how. */
  readonly parameters: object
}
function wholeOf({ said }: AnyOperation, call: Call): WholeCall {
  const { clientToken, isDryRun } = call
  const given = { clientToken, isDryRun: isDryRun ?? false, isAboutRights: false, tokenField: 'Idempotency-Key' }
  if (!said) return { ...call, ...given, parameters: call.input }
  const { [said.clientToken]: token, [said.isDryRun]: dryRun, ...parameters } = call.input as Record<string, unknown>
  const isDryRunThere = isDryRun === undefined && dryRun === true
  return {
    ...call,
    ...given,
    ...(clientToken === undefined && { clientToken: token as string | undefined, tokenField: said.clientToken }),
    ...(isDryRunThere && { isDryRun: true, isAboutRights: true }),
    parameters,
  }
}

export interface Executor {
  execute(operation: AnyOperation, call: Call): Promise<Answer>
  /** Puts on record that a request was refused before it could be executed: what it asked for could not be read. */
  recordUnread(operation: AnyOperation, call: Call, refused: Refused): Promise<void>
  /** Puts on record how many refusals have no entry of their own; of the minute that is not over too, where `isAll`. */
  recordCounted(options?: { readonly isAll: boolean }): Promise<void>
  /**
   * Reads back which requests could still be repeated, a slice at a time, until all are known or `isOver` says so. Without it
   * the first change would wait for that; where nothing can be written yet, it does.
   */
  readBackRequests(isOver: () => boolean): Promise<void>
}

export interface ExecutorOptions {
  /** A refusal is answered though it could not be put on record. */
  onUnrecorded?(error: unknown): void
  /** How often one sender changes what is governed in a minute, where they do not govern the top. */
  readonly movesPerMinute?: number
  /** How a server waits for another one that holds what is governed; by default it goes on looking. */
  readonly pause?: Pause
}

/** Opens the executor over a store. */
export async function openExecutor(
  store: Store,
  settings: OperationSettings,
  { onUnrecorded, movesPerMinute = governanceMovesPerMinuteMax, pause }: ExecutorOptions = {},
): Promise<Executor> {
  const budget = new RefusalBudget()
  const pace = new Pace(movesPerMinute)
  const holding = new Holding(store, pause)

  async function read(operation: ReadOperation<never, unknown>, call: WholeCall): Promise<Answer> {
    refuseUnfit(call)
    const progress = new Progress()
    const output = await store.read(
      async (tx) => {
        progress.restart(tx.asOf)
        if (isKeyInDoubt(tx, call.principal)) await refuseEndedKey(tx, call.principal)
        return operation.run(new ReadingContext(tx, call, settings, snapshotOf, { progress }), call.input as never)
      },
      call.arrivedAt,
      senderOf(call.principal),
      call.asker,
    )
    if (call.isDryRun) refuse({ code: 'DryRunSucceeded' })
    return { output, decisions: [] }
  }

  async function write(operation: WriteOperation<never, unknown, unknown>, call: WholeCall): Promise<Answer> {
    const token = tokenOrRefused(operation, call)
    if (token instanceof Refused) throw await recordEarly(operation, call, token)
    if (!operation.lookAhead) return writeAs(operation, call, token, operation.prepare?.())
    // What is tried changes other things than the request does: `If-Match` is not about them.
    const ahead: Ahead = { attempt: (...given) => attempt(operation, { ...call, ifMatch: undefined }, ...given) }
    const tryOnce = async (hold?: Hold): Promise<Answer | undefined> => {
      const prepared = await operation.lookAhead!(ahead, call.input as never)
      try {
        return await writeAs(operation, call, token, prepared, hold)
      } catch (error) {
        if (!(error instanceof AheadOutdated)) throw error
        return undefined
      }
    }
    const first = await tryOnce()
    if (first) return first
    // Others have changed something meanwhile: they wait for the next tries, else whoever changes it often enough would end all of them.
    return holding.during(senderOf(call.principal), async (hold) => {
      for (let tries = 2; tries <= aheadTriesMax; tries++) {
        const answer = await tryOnce(hold)
        if (answer) return answer
      }
      return refuseToTry()
    })
  }

  /** Tries a change and takes it back; what it would make of space is looked at once nobody waits for it any more. */
  async function attempt(
    operation: WriteOperation<never, unknown, unknown>,
    call: WholeCall,
    ...[work, { of = 'space', undo } = {}]: Parameters<Ahead['attempt']>
  ): Promise<Tried> {
    const taken: (Found & Pick<TriedWell, 'answer' | 'needs' | 'epoch'>)[] = []
    let denials: readonly Decision[] = []
    try {
      await store.write(
        async (tx) => {
          const context = new RequestContext(tx, call, settings, snapshotOf)
          denials = context.decisions
          if (isKeyInDoubt(tx, call.principal)) await refuseEndedKey(tx, call.principal)
          return pace.asTry(operation, senderOf(call.principal), context, async () => {
            const epoch = tx.governanceEpoch
            const foreseeing = await Foreseeing.begin(context, { isOfSpace: of === 'space' })
            const answer = await work(context, () => foreseeing.note())
            leaveRoomForEntry(context)
            if (tx.governanceEpoch !== epoch) {
              const { before } = foreseeing
              const compile = () => snapshotOf(tx, { keep: false })
              await refuseNewConflicts(context, { before, reaches: context.reaches, compile })
            }
            const needs = context.needsOnce
            taken.push({ ...(await foreseeing.end(needs, undo)), answer, needs, epoch })
            throw new TakenBack()
          })
        },
        {
          ...pace.askedOf(operation, senderOf(call.principal), { isTried: true }),
          since: call.arrivedAt,
          isTried: true,
        },
      )
    } catch (error) {
      if (error instanceof Refused) {
        denialsTried.set(error, denials.filter(isDenial))
        return { refused: error }
      }
      if (!(error instanceof TakenBack)) throw error
    }
    const { states, ...found } = taken.at(-1)!
    const look = <T>(at: (context: ReadContext) => Promise<T>): Promise<T> =>
      store.read(
        (tx) => at(new ReadingContext(tx, call, settings, snapshotOf)),
        undefined,
        senderOf(call.principal),
        call.asker,
      )
    const touching = states.filter(({ scopes }) => scopes.length > 0)
    const impact = touching.length > 0 ? await look((own) => impactOf(own, touching, { ofAll: true })) : undefined
    const reaching = states.filter(({ scopes, pools }) => scopes.length + pools.length > 0)
    const asking = reaching.length > 0 ? new AskingAgain(reaching) : undefined
    const requests = asking && (await look((own) => asking.run(own)))
    return { ...found, impact, requests }
  }

  async function writeAs(
    operation: WriteOperation<never, unknown, unknown>,
    call: WholeCall,
    token: Token | undefined,
    prepared: unknown,
    hold?: Hold,
  ): Promise<Answer> {
    let previewed: readonly WouldBeGiven[] = []
    let movedAt: number | undefined
    const run = (needsSnapshot: boolean) =>
      withOneEntry(operation, call, token?.hash, async (context) => {
        const { tx } = context
        if (!call.takesBack && isKeyInDoubt(tx, call.principal)) await refuseEndedKey(tx, call.principal)
        tx.subjects.begin()
        const found = token && findUse(tx, token)
        const used = found instanceof Promise ? await found : found
        if (used) tx.tokens.touch()
        if (used && token)
          return {
            output: await repeat(context, operation, { use: used, token, call }),
            decisions: await decisionsOf(tx, used),
          }
        const [epoch, acts] = [tx.governanceEpoch, tx.governingActs]
        const kept = tx.keptBytes.noted
        const before = currentSnapshot(tx) ?? (needsSnapshot ? await context.snapshot() : undefined)
        movedAt = undefined
        const output = await operation.run(context, call.input as never, prepared)
        if (context.lag.isBehind) await context.catchUp()
        if (tx.keptBytes.noted !== kept && !operation.isOfClock) await countKept(context, tx.keptBytes.noted - kept)
        // By the epoch, and not by what an operation says of itself: no change of governance can go round it.
        if (tx.governanceEpoch !== epoch) {
          if (
            tx.governingActs !== acts &&
            !call.isDryRun &&
            !operation.isOfClock &&
            !waitsForNobody.has(operation.name)
          ) {
            if (isHeldByOthers(tx, hold)) throw new GovernanceHeld()
            await pace.refuseManyMoves(senderOf(call.principal), context)
            movedAt = tx.now
          }
          // Once it is committed, what the change was checked by is the next requests' snapshot.
          const compile = () => snapshotOf(tx, { keep: true })
          await refuseNewConflicts(context, { before, reaches: context.reaches, compile })
          // Likewise: whatever the operation is and whoever asks, and no declaration can be forgotten. Only what is done aside is no act.
          if (tx.governingActs !== acts && !withoutControl.has(operation.name)) {
            const proposal = operation.propose?.(call.parameters as never)
            await refuseWithoutRequest(context, { operation: operation.name, proposal, subjects: tx.subjects.acted() })
          }
        }
        if (call.isDryRun) {
          leaveRoomForEntry(context)
          const isForeseen = before !== undefined && tx.governanceEpoch !== epoch
          const foreseen = isForeseen ? await foresee(tx, before, await context.snapshot()) : undefined
          throw new DryRunSucceeded(output, context, foreseen)
        }
        recordEntry(tx, context, operation.name, token, output)
        previewed = context.previewed
        return { output, decisions: context.decisions }
      })
    // Once nothing is changed any more: nobody waits for what is looked at.
    const look = <T>(at: (context: ReadContext) => Promise<T>): Promise<T> =>
      store.read(
        (tx) => at(new ReadingContext(tx, call, settings, snapshotOf)),
        call.arrivedAt,
        senderOf(call.principal),
        call.asker,
      )
    try {
      const answer = await oncePossible(holding, () => run(call.isDryRun))
      if (movedAt !== undefined) pace.moved(senderOf(call.principal), movedAt)
      return previewed.length === 0 ? answer : { ...answer, inUse: await look((own) => inUseOf(own, previewed)) }
    } catch (error) {
      if (error instanceof DryRunSucceeded) {
        const { foreseen, given } = error
        if (foreseen) error.impact = await look((own) => impactOf(own, [foreseen]))
        if (given.length > 0) error.inUse = await look((own) => inUseOf(own, given))
        throw error
      }
      if (!(error instanceof SnapshotBeforeNeeded)) throw error
      const answer = await oncePossible(holding, () => run(true))
      if (movedAt !== undefined) pace.moved(senderOf(call.principal), movedAt)
      return answer
    }
  }

  /**
   * Runs a change as a work of the store that leaves exactly one entry: the one that it writes itself, or in place of
   * everything that it did the one of its refusal. What is not on record, and trouble, leaves none.
   */
  async function withOneEntry(
    operation: WriteOperation<never, unknown, unknown>,
    call: WholeCall,
    token: Uint8Array | undefined,
    change: (context: RequestContext) => Promise<Answer>,
  ): Promise<Answer> {
    let unrecorded: Refused | undefined
    let ending: Answer | RefusedAnswer
    try {
      ending = await store.write<Answer | RefusedAnswer>(
        async (tx) => {
          // In the transaction, with the writers' lock: whoever was stopped for long finds here that others have gone on.
          if (call.isStillOurs?.() === false) throw new NotBegun()
          const context = new RequestContext(tx, call, settings, snapshotOf)
          try {
            return await (call.isDryRun || operation.isList
              ? pace.asTry(operation, senderOf(call.principal), context, () => change(context))
              : change(context))
          } catch (error) {
            if (!(error instanceof Refused)) throw error
            if (call.isAboutRights && isAboutState(error.refusal)) throw new DryRunSucceeded(undefined, context)
            if (!isOnRecord(error.refusal)) throw error
            const tried = denialsTried.get(error)
            const denials = tried ?? context.decisions.filter(isDenial)
            return {
              async instead(own, isAnew) {
                if (isAnew && mayGoUnrecorded(error, denials)) unrecorded = error
                const { refused, decisions } =
                  isAnew || tried ? renumber(own, error, denials) : { refused: error, decisions: denials }
                return recordRefusal(own, call, operation.name, refused, decisions)
              },
            }
          }
        },
        {
          ...pace.askedOf(operation, senderOf(call.principal), { isTried: call.isDryRun }),
          token,
          since: call.arrivedAt,
          isTried: call.isDryRun,
        },
      )
    } catch (trouble) {
      if (!unrecorded) throw trouble
      onUnrecorded?.(trouble)
      throw unrecorded
    }
    if (!('refused' in ending)) return ending
    noteRefusal(call, ending)
    throw ending.refused
  }

  /** Puts a refusal on record that came before its transaction: of what could not be read, or fits no operation. Answers what is to be thrown. */
  async function recordEarly(operation: AnyOperation, call: WholeCall, refused: Refused): Promise<unknown> {
    if (!isOnRecord(refused.refusal)) return refused
    const record = async (tx: Transaction) => recordRefusal(tx, call, operation.name, refused, [])
    try {
      noteRefusal(call, await store.write(record, { since: call.arrivedAt }))
    } catch (trouble) {
      if (!mayGoUnrecorded(refused, [])) return trouble
      onUnrecorded?.(trouble)
    }
    return refused
  }

  interface RefusedAnswer {
    readonly refused: Refused
    readonly entry: 'recorded' | 'counted'
    readonly now: number
  }
  function noteRefusal(call: Call, { refused, entry, now }: RefusedAnswer): void {
    if (decisionsBehind(refused).length === 0) budget.note(kindOfRefusal(call, refused), now, entry === 'recorded')
  }

  /** One entry for a refusal, with what it was about. Where a principal has had very many without a decision, it is only counted. */
  function recordRefusal(
    tx: Transaction,
    call: WholeCall,
    action: string,
    error: Refused,
    decisions: readonly Decision[],
  ): RefusedAnswer {
    if (decisions.length === 0 && !budget.allows(kindOfRefusal(call, error), tx.now))
      return { refused: error, entry: 'counted', now: tx.now }
    const n = tx.nextSequence()
    tx.journal.record({
      ...originOf(tx, call),
      n,
      action,
      outcome: error.refusal.code,
      subjects: subjectsOf(error.refusal, call.input),
      isDryRun: call.isDryRun,
      firstDecision: numberOf(tx, decisions[0]),
      decided: decidedBy(tx, decisions),
    })
    for (const decision of decisions) tx.journal.recordDecision(numberOf(tx, decision)!, decision, n, !call.isDryRun)
    recordedDecisions.set(error, decisions)
    return { refused: error, entry: 'recorded', now: tx.now }
  }

  async function recordCounted({ isAll } = { isAll: false }): Promise<void> {
    if (!budget.hasCounted) return
    const counted = await store.write(async (tx) => {
      const due = budget.counted(tx.now, isAll)
      for (const { account, principal, code, times, credential } of due) {
        const n = tx.nextSequence()
        tx.journal.record({
          n,
          at: tx.now,
          requestId: `housekeeping-${n}`,
          account,
          principal,
          accessKeyId: credential ?? '',
          sourceAddress: 'local',
          region: '',
          action: 'CountRefusals',
          outcome: code,
          subjects: [],
          times,
        })
      }
      return due
    })
    budget.settle(counted)
  }

  /** Nearly always there is none, and nothing to wait for. */
  function findUse(tx: Transaction, token: Token): Use | undefined | Promise<Use | undefined> {
    if (token.kind === 'client') return tx.tokens.find(token.hash)
    const use = findRequest(tx, token.hash)
    const isNew = use === undefined && hasId(token) && !settings.isStrictOnReplays
    return isNew ? undefined : answerToRepeat(tx, token, use)
  }
  const findRequest = (tx: Transaction, hash: Uint8Array) =>
    tx.tokens.findRequest(hash, tx.now, settings.isStrictOnReplays)
  async function answerToRepeat(
    tx: Transaction,
    token: Token,
    found: ReturnType<typeof findRequest>,
  ): Promise<Use | undefined> {
    const use = await found
    if (use && sameBytes(use.token, token.hash) && hasId(token)) return use
    // Equal calls within the second that a signature's date can tell have one signature: their ids tell them apart.
    if (hasId(token) && !settings.isStrictOnReplays) return undefined
    // Nobody but the holder of the key can sign anew: a signature that was used for another call is somebody's replay of it,
    // or an equal call of one client within that second.
    const signed = token.signature && (await findRequest(tx, token.signature))
    if (signed && sameBytes(signed.parameters, token.signature!)) {
      refuse({
        code: 'Unavailable',
        because: { why: 'signed-this-second' },
      })
    }
    return undefined
  }
  function recordEntry(
    tx: Transaction,
    context: RequestContext,
    action: string,
    token: Token | undefined,
    output: unknown,
  ): void {
    const n = tx.nextSequence()
    const { requestId, principal, sourceAddress, region } = context.call
    const subjects = tx.subjects.take()
    // Written out: what is spread into it would be copied member by member, for every change.
    tx.journal.record({
      n,
      at: tx.now,
      requestId,
      account: principal.account,
      principal: principal.arn,
      accessKeyId: principal.accessKeyId,
      sourceAddress,
      region,
      action,
      outcome: 'Success',
      subjects,
      firstDecision: numberOf(tx, context.decisions[0]),
      decided: decidedBy(tx, context.decisions),
      isGiven: context.hasOnlyGiven(subjects),
      token: token?.hash,
      parameters: token?.parameters,
      result: token && JSON.stringify(output ?? {}),
    })
    for (const decision of context.decisions) tx.journal.recordDecision(numberOf(tx, decision)!, decision, n)
    if (token?.kind === 'client') tx.tokens.keep(token.hash, n, tx.now, context.needsText)
    else if (token) {
      tx.tokens.keepRequest(token.hash, n, tx.now)
      const isKeptToo = settings.isStrictOnReplays && token.signature !== token.hash
      if (isKeptToo && token.signature) tx.tokens.keepRequest(token.signature, n, tx.now)
    }
  }

  return {
    execute(operation, asked) {
      const call = wholeOf(operation, asked)
      return operation.access === 'read' ? read(operation, call) : write(operation, call)
    },
    async recordUnread(operation, call, refused) {
      if (operation.access === 'write') await recordEarly(operation, wholeOf(operation, call), refused)
    },
    recordCounted,
    async readBackRequests(isOver) {
      const readBack = () => store.write((tx) => tx.tokens.readBack(tx.now, settings.isStrictOnReplays))
      while (!isOver() && !(await readBack().catch(() => true)));
    },
  }
}

/** The token of a change; or why there can be none, and nothing needs to be begun. */
function tokenOrRefused(
  operation: WriteOperation<never, unknown, unknown>,
  call: WholeCall,
): Token | Refused | undefined {
  try {
    refuseUnfit(call)
    if (operation.secretOutput && call.clientToken !== undefined) {
      refuseValue(call.tokenField, call.clientToken, { why: 'answer-is-secret' })
    }
    return operation.secretOutput ? undefined : tokenOf(operation.name, call)
  } catch (error) {
    if (error instanceof Refused) return error
    throw error
  }
}

function refuseUnfit({ input }: Call): void {
  const unfit = findUnfitText(input)
  if (unfit) refuseValue(unfit.field, unfit.value, unfit.problem)
}

/** Whether a key or token may have ended after it was checked, on whichever server. */
const isKeyInDoubt = (tx: ReadTransaction, { keyEpoch, expiresAt }: Principal): boolean =>
  expiresAt !== undefined || (keyEpoch !== undefined && keyEpoch !== tx.keyEpoch)
/** One that has ended may do nothing more. */
async function refuseEndedKey(tx: ReadTransaction, principal: Principal): Promise<void> {
  const { accessKeyId: id, account, arn, keyEpoch, expiresAt, native } = principal
  if (expiresAt !== undefined && expiresAt <= tx.now) refuse({ code: 'InvalidToken' })
  if (keyEpoch === undefined || keyEpoch === tx.keyEpoch) return
  if (!native) {
    if (!(await tx.accessKeys.isGood({ id, account, arn }, tx.now))) refuse({ code: 'UnknownAccessKey' })
    return
  }
  assert(expiresAt !== undefined, 'every token of the native API ends by itself')
  const token = { ...native, id, account, expiresAt, principal: native.name }
  if (!(await tx.apiTokens.isGood(token, tx.now))) refuse({ code: 'InvalidToken' })
  // A sign-in behind the token may be what has ended: then its groups permit no more.
  if (JSON.stringify(native.makerGroups ?? []) !== JSON.stringify(await tx.apiTokens.groupsBehind(id))) {
    refuse({ code: 'Unavailable', because: { why: 'makers-changed' } })
  }
}

// Tokens -------------------------------------------------------------------------------------------------------------

interface Token {
  /** `client`: chosen by the caller and kept for a day. `request`: comes with every request, kept while it could be repeated. */
  readonly kind: 'client' | 'request'
  readonly hash: Uint8Array
  readonly parameters: Uint8Array
  /** Where the token itself is not signed: the signature, which is good for one call. */
  readonly signature?: Uint8Array
}
interface Use {
  /** The audit entry. */
  readonly entry: number
  readonly parameters: Uint8Array
  readonly result: string
  /** What the caller had to be permitted then, as JSON. */
  readonly needs: string | null
}
/** Whether the call has an id of its own, beside its signature. */
const hasId = ({ hash, signature }: Token): boolean => hash !== signature
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** A token is good for one account, or principal and those who made its credential, and for one operation: another's equal token is another. */
function tokenOf(action: string, call: WholeCall): Token | undefined {
  const { clientToken } = call
  if (clientToken !== undefined) {
    // The bound stands in the documentation only: "up to 64 ASCII characters" (EC2 API Reference, Ensuring idempotency).
    if (!/^[\x21-\x7e]{1,64}$/.test(clientToken)) refuseValue(call.tokenField, clientToken, { why: 'no-client-token' })
  }
  // What changes nothing is remembered under no token, but a bad one is bad all the same.
  if (call.isDryRun) return undefined
  if (clientToken !== undefined) {
    return {
      kind: 'client',
      hash: digest(call, action, 'client', clientToken),
      // Another tool may write the same request in another order.
      parameters: sha256(orderedJson(call.parameters)!),
    }
  }
  if (call.invocationId !== undefined) {
    const hash = digest(call, action, 'invocation', call.invocationId)
    const bodyHash = call.bodyHash && firstBytes(call.bodyHash)
    return { kind: 'request', hash, parameters: bodyHash || sha256(JSON.stringify(call.parameters)) }
  }
  if (call.signature === undefined) return undefined
  // Kept in place of the parameters, which an unsigned id carries in its own hash.
  const signature = firstBytes(call.signature)
  const id = call.unsignedInvocationId
  const hash =
    id === undefined
      ? signature
      : digest(call, action, 'unsigned invocation', `${id}\n${JSON.stringify(call.parameters)}`)
  return { kind: 'request', hash, parameters: signature, signature }
}
const digest = ({ principal, region }: Call, action: string, kind: string, token: string): Uint8Array =>
  sha256(`${keyHolderOf(principal)}\n${region}\n${action}\n${kind}\n${token}`)
/** Whose keys they are. What different people made for one service has keys of its own: each may do other things with it. */
const keyHolderOf = ({ account, native }: Principal): string =>
  native ? [native.name, ...native.makers].join(' ') : account
const firstBytes = (hexadecimal: string): Uint8Array => Buffer.from(hexadecimal.slice(0, 32), 'hex')
/** By way of its text: a digest that is made as bytes has memory of its own outside the heap, and costs three times as much. */
const sha256 = (text: string): Uint8Array => firstBytes(hash('sha256', text))

/** The first answer again, for who could still ask for it, and as long as what it tells of is there. */
async function repeat(
  context: RequestContext,
  operation: WriteOperation<never, unknown, unknown>,
  { use, token, call }: { readonly use: Use; readonly token: Token; readonly call: WholeCall },
): Promise<unknown> {
  const { tx } = context
  const output = replayOf(use, token, call)
  if (use.needs !== null) await requireStill(context, JSON.parse(use.needs) as Need[])
  // Somebody else may have the space by now, of whom the first answer would tell.
  const gone = await tx.repeats.goneSince(use.entry)
  const id =
    gone === undefined
      ? await operation.findOutdated?.(context, call.input as never, use.result)
      : (namesOf(context, gone).findLast((name) => use.result.includes(name)) ?? gone)
  if (id !== undefined) refuse({ code: 'OutdatedRepeat', id, token: call.clientToken })
  return output
}

function replayOf(use: Use, token: Token, call: WholeCall): unknown {
  if (!token.signature && !sameBytes(use.parameters, token.parameters)) {
    refuse({
      code: 'IdempotencyMismatch',
      token: call.clientToken ?? call.invocationId ?? '',
    })
  }
  return JSON.parse(use.result)
}

/** What is only tried is refused where its entry would not fit any more: all that a request writes is bounded together. */
const leaveRoomForEntry = ({ tx, decisions }: RequestContext): void =>
  tx.setAside({ changed: tx.journal.rowsOf({ subjects: tx.subjects.count, decisions }) })

// The record ---------------------------------------------------------------------------------------------------------

const originOf = (tx: Transaction, { requestId, principal, sourceAddress, region }: Call) => ({
  at: tx.now,
  requestId,
  account: principal.account,
  principal: principal.arn,
  accessKeyId: principal.accessKeyId,
  sourceAddress,
  region,
})
const kindOfRefusal = ({ principal }: Call, { refusal }: Refused): RefusalKind => ({
  account: principal.account,
  principal: withoutSession(principal.arn),
  code: refusal.code,
  ...(principal.native ? { accountable: accountableOf(principal.native) } : {}),
  ...(principal.native && principal.native.makers.length > 0
    ? { makers: principal.native.makers.join(' '), credential: principal.accessKeyId }
    : {}),
})
/** For whom places of the queue are counted: an account, or who is accountable for a principal of the native API. */
const senderOf = ({ account, native }: Principal): string => (native ? accountableOf(native) : account)
const isDenial = ({ outcome }: Decision): boolean => outcome === 'deny'

/** What the entry has of those of its decisions that are evidence; undefined where none is. */
function decidedBy(tx: Transaction, decisions: readonly Decision[]): string | undefined {
  let decided: string | undefined
  for (const decision of decisions) {
    if (isEvidence(decision)) decided = (decided ?? '') + tx.journal.commitTo(numberOf(tx, decision)!, decision)
  }
  return decided
}

/**
 * What policy or a role denied is answered when it is on record, and not before. Other refusals tell the caller what is wrong
 * with the request, which is so whether or not the database can be written.
 */
const mayGoUnrecorded = ({ refusal }: Refused, denials: readonly Decision[]): boolean =>
  denials.length === 0 && refusal.code !== 'NotAuthorized'

/** The same with numbers of this transaction: what another one drew and lost may be anybody's. */
function renumber(
  tx: Transaction,
  error: Refused,
  denials: readonly Decision[],
): { refused: Refused; decisions: readonly Decision[] } {
  if (denials.length === 0) return { refused: error, decisions: [] }
  const names = new Map(denials.map(({ id }) => [id, formatId('decision', tx.installation, tx.nextSequence())]))
  return {
    refused: new Refused(renamed(error.refusal, names) as Refusal),
    // Nothing is put on record behind what others were told is final.
    decisions: denials.map((one) => ({ ...one, id: names.get(one.id)!, at: new Date(tx.now) })),
  }
}

/** What the first time was answered with: its decisions as they are on record, but for those that are no longer kept. */
async function decisionsOf(tx: Transaction, { entry }: Use): Promise<readonly DecisionOnRecord[]> {
  const recorded = await tx.journal.decisionsOf(entry)
  return recorded.map((decision) => ({ ...decision, id: formatId('decision', tx.installation, decision.n) }))
}
