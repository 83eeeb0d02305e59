// What an operation is: a name, whether it writes, and `run`. Each protocol's table of operations is made of these.
import type { FoundImpact, RequestsFound, RevertRefused } from '#model/change-request.ts'
import type { Cidr } from '#model/cidr.ts'
import type { IdKind } from '#model/identifier.ts'
import type { WouldBeGiven } from '#model/in-use.ts'
import type { Decision } from '#model/policy/decision.ts'
import type { Snapshot } from '#model/policy/snapshot.ts'
import type { Actor, Principal } from '#model/principal.ts'
import type { Refused } from '#model/refusal.ts'
import type { Action } from '#model/roles.ts'
import type { ReadTransaction, Transaction } from '#store/store.ts'
import type { Ruling } from '#store/tables/ipams.ts'
import type { ProposedOperation } from './governance/proposed.ts'
import type { Progress } from './progress.ts'

/** Something that was permitted at a node, when the request was made. */
export interface Need {
  readonly action: Action
  /** Root, units, node: where the node is gone since, what was above it still says who answers for it. */
  readonly path: readonly string[]
}

/**
 * What a change of governance can bring two assignments against each other for: everybody; the one account that it makes,
 * moves or tags; or nobody, because it touches no assignment, no document, no pool's rules, and no place or tag of a
 * node that has accounts below it.
 */
export type Reach = 'everything' | 'nothing' | { readonly account: string }

/** What every `run` may touch besides its input: no clock, no randomness, no network, because a transaction may run twice. */
export interface ReadContext {
  readonly tx: ReadTransaction
  /** Where lists keep how far they have come, before they say `tx.keepsSoFar()`. */
  readonly progress: Progress
  readonly caller: Principal
  /** The Region of the credential scope, such as `eu-central-1`. */
  readonly region: string
  /** Milliseconds since 1970, by the clock of the transaction. */
  readonly now: number
  readonly requestId: string
  readonly settings: OperationSettings
  /** The governance state compiled for decisions; the same one for the whole transaction unless governance changes in it. */
  snapshot(): Promise<Snapshot>
  /** The same, where nothing has to be read for it, as for nearly every request: then there is nothing to wait for. */
  readonly snapshotAtHand: Snapshot | undefined
  /**
   * Whether the snapshot's epoch counts every change of the request so far. Rows may have changed whose new epoch is not
   * counted yet: what is made of them must not be kept as if it were the old epoch's.
   */
  readonly isCounted: boolean
  /** Remembers that the caller had to be permitted something: whoever repeats the request must be, too. */
  noteNeed(need: Need): void
  /** The state that the caller saw and wants to change (`If-Match` of the native API). */
  readonly ifMatch: string | undefined
  /**
   * The same request, as if this account had made it in this Region: how the native API, which has asked roles already,
   * uses verbs that act for whoever owns something.
   */
  actingFor(account: string, region: string): ReadContext
}

/** What is made of many things with the same few statements: nothing is asked any more of whether it may be. Made once, as a constant. */
export interface Together<T> {
  make(context: WriteContext, items: readonly T[]): Promise<void>
}

export interface WriteContext extends ReadContext {
  readonly tx: Transaction
  actingFor(account: string, region: string): WriteContext
  /** The next identifier of a kind: ordered by creation, never reused. */
  newId(kind: IdKind): string
  /** The next bare sequence number; `newId` is made of these. */
  newSequence(): number
  /**
   * To be called after any change of the organization, policies, assignments, IPAM settings or pool rules. When `run` has
   * ended, the change is refused where it brings assignments against each other within its reach: by default, anywhere.
   */
  governanceChanged(reach?: Reach): Promise<void>
  /**
   * Does work of a list that decides nothing by the pools which those before it have made: what decisions read is compiled anew for all of
   * them together, once somebody asks for it or when all are done, and not for each.
   */
  lagging<T>(work: () => Promise<T>): Promise<T>
  /** Makes what was put off, and lets the epoch count what was done so: whoever tells its number does so first. */
  catchUp(): Promise<void>
  /** Who wrote what is being made; empty where it is asked for as it is made. What a change request asks for, its writers ask for, too. */
  readonly writers: readonly Actor[]
  /** Does what others have written: they are its `writers` meanwhile. */
  writtenBy<T>(writers: readonly Actor[], work: () => Promise<T>): Promise<T>
  /** Makes something now; in a run, together with others like it once the run is over, or somebody has to see it. */
  together<T>(how: Together<T>, item: T): Promise<void>
  /** Whether one that `isOne` finds is decided and waits to be made: whoever would read otherwise behind it catches up first. */
  isPutOff<T>(how: Together<T>, isOne: (item: T) => boolean): boolean
  /**
   * Adds a decision to the record; it is written in the same transaction, also when the operation then refuses.
   * @param how.isGiven whether it gave space by the rules alone, which needs no look whether it complies
   */
  record(decision: Decision, how?: { readonly isGiven?: boolean }): void
  /** Tells which space would be given, where nothing is: whoever asks is told what sources say is in use of it. */
  wouldGive(space: WouldBeGiven): void
  /** The ids of what this request created, changed or deleted, for the audit entry. */
  changed(...ids: string[]): void
}

/** The part of the configuration that operations see. */
export interface OperationSettings {
  /** The Regions that exist here, with their availability zones. */
  readonly regions: readonly RegionSetting[]
  /** Seconds for which a released public address or CIDR is kept out of the pool (private: 0 unless the pool says otherwise). */
  readonly quarantineSecondsPublic: number
  /** Whether provisioning one's own CIDR into a public top-level pool needs an authorization context. */
  readonly requireCidrAuthorization: boolean
  /** Where provider-assigned addresses come from. */
  readonly providerIpv4Cidr: string
  readonly providerIpv6Cidr: string
  /** Accounts of the organization that may provision public space at the top beside its administrator of IPAM. */
  readonly publicSpaceAccounts: readonly string[]
  /** Whether a signature is good for one call, also where an id that it does not cover says that there are two. */
  readonly isStrictOnReplays: boolean
  readonly notifications: NotificationSettings
}

/** What leaves this server to tell others of what happens. */
export interface NotificationSettings {
  /** Whether targets may be called without TLS. */
  readonly allowsHttp: boolean
  /** Addresses that are called though they are of this machine, of private networks or of the link. */
  readonly allowedBlocks: readonly Cidr[]
  /** Where browsers reach this server: what is told leads there. */
  readonly publicUrl: string | undefined
  readonly sendsMail: boolean
  /** Domains that mail goes to; none: any. */
  readonly mailDomains: readonly string[]
}

export interface RegionSetting {
  readonly name: string
  /** `use1` for us-east-1: the prefix of availability zone ids. */
  readonly zoneIdPrefix: string
  /** `a`, `b`, `c`. */
  readonly zones: readonly string[]
}

/** What an operation can look at before its transaction: nobody waits for that. */
export interface Ahead {
  /**
   * Does some work, and takes it back.
   * @param how.of `rules`: what it would make of space in use, and what would undo it, is not looked at
   * @param how.undo does what would undo it: behind it, that is tried too
   */
  attempt(
    work: (context: WriteContext, behindStage: BehindStage) => Promise<unknown>,
    how?: {
      readonly of?: 'space' | 'rules'
      readonly undo?: (context: WriteContext, operations: readonly ProposedOperation[]) => Promise<unknown>
    },
  ): Promise<Tried>
}
/** To be called where what was done so far is in force for a while, before the rest of it is done. */
export type BehindStage = () => Promise<void>
/** What came of trying a change. */
export type Tried = TriedWell | { readonly refused: Refused }
export interface TriedWell {
  /** What the work answered. */
  readonly answer: unknown
  /** Of governance, that it was tried at. */
  readonly epoch: number
  /** What the caller had to be permitted for it. */
  readonly needs: readonly Need[]
  /** Undefined where it touches no space. */
  readonly impact: (FoundImpact & { readonly hasUnseen?: boolean }) | undefined
  /** The same of the requests of the last days; undefined where no rules have changed. */
  readonly requests: (RequestsFound & { readonly hasUnseen: boolean }) | undefined
  /** Nodes whose space it can touch, or that it gives pools to or takes them from; undefined among them: everything. */
  readonly nodes: readonly ReachedNode[]
  /** Whether these are together all of the organization. */
  readonly areAllNodes: boolean
  /** What IPAMs say of how that changes. */
  readonly rulings: readonly Ruling[]
  /** What has no inverse of it. */
  readonly left: readonly string[]
  /** Why what would undo the rest could not be done either. */
  readonly revertRefused: RevertRefused | undefined
  /** The versions that the objects have that it changes. */
  readonly before: Readonly<Record<string, number>>
}

export interface ReachedNode {
  readonly node: string | undefined
  /** Itself and what is above it, before and behind the change. */
  readonly above: readonly string[]
}

/** Members of the input that say how, and not what: where an API has them among its parameters, and not beside them. */
export interface SaidInInput {
  readonly clientToken: string
  readonly isDryRun: string
}
export interface ReadOperation<Input, Output> {
  readonly name: string
  readonly said?: SaidInInput
  readonly access: 'read'
  run(context: ReadContext, input: Input): Promise<Output>
}
export interface WriteOperation<Input, Output, Prepared = void> {
  readonly name: string
  readonly said?: SaidInInput
  readonly access: 'write'
  /** The answer holds a secret: it is not kept for repeats, so a repeated request runs again. */
  readonly secretOutput?: true
  /** What it does is as long as whoever asks makes it: one that is refused has kept others waiting as long as a try. */
  readonly isList?: true
  /** A clock asks for it, for one thing at a time: what it tries for somebody is no part of what they may try themselves. */
  readonly isOfClock?: true
  /** Draws what must be random, once, before the transaction: `run` may run twice and draws nothing itself. */
  prepare?(): Prepared
  /** In place of `prepare`: looks at what the change would do, before the transaction that does it. */
  lookAhead?(ahead: Ahead, input: Input): Promise<Prepared>
  run(context: WriteContext, input: Input, prepared: Prepared): Promise<Output>
  /** Of one whose requests say themselves what a change request would: that. Of others it is found by what they change. */
  propose?(input: Input): readonly ProposedOperation[]
  /**
   * Of a repeat whose first answer, as JSON, was the state of an object: the name of that object where it is gone or in another
   * state by now. Undefined where it is as it was answered.
   */
  findOutdated?(context: ReadContext, input: Input, answer: string): Promise<string | undefined>
}
export type AnyOperation = ReadOperation<never, unknown> | WriteOperation<never, unknown, unknown>

/** Transactions of one request, one after the other: each asks anew whether the caller may. */
export interface Steps {
  read<T>(work: (context: ReadContext) => Promise<T>): Promise<T>
  write<T>(work: (context: WriteContext) => Promise<T>): Promise<T>
  /** Takes back what was begun: also for whoever may not do it any more. */
  undo<T>(work: (context: WriteContext) => Promise<T>): Promise<T>
  /** Whether others ask for something, so that steps should be short. */
  isCrowded(): boolean
}
