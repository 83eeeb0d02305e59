// The store as the rest of the house sees it: transactions, and one object per noun inside them.
import type { GovernanceFacts } from '#model/policy/snapshot.ts'
import type { Asker } from './asker.ts'
import type { KeptName } from './memory.ts'
import type { PageTokens } from './page-tokens.ts'
import type { Subjects } from './subjects.ts'
import type { AccessKeys } from './tables/access-keys.ts'
import type { Addresses } from './tables/addresses.ts'
import type { AllocationLists } from './tables/allocation-lists.ts'
import type { ApiTokens } from './tables/api-tokens.ts'
import type { Candidates } from './tables/candidates.ts'
import type { Exceptions } from './tables/exceptions.ts'
import type { Finding } from './tables/finding.ts'
import type { Governance } from './tables/governance.ts'
import type { History } from './tables/history.ts'
import type { Ipams } from './tables/ipams.ts'
import type { Journal } from './tables/journal.ts'
import type { NatGateways } from './tables/nat-gateways.ts'
import type { Organizations } from './tables/organizations.ts'
import type { Policies } from './tables/policies.ts'
import type { Pools } from './tables/pools.ts'
import type { RecordLists } from './tables/record-lists.ts'
import type { Repeats } from './tables/repeats.ts'
import type { ResourceTypes } from './tables/resource-types.ts'
import type { Resources } from './tables/resources.ts'
import type { Retention } from './tables/retention.ts'
import type { RoleBindings } from './tables/role-bindings.ts'
import type { Space } from './tables/space.ts'
import type { Tags } from './tables/tags.ts'
import type { Timeline } from './tables/timeline.ts'
import type { Tokens } from './tables/tokens.ts'
import type { Vpcs } from './tables/vpcs.ts'
import type { SpaceCheck } from './upkeep/check.ts'

/** Everything that can be read and changed, inside one transaction. In `Store.read` a change fails. */
export interface Transaction {
  /** Milliseconds since 1970, the same for the whole transaction; never earlier than the newest audit entry, whatever the clock says. */
  readonly now: number
  /**
   * What this transaction sees of moments up to this one is final: nothing that commits later carries one of them. Holds as
   * long as nobody sets the clock back.
   */
  readonly asOf: number
  /** Five hexadecimal digits, drawn once per database. */
  readonly installation: string
  /** Moves with every change of governance; a compiled snapshot is good for one epoch. */
  readonly governanceEpoch: number
  /** Another number where the database has turned out to be another one: restored, or failed over. Within this process alone. */
  readonly generation: number
  /** Another one where an access key or token ends before its time, and where the history is another. Within this process alone. */
  readonly keyEpoch: string
  /** Rows changed so far by this transaction. A refusal after a change must roll back. */
  readonly changes: number
  /** Whether the transaction has changed anything: what it reads before that is committed. */
  readonly hasChanged: boolean
  /** What was kept by a transaction of any connection that has committed, or by this one, of this history. */
  recall<T>(name: KeptName<T>): T | undefined
  /** Keeps something that was made of what this transaction sees: for others once it has committed, and at once where it is committed already. */
  keep<T>(name: KeptName<T>, value: T): void
  /** The next sequence number; identifiers are made of these. */
  nextSequence(): number
  moveGovernanceEpoch(): Promise<void>
  /** Changes a number that nothing else reads, as a proof that the database can be written; refuses another sealing key. */
  probe(): Promise<void>
  /** Lets whatever else this process has to do go on: between the steps of what reads very much. */
  nextTurn(): Promise<void>

  readonly accessKeys: AccessKeys
  readonly addresses: Addresses
  readonly allocationLists: AllocationLists
  readonly apiTokens: ApiTokens
  readonly candidates: Candidates
  readonly exceptions: Exceptions
  readonly finding: Finding
  readonly governance: Governance
  readonly history: History
  readonly ipams: Ipams
  readonly journal: Journal
  readonly natGateways: NatGateways
  readonly organizations: Organizations
  /** Seals where lists go on. */
  readonly pageTokens: PageTokens
  readonly policies: Policies
  readonly pools: Pools
  readonly recordLists: RecordLists
  /** Whether the first answer to a request is still good. */
  readonly repeats: Repeats
  readonly resourceTypes: ResourceTypes
  readonly resources: Resources
  readonly retention: Retention
  readonly roleBindings: RoleBindings
  readonly space: Space
  readonly spaceCheck: SpaceCheck
  /** What has changed, for the audit entry. */
  readonly subjects: Subjects
  readonly tags: Tags
  readonly tenures: Timeline
  readonly tokens: Tokens
  readonly vpcs: Vpcs
}
export type ReadTransaction = Transaction

export interface Store {
  /**
   * Runs `work` in a transaction that is on disk when the promise resolves. Works that queue while another commit is
   * under way share one transaction, so `work` may run twice: it must touch nothing but the transaction.
   * What it throws is what the caller gets, and nothing that it did remains.
   * @param token what `work` will look up first, where it is known: tokens of a transaction can be looked up together
   * @param sender who asks: where very many wait, nobody has all of the places
   * @param since when the request arrived, by `performance.now()`: it waits for a database that is away until its deadline,
   *   and no longer
   */
  write<T>(work: (tx: Transaction) => Promise<T>, token?: Uint8Array, sender?: string, since?: number): Promise<T>
  /**
   * Runs `work` on a consistent view of what is committed.
   * @param since as in `write`
   * @param sender as in `write`
   * @param asker who waits for it: once they are gone, no more is read, and it is refused
   */
  read<T>(work: (tx: ReadTransaction) => Promise<T>, since?: number, sender?: string, asker?: Asker): Promise<T>
  /** Waits for what is queued, then closes the files. */
  close(): Promise<void>
}

export type { Asker, GovernanceFacts, KeptName }
