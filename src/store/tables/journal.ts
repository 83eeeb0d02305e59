// The record: one audit entry per change, and every decision with its trace. Append only.

import { type Cidr, formatCidr, fromKey, parseCidr } from '#model/cidr.ts'
import { committedTexts, type SubjectFacts } from '#model/evidence/commitments.ts'
import { kindOf } from '#model/identifier.ts'
import type {
  AllocationRequest,
  Candidate,
  CandidateAnswer,
  Decision,
  DecisionOnRecord,
  WouldBe,
} from '#model/policy/decision.ts'
import { differenceKind } from '#model/policy/difference.ts'
import type { RecordedStep, TraceStep } from '#model/policy/trace.ts'
import type { Mode } from '#model/policy/values.ts'
import { bytesOf, commitmentTo, Salts } from '../commitments.ts'
import { keyOf } from '../key.ts'
import type { ConnectionMemory, Kept } from '../memory.ts'
import { listOf, type Sql } from '../sql.ts'
import type { Subject, Subjects } from '../subjects.ts'
import { blob, block, integer, mark, named, optional, references, table, text } from '../table.ts'
import { newestEntryAt } from '../time.ts'
import { makersBeside, makersIn } from './api-tokens.ts'
import { differenceTable } from './candidates.ts'
import { denialOnRecord, type RecordedDenial } from './denials-before.ts'

/** Texts remembered of each table of repeated rows, so that equal ones are stored once. */
const rememberedMax = 10_000

/** Who asks for what from where: it repeats, so each combination stands once, and entries name it. */
export const originTable = table(
  'origin',
  {
    n: integer(),
    account: text(),
    principal: text(),
    accessKeyId: text(),
    sourceAddress: text(),
    region: text(),
    action: text(),
    /** What a leaf of the log holds of who it was; without the salt nobody can tell whether it was somebody. */
    salt: optional(blob()),
    commitment: optional(blob()),
  },
  'recorded',
)
export const auditEntryTable = table(
  'audit_entry',
  {
    n: integer(),
    at: integer(),
    origin: references('origin', integer()),
    requestId: text(),
    outcome: text(),
    /** The first ones, with a space between them. */
    subjects: text(),
    /** One effect per token (invariant I5): the token's hash, the parameters' hash, and what was answered. */
    token: optional(blob()),
    parameters: optional(blob()),
    result: optional(text()),
    isDryRun: named('dry_run', mark()),
    times: optional(integer()),
    isGiven: named('given', mark()),
    /** Its salt, and the hash that its leaf in the log holds. */
    evidence: optional(blob()),
    /** Hashes of those decisions that are evidence, in their order. */
    decided: optional(blob()),
  },
  'recorded',
)
/** What an entry is about, where it does not stand in the entry itself. */
export const auditSubjectTable = table(
  'audit_subject',
  {
    entry: references('audit_entry', integer()),
    place: integer(),
    objectId: text(),
    before: named('version_before', optional(integer())),
    after: named('version_after', optional(integer())),
    firstDecision: optional(integer()),
  },
  'recorded',
)
/** What a decision shares with every other that went the same way. */
export const rulingTable = table(
  'ruling',
  {
    n: integer(),
    account: text(),
    locale: text(),
    resourceType: text(),
    outcome: text<Decision['outcome']>(),
    mode: text<Mode>(),
    policyId: optional(text()),
    policyVersion: optional(integer()),
    pool: optional(text()),
    wouldBe: optional(text<WouldBe['outcome']>()),
    candidateOutcome: optional(text<Decision['outcome']>()),
    /** `Shared`, as JSON. */
    body: text(),
  },
  'forgotten',
)
/** They go once they are older than the operator wants them kept. */
export const decisionTable = table(
  'decision',
  {
    n: integer(),
    at: integer(),
    ruling: references('ruling', integer()),
    cidr: optional(block()),
    /** `Params`, as JSON: what differs from request to request; undefined where there was none. */
    request: optional(text()),
    auditEntry: references('audit_entry', integer()),
    /** Of one that is evidence. */
    salt: optional(blob()),
  },
  'forgotten',
)

export interface AuditEntry {
  readonly n: number
  readonly at: number
  readonly requestId: string
  readonly account: string
  readonly principal: string
  readonly accessKeyId: string
  readonly sourceAddress: string
  readonly region: string
  readonly action: string
  /** `Success`, or the code of the refusal. */
  readonly outcome: string
  /** What was created, changed or deleted, or what a refusal was about; each once. */
  readonly subjects: readonly (string | Subject)[]
  /** Of a refusal: it was a dry run, which would have changed nothing anyway. */
  readonly isDryRun?: boolean
  /** For how many refusals it stands, where they were too many to have an entry each. */
  readonly times?: number
  /** The lowest number of its decisions, where it has any. */
  readonly firstDecision?: number
  /** Those of its decisions that are evidence, as `Journal.commitTo` answered them. */
  readonly decided?: string
  /** All that it is about is space that policy gave with it, by its own rules: it complies, and nobody needs to look whether it does. */
  readonly isGiven?: boolean
  readonly token?: Uint8Array
  readonly parameters?: Uint8Array
  /** What was answered, as JSON, where a token may ask again. */
  readonly result?: string
}

export interface RecordedDecision extends Omit<DecisionOnRecord, 'id'> {
  readonly n: number
  readonly auditEntry: number
  /** It was asked in a dry run. */
  readonly isDryRun: boolean
}

/** What is done without a request, and by whom. */
export interface OwnChange {
  readonly action: string
  /** Whose entry it is. */
  readonly account: string
  /** Beside what the transaction has noted. */
  readonly subjects: readonly (string | Subject)[]
}

/** Of a decision what says why space was given, and to whom. */
export interface Reason {
  readonly policy: { readonly id: string; readonly version: number } | undefined
  readonly principal: string
  /** Who made the token that was used, and who made theirs. */
  readonly makers: readonly string[]
  readonly sourceAddress: string
  readonly action: string
  readonly requestId: string
}

/** Decisions as they were asked. */
/** What somebody asked for. */
export interface Asked {
  readonly n: number
  readonly at: number
  readonly ruling: number
  /** As it is stored; null where all is shared. */
  readonly params: string | null
}
export interface AskedPart {
  readonly asked: readonly Asked[]
  /** Where to go on; undefined: that was all. */
  readonly next: number | undefined
}

interface AskedRow extends Asked {
  readonly dry: number | null
}
const asked = `select d.n, d.at, d.ruling, d.request as params, e.dry_run as dry
  from decision d join audit_entry e on e.n = d.audit_entry`

export interface FoundEntry {
  readonly request_id: string
  readonly principal: string
  readonly makers: readonly string[]
  readonly source_address: string
  readonly action: string
  readonly at: number
}

interface DecisionRow {
  n: number
  at: number
  account: string
  locale: string
  resource_type: string
  outcome: Decision['outcome']
  mode: Mode
  policy_id: string | null
  policy_version: number | null
  pool: string | null
  first: Uint8Array | null
  length: number | null
  request: string | null
  audit_entry: number
  dry_run: number | null
  body: string
}
type CandidateText = Omit<Candidate, 'cidr'> & { cidr?: string }
interface AnswerText {
  candidates: readonly CandidateText[]
  denial?: RecordedDenial
}
/** What a decision shares with every other that went the same way. */
interface Shared {
  family: 4 | 6
  scopeType?: 'public' | 'private'
  target?: string
  document?: Decision['document']
  candidates: readonly CandidateText[]
  denial?: RecordedDenial
  exception?: string
  wouldBe?: Omit<WouldBe, 'candidates' | 'denial'> & AnswerText
  candidate?: Omit<CandidateAnswer, 'candidates' | 'denial'> & AnswerText
  trace: readonly RecordedStep[]
}
/** What differs from request to request. */
interface Params {
  pool?: string
  cidr?: string
  netmaskLength?: number
  resource?: string
  tags?: Record<string, string>
}

/** A row that names who asks, and what leaves have of it. */
interface Origin {
  readonly n: number
  readonly commitment: string
}

export class Journal {
  readonly #sql: Sql
  readonly #ids: { nextSequence(): number }
  readonly #memory: ConnectionMemory
  readonly #rulings: Kept<string, number>
  readonly #origins: Kept<string, Origin>
  readonly #salts: Salts
  /** Commitments to versions of objects that this transaction has written, by `ID/VERSION`. */
  readonly #versions: ReadonlyMap<string, string>
  /** Salts of decisions that it is about to write, by their numbers. */
  readonly #decided: Map<number, string>

  constructor(
    sql: Sql,
    ids: { nextSequence(): number },
    memory: ConnectionMemory,
    salts = new Salts(),
    versions: ReadonlyMap<string, string> = new Map(),
  ) {
    this.#sql = sql
    this.#ids = ids
    this.#memory = memory
    this.#salts = salts
    this.#versions = versions
    this.#decided = memory.scratch()
    this.#rulings = memory.facts(rememberedMax)
    this.#origins = memory.facts(rememberedMax)
  }

  /** Some are gone, or somebody was erased. Equal ones are stored anew. */
  forgetRulings(): void {
    this.#rulings.drop()
    this.#origins.drop()
  }

  /** Drops those rulings that no decision has any more; other servers are told that what they remember is old. */
  async dropRulings(numbers: ReadonlySet<number>): Promise<void> {
    // Asked for together: one round trip.
    const unused = await Promise.all(
      [...numbers].map((n) =>
        this.#sql.get<{ n: number }>(
          'select n from ruling where n = ? and not exists (select 1 from decision where ruling = ?)',
          n,
          n,
        ),
      ),
    )
    const gone = unused.filter((row) => row !== undefined)
    if (gone.length === 0) return
    for (const { n } of gone) this.#sql.later('delete from ruling where n = ?', n)
    await this.#sql.run(`update counter set value = value + 1 where name = 'ruling-epoch'`)
    this.forgetRulings()
  }

  /** The numbers of the candidates that a ruling, by its body, differs from. */
  candidatesIn(body: string): number[] {
    return ((JSON.parse(body) as Shared).candidate?.assignments ?? []).map(({ n }) => n)
  }

  /** How many rows an entry has at most, with what it is about and what was decided. */
  rowsOf({ subjects, decisions }: { readonly subjects: number; readonly decisions: readonly Decision[] }): number {
    const ofDecisions = decisions.map(({ candidate }) => 2 + (candidate?.assignments.length ?? 0))
    // With its origin, and the token that it is remembered by.
    return 3 + subjects + ofDecisions.reduce((sum, rows) => sum + rows, 0)
  }

  record(entry: AuditEntry): void {
    const { n, at, requestId, outcome, token, parameters, result, isDryRun, times, decided } = entry
    const [origin, subjects] = [this.#originOf(entry), inlineText(entry)]
    const isInEntry = isInline(entry)
    // Whoever passes over it reads no subjects of it.
    const isGiven = entry.isGiven && isInEntry
    const salt = this.#salts.next()
    const commitment = commitmentTo(
      committedTexts.entry(salt, {
        n,
        at,
        requestId,
        outcome,
        subjects,
        result,
        isDryRun: isDryRun ?? false,
        times,
        isGiven: isGiven ?? false,
        origin: origin.commitment,
        decided,
        listed: isInEntry ? [] : entry.subjects.map((subject) => this.#listed(subject)),
      }),
    )
    auditEntryTable.later(this.#sql, {
      n,
      at,
      origin: origin.n,
      requestId,
      outcome,
      subjects,
      token,
      parameters,
      result,
      isDryRun,
      times,
      isGiven,
      evidence: bytesOf(salt + commitment),
      decided: decided === undefined ? undefined : bytesOf(decided),
    })
    this.#memory.entry = entry
    if (isInEntry) return
    const { firstDecision } = entry
    for (const [place, subject] of entry.subjects.entries()) {
      const { id: objectId, before, after } = typeof subject === 'string' ? { id: subject } : subject
      auditSubjectTable.later(this.#sql, { entry: entry.n, place, objectId, before, after, firstDecision })
    }
  }

  /** Records what is done without a request: by the operator at the machine, or by the servers themselves. */
  async recordOwn(
    { now: at, subjects: noted }: { readonly now: number; readonly subjects: Subjects },
    by: 'operator' | 'housekeeping',
    { action, account, subjects }: OwnChange,
  ): Promise<void> {
    const n = this.#ids.nextSequence()
    const named = new Map(subjects.map((subject) => [typeof subject === 'string' ? subject : subject.id, subject]))
    // What has a history says which versions.
    if (by === 'operator') for (const subject of noted.take()) named.set(subject.id, subject)
    this.record({
      n,
      at,
      requestId: `${by}-${n}`,
      account,
      principal: by,
      accessKeyId: '',
      sourceAddress: 'local',
      region: '',
      action,
      outcome: 'Success',
      subjects: [...named.values()],
    })
  }

  #listed(subject: string | Subject): SubjectFacts {
    const { id, before, after } = typeof subject === 'string' ? { id: subject } : subject
    return { id, before, after, content: after === undefined ? undefined : this.#versions.get(`${id}/${after}`) }
  }

  /** Commits to a decision that is about to be recorded; answers what its entry has of it (`AuditEntry.decided`). */
  commitTo(n: number, decision: Decision): string {
    const salt = this.#salts.next()
    this.#decided.set(n, salt)
    const { at, request, cidr } = decision
    return commitmentTo(
      committedTexts.decision(salt, {
        n,
        at: at.getTime(),
        ruling: rulingKeyOf(decision),
        cidr: cidr && formatCidr(cidr),
        request: paramsOf(request),
      }),
    )
  }

  /** When the newest entry was written; undefined where there is none. */
  async newestAt(): Promise<number | undefined> {
    return (await this.#sql.get<{ at: number | null }>(`select ${newestEntryAt} as at`))?.at ?? undefined
  }

  /** @param isCounted whether candidates that differ are told so: of a dry run they are not, since nothing was meant */
  recordDecision(n: number, decision: Decision, auditEntry: number, isCounted = true): void {
    const { at, request, cidr } = decision
    const ruling = this.#rulingOf(decision)
    const drawn = this.#decided.size === 0 ? undefined : this.#decided.get(n)
    const salt = drawn === undefined ? undefined : bytesOf(drawn)
    decisionTable.later(this.#sql, { n, at: at.getTime(), ruling, cidr, request: paramsOf(request), auditEntry, salt })
    if (isCounted && decision.candidate) this.#recordDifference(n, decision, decision.candidate)
  }

  #recordDifference(n: number, decision: Decision, candidate: CandidateAnswer): void {
    const kind = differenceKind(decision, candidate)
    if (!kind) return
    const { account, resourceType, locale } = decision.request
    for (const { n: candidateN } of candidate.assignments) {
      differenceTable.later(this.#sql, {
        candidate: candidateN,
        account,
        resourceType,
        locale,
        decision: n,
        at: decision.at.getTime(),
        kind: kind === 'other-order' ? 'other' : kind,
        isOrderOnly: kind === 'other-order',
      })
    }
  }

  async findDecision(n: number): Promise<RecordedDecision | undefined> {
    const row = await this.#sql.get<DecisionRow>(`${selectDecision} where d.n = ?`, n)
    return row && toDecision(row)
  }
  /** The decisions that were recorded with an entry: they were numbered one after the other, right before it. */
  async decisionsOf(entry: number): Promise<RecordedDecision[]> {
    const rows = await this.#sql.all<DecisionRow>(
      `${selectDecision} where d.n < ? and d.n > coalesce(
         (select o.n from decision o where o.n < ? and o.audit_entry <> ? order by o.n desc limit 1), -1) order by d.n`,
      entry,
      entry,
      entry,
    )
    return rows.map(toDecision)
  }
  /** Those that are there, by number. */
  async findDecisions(numbers: readonly number[]): Promise<ReadonlyMap<number, RecordedDecision>> {
    if (numbers.length === 0) return new Map()
    const list = listOf(numbers)
    const rows = await this.#sql.all<DecisionRow>(`${selectDecision} where d.n in ${list.text}`, ...list.values)
    return new Map(rows.map((row) => [row.n, toDecision(row)]))
  }
  /** By the decisions' numbers; of those that are there. */
  async findReasons(numbers: readonly number[]): Promise<ReadonlyMap<number, Reason>> {
    if (numbers.length === 0) return new Map()
    const list = listOf(numbers)
    const rows = await this.#sql.all<
      Omit<Reason, 'policy' | 'makers'> & {
        n: number
        policyId: string | null
        policyVersion: number | null
        makers: string | null
      }
    >(
      `select d.n, r.policy_id as "policyId", r.policy_version as "policyVersion", o.principal,
         o.source_address as "sourceAddress", o.action, a.request_id as "requestId", ${makersBeside}
       from decision d join ruling r on r.n = d.ruling join audit_entry a on a.n = d.audit_entry
         join origin o on o.n = a.origin
       where d.n in ${list.text}`,
      ...list.values,
    )
    return new Map(
      rows.map(({ n, policyId, policyVersion, makers, ...rest }) => [
        n,
        {
          ...rest,
          makers: makersIn(makers),
          policy: policyId === null ? undefined : { id: policyId, version: policyVersion! },
        },
      ]),
    )
  }

  /**
   * What was asked, in the order of numbers from one to before another: what each has of its own, and which ruling has the rest. Dry runs
   * are left out: nothing was meant by them.
   */
  async asked(from: number, end: number, limit: number): Promise<AskedPart> {
    const rows = await this.#sql.all<AskedRow>(
      `${asked} where d.n >= ? and d.n < ? order by d.n limit ?`,
      from,
      end,
      limit,
    )
    const next = rows.length < limit ? undefined : rows.at(-1)!.n + 1
    return { asked: rows.filter(({ dry }) => dry === null), next }
  }
  /** The same of decisions by their numbers, in no order. */
  async askedBy(numbers: readonly number[]): Promise<readonly Asked[]> {
    if (numbers.length === 0) return []
    const list = listOf(numbers)
    const rows = await this.#sql.all<AskedRow>(`${asked} where d.n in ${list.text}`, ...list.values)
    return rows.filter(({ dry }) => dry === null)
  }
  /** What all decisions of these rulings were asked for, by their numbers, as far as it is the same. */
  async requestsOf(rulings: readonly number[]): Promise<ReadonlyMap<number, AllocationRequest>> {
    if (rulings.length === 0) return new Map()
    const list = listOf(rulings)
    const rows = await this.#sql.all<Pick<DecisionRow, 'n' | 'account' | 'locale' | 'resource_type' | 'body'>>(
      `select n, account, locale, resource_type, body from ruling where n in ${list.text}`,
      ...list.values,
    )
    return new Map(
      rows.map(({ n, account, locale, resource_type: resourceType, body }) => {
        const { family, scopeType } = JSON.parse(body) as Shared
        return [n, { account, locale, resourceType, family, ...(scopeType === undefined ? {} : { scopeType }) }]
      }),
    )
  }
  /** What a ruling's decisions share, with what one of them has of its own. */
  requestWith(shared: AllocationRequest, params: string): AllocationRequest {
    return { ...shared, ...paramsIn(params) }
  }

  async findEntry(n: number): Promise<FoundEntry | undefined> {
    const row = await this.#sql.get<Omit<FoundEntry, 'makers'> & { makers: string | null }>(
      `select a.request_id, o.principal, o.source_address, o.action, a.at, ${makersBeside}
       from audit_entry a join origin o on o.n = a.origin where a.n = ?`,
      n,
    )
    return row && { ...row, makers: makersIn(row.makers) }
  }

  #originOf({ account, principal, accessKeyId, sourceAddress, region, action }: AuditEntry): Origin {
    const key = keyOf([account, principal, accessKeyId, sourceAddress, region, action])
    const known = this.#origins.get(key)
    if (known) return known
    const [n, salt] = [this.#ids.nextSequence(), this.#salts.next()]
    const facts = { account, principal, accessKeyId, sourceAddress, region, action }
    const origin = { n, commitment: commitmentTo(committedTexts.origin(salt, facts)) }
    originTable.later(this.#sql, { ...facts, n, salt: bytesOf(salt), commitment: bytesOf(origin.commitment) })
    this.#origins.set(key, origin)
    return origin
  }

  /** The number of the row of a decision's ruling; it is inserted the first time. */
  #rulingOf(decision: Decision): number {
    const key = rulingKeyOf(decision)
    const known = this.#rulings.get(key)
    if (known !== undefined) return known
    const n = this.#ids.nextSequence()
    rulingTable.later(this.#sql, { n, ...namesIn(decision), body: bodyOf(decision) })
    this.#rulings.set(key, n)
    return n
  }
}

const selectDecision = `select d.n, d.at, d.first, d.length, d.request, d.audit_entry, e.dry_run, r.account, r.locale, r.resource_type,
  r.outcome, r.mode, r.policy_id, r.policy_version, r.pool, r.body
  from decision d join ruling r on r.n = d.ruling join audit_entry e on e.n = d.audit_entry`

/**
 * The first subjects stand in the entry itself. Where all of them do and are allocations or Elastic IPs, as in nearly all
 * entries, that is enough: a row for each would cost as much as the entry. Else each has a row, by which it is found.
 */
const inlineMax = 100
const isInlineSubject = (subject: string | Subject): boolean => {
  const { id, before, after } = typeof subject === 'string' ? { id: subject } : subject
  return before === undefined && after === undefined && standsInEntry(id)
}
export function standsInEntry(id: string): boolean {
  const kind = kindOf(id)
  return kind === 'allocation' || kind === 'address'
}
const isInline = ({ subjects, outcome }: AuditEntry): boolean =>
  subjects.length === 0 || (outcome === 'Success' && subjects.length <= inlineMax && subjects.every(isInlineSubject))
const inlineText = ({ subjects }: AuditEntry): string =>
  subjects
    .slice(0, inlineMax)
    .map((subject) => (typeof subject === 'string' ? subject : subject.id))
    .join(' ')

const textOf = (candidates: readonly Candidate[]) =>
  candidates.map(({ cidr, ...rest }) => (cidr ? { ...rest, cidr: formatCidr(cidr) } : rest))

/** What a ruling's row has beside its number and body. */
const namesIn = ({ request, outcome, mode, policy, pool, wouldBe, candidate }: Decision) => ({
  account: request.account,
  locale: request.locale,
  resourceType: request.resourceType,
  outcome,
  mode,
  policyId: policy?.id,
  policyVersion: policy?.version,
  pool,
  wouldBe: wouldBe?.outcome,
  candidateOutcome: candidate?.outcome,
})

function bodyOf({
  request,
  target,
  document,
  candidates,
  denial,
  exception,
  wouldBe,
  candidate,
  trace,
}: Decision): string {
  const shared: Shared = {
    family: request.family,
    scopeType: request.scopeType,
    target,
    document,
    candidates: textOf(candidates),
    denial,
    exception,
    wouldBe: wouldBe && { ...wouldBe, candidates: textOf(wouldBe.candidates) },
    candidate: candidate && { ...candidate, candidates: textOf(candidate.candidates) },
    // A copy: what has a frozen array in it is written at half the speed.
    trace: [...trace],
  }
  return JSON.stringify(shared)
}

/** What is a decision's own: the request's request, and the block and the moment that it got. All else is of its ruling. */
type Own = 'id' | 'at' | 'cidr' | 'request'
type OwnOfRequest = 'explicit' | 'netmaskLength' | 'resource' | 'tags'
/** A new member does not compile before somebody has said whose it is; `isSameRuling` compares these. */
type Ruling =
  | 'trace'
  | 'outcome'
  | 'mode'
  | 'policy'
  | 'pool'
  | 'target'
  | 'document'
  | 'candidates'
  | 'denial'
  | 'exception'
  | 'wouldBe'
  | 'candidate'
type RulingOfRequest = 'account' | 'locale' | 'resourceType' | 'family' | 'scopeType'
type Unsaid = Exclude<keyof Decision, Ruling | Own> | Exclude<keyof AllocationRequest, RulingOfRequest | OwnOfRequest>

/** Written out, for every allocation asks it: a loop over names takes ten times as long. */
function isSameRuling(one: Decision, other: Decision): boolean {
  const [request, otherRequest] = [one.request, other.request]
  return (
    one.trace === other.trace &&
    one.outcome === other.outcome &&
    one.mode === other.mode &&
    one.policy === other.policy &&
    one.pool === other.pool &&
    one.target === other.target &&
    one.document === other.document &&
    one.candidates === other.candidates &&
    one.denial === other.denial &&
    one.exception === other.exception &&
    one.wouldBe === other.wouldBe &&
    one.candidate === other.candidate &&
    request.account === otherRequest.account &&
    request.locale === otherRequest.locale &&
    request.resourceType === otherRequest.resourceType &&
    request.family === otherRequest.family &&
    request.scopeType === otherRequest.scopeType
  )
}

/**
 * The evaluator hands out the same frozen parts for decisions that went the same way: where each of them is the same, so is
 * the text, and it need not be written again. It says nothing of rows, so it is true whatever is committed.
 */
const lastByTrace = new WeakMap<readonly TraceStep[], { readonly decision: Decision; readonly key: string }>()

/** Of everything that decisions of one ruling show alike. */
function rulingKeyOf(decision: [Unsaid] extends [never] ? Decision : Unsaid): string {
  const last = lastByTrace.get(decision.trace)
  if (last && isSameRuling(last.decision, decision)) return last.key
  const key = `${keyOf(Object.values(namesIn(decision)).map((name) => name ?? null))}${bodyOf(decision)}`
  lastByTrace.set(decision.trace, { decision, key })
  return key
}

function paramsOf({ explicit, netmaskLength, resource, tags }: AllocationRequest): string | undefined {
  const isBare = !explicit && netmaskLength === undefined && resource === undefined
  if (isBare && !(tags && tags.size > 0)) return undefined
  const params: Params = {
    pool: explicit?.pool,
    cidr: explicit?.cidr && formatCidr(explicit.cidr),
    netmaskLength,
    resource,
    tags: tags && tags.size > 0 ? Object.fromEntries(tags) : undefined,
  }
  return JSON.stringify(params)
}

const cidrIn = (text: string | undefined): { cidr?: Cidr } => (text === undefined ? {} : { cidr: parseCidr(text)! })

const denialIn = (denial: RecordedDenial | undefined) => (denial ? { denial: denialOnRecord(denial) } : {})
const candidatesIn = (candidates: Shared['candidates']): Candidate[] =>
  candidates.map(({ cidr, ...rest }) => ({ ...rest, ...cidrIn(cidr) }))
const answerIn = <T extends AnswerText>({ denial, candidates, ...rest }: T) => ({
  ...rest,
  ...denialIn(denial),
  candidates: candidatesIn(candidates),
})

function paramsIn(text: string | null): Pick<AllocationRequest, OwnOfRequest> {
  const params = (text === null ? {} : JSON.parse(text)) as Params
  return {
    ...(params.netmaskLength === undefined ? {} : { netmaskLength: params.netmaskLength }),
    ...(params.resource === undefined ? {} : { resource: params.resource }),
    ...(params.pool === undefined && params.cidr === undefined
      ? {}
      : { explicit: { ...(params.pool === undefined ? {} : { pool: params.pool }), ...cidrIn(params.cidr) } }),
    ...(params.tags ? { tags: new Map(Object.entries(params.tags)) } : {}),
  }
}

function toDecision(row: DecisionRow): RecordedDecision {
  const shared = JSON.parse(row.body) as Shared
  return {
    n: row.n,
    auditEntry: row.audit_entry,
    isDryRun: row.dry_run !== null,
    at: new Date(row.at),
    request: {
      account: row.account,
      locale: row.locale,
      resourceType: row.resource_type,
      family: shared.family,
      scopeType: shared.scopeType,
      ...paramsIn(row.request),
    },
    outcome: row.outcome,
    mode: row.mode,
    ...(shared.wouldBe ? { wouldBe: answerIn(shared.wouldBe) } : {}),
    ...(shared.candidate ? { candidate: answerIn(shared.candidate) } : {}),
    ...(row.policy_id === null ? {} : { policy: { id: row.policy_id, version: row.policy_version! } }),
    target: shared.target,
    document: shared.document,
    candidates: candidatesIn(shared.candidates),
    ...(row.pool === null ? {} : { pool: row.pool }),
    ...(row.first === null ? {} : { cidr: fromKey(row.first, row.length!) }),
    ...(shared.exception === undefined ? {} : { exception: shared.exception }),
    ...denialIn(shared.denial),
    trace: shared.trace,
  }
}
