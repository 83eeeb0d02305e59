// The transaction: one object per noun over one connection, and what is kept in memory until it commits. Both engines use it.
import { AccessKeys, type Sealer } from './access-keys.ts'
import { Addresses } from './addresses.ts'
import { ApiTokens } from './api-tokens.ts'
import { Candidates } from './candidates.ts'
import { SpaceCheck } from './check.ts'
import { Exceptions } from './exceptions.ts'
import { Governance } from './governance.ts'
import { type Clock, History } from './history.ts'
import { Ipams } from './ipams.ts'
import { Journal } from './journal.ts'
import { NatGateways } from './nat-gateways.ts'
import { Organizations } from './organizations.ts'
import { Policies } from './policies.ts'
import { Pools } from './pools.ts'
import { RecordLists } from './record-lists.ts'
import { ResourceTypes } from './resource-types.ts'
import { Resources } from './resources.ts'
import { Retention } from './retention.ts'
import { RoleBindings } from './role-bindings.ts'
import { Space } from './space.ts'
import type { Sql } from './sql.ts'
import type { Transaction } from './store.ts'
import { Tags } from './tags.ts'
import { Timeline } from './timeline.ts'
import type { Tokens } from './tokens.ts'
import { Vpcs } from './vpcs.ts'

/** A connection that counts the rows it changes. */
export interface CountingSql extends Sql {
  readonly changes: number
}
/** What a transaction must know before it begins. */
export interface Loaded {
  readonly installation: string
  readonly sequence: number
  readonly governanceEpoch: number
  readonly keyEpoch: number
  /** Null where nothing is on record. */
  readonly newestEntryAt: number | null
  /** Where there are failovers; always the same where there are none. */
  readonly timeline?: number
  /** Where several servers remember rulings; always the same where there is one. */
  readonly rulingEpoch?: number
}

export class Nouns implements Transaction {
  now = 0
  asOf = 0
  installation = ''
  governanceEpoch = 0
  keyEpoch = ''
  timeline = 0
  readonly accessKeys: AccessKeys
  readonly addresses: Addresses
  readonly apiTokens: ApiTokens
  readonly candidates: Candidates
  readonly exceptions: Exceptions
  readonly governance: Governance
  readonly history: History
  readonly ipams: Ipams
  readonly journal: Journal
  readonly natGateways: NatGateways
  readonly organizations: Organizations
  readonly policies: Policies
  readonly pools: Pools
  readonly recordLists: RecordLists
  readonly resourceTypes: ResourceTypes
  readonly resources: Resources
  readonly retention: Retention
  readonly roleBindings: RoleBindings
  readonly space: Space
  readonly spaceCheck: SpaceCheck
  readonly tags: Tags
  readonly tenures: Timeline
  readonly tokens: Tokens
  readonly vpcs: Vpcs
  readonly #sql: CountingSql
  #sequence = 0
  #epochHighest = 0
  #keyEpoch = 0
  #sequenceStored = 0
  #rulingsOf = ''

  constructor(
    sql: CountingSql,
    sealer: Sealer,
    tokens: Tokens,
    makeSpace = (clock: Clock): Space => new Space(sql, clock),
  ) {
    this.#sql = sql
    this.accessKeys = new AccessKeys(sql, sealer, this)
    this.history = new History(sql, this)
    this.tags = new Tags(sql)
    this.governance = new Governance(sql, this)
    this.candidates = new Candidates(sql)
    this.exceptions = new Exceptions(sql, this)
    this.ipams = new Ipams(sql)
    this.pools = new Pools(sql)
    this.space = makeSpace(this)
    this.spaceCheck = new SpaceCheck(sql)
    this.journal = new Journal(sql, this)
    this.retention = new Retention(sql, this.journal)
    this.tokens = tokens
    this.organizations = new Organizations(sql, this)
    this.policies = new Policies(sql, this)
    this.vpcs = new Vpcs(sql, this)
    this.natGateways = new NatGateways(sql, this)
    this.addresses = new Addresses(sql)
    this.apiTokens = new ApiTokens(sql, this)
    this.recordLists = new RecordLists(sql)
    this.tenures = new Timeline(sql, this)
    this.resourceTypes = new ResourceTypes(sql)
    this.resources = new Resources(sql, this)
    this.roleBindings = new RoleBindings(sql)
  }

  get changes(): number {
    return this.#sql.changes + this.space.moves
  }
  /** The highest numbers drawn so far, whether or not they were committed. */
  get drawn(): { readonly sequence: number; readonly governanceEpoch: number } {
    return { sequence: this.#sequence, governanceEpoch: this.#epochHighest }
  }
  nextSequence(): number {
    return this.#sequence++
  }
  async moveGovernanceEpoch(): Promise<void> {
    // Never the same number twice, not even after a rollback: a snapshot is remembered by its epoch.
    this.governanceEpoch = this.#epochHighest = Math.max(this.#epochHighest, this.governanceEpoch) + 1
    await this.#sql.run(`update counter set value = ? where name = 'governance-epoch'`, this.governanceEpoch)
  }
  async moveKeyEpoch(): Promise<void> {
    // Read from committed rows alone, so that a number of a transaction that was rolled back may come again.
    await this.#sql.run(`update counter set value = ? where name = 'key-epoch'`, ++this.#keyEpoch)
    this.#nameKeyEpoch()
  }
  #nameKeyEpoch(): void {
    this.keyEpoch = `${this.timeline}/${this.#keyEpoch}`
  }

  /** Takes over what another connection may have moved. */
  load({ installation, sequence, governanceEpoch, keyEpoch, timeline = 0, rulingEpoch = 0 }: Loaded): void {
    this.installation = installation
    // Numbers drawn by a transaction that was rolled back are not drawn again: a denial may already name one.
    this.#sequenceStored = sequence
    this.#sequence = Math.max(this.#sequence, sequence)
    this.governanceEpoch = governanceEpoch
    this.timeline = timeline
    this.#keyEpoch = keyEpoch
    this.#nameKeyEpoch()
    // A failover begins another history, in which an epoch that was lost is drawn again for something else.
    const rulingsOf = `${timeline} ${rulingEpoch}`
    if (rulingsOf !== this.#rulingsOf) this.journal.forgetRulings()
    this.#rulingsOf = rulingsOf
  }
  /** Drops what is remembered of a transaction that was rolled back. */
  forget(): void {
    this.space.forget()
    this.journal.forget()
  }
  /** Writes what was gathered in memory during the transaction. */
  async flush(): Promise<void> {
    await this.space.flush()
    if (this.#sequence !== this.#sequenceStored) {
      await this.#sql.later('update counter set value = ? where name = ?', this.#sequence, 'sequence')
      this.#sequenceStored = this.#sequence
    }
  }
}
