// The store as the other layers see it: transactions, and one object per noun inside them.
import type { GovernanceFacts } from '#model/policy/snapshot.ts'
import type { Asker } from './asker.ts'
import type { KeptName } from './memory.ts'
import type { Nouns } from './transaction.ts'

/** Everything that can be read and changed, inside one transaction. In `Store.read` a change fails. */
export type Transaction = Omit<
  Nouns,
  'memory' | 'setBacks' | 'start' | 'load' | 'flush' | 'sequence' | 'recordLapsed' | 'moveKeyEpoch'
>

/** What changes something, by the noun. `transaction.test.ts` compares it with the code. */
export interface Writes {
  accessKeys: 'insert' | 'disable' | 'dropExpired' | 'keepUnshown' | 'dropUnshown'
  addresses: 'associate' | 'disassociate'
  allocations: 'insert' | 'holderOf' | 'setState' | 'end' | 'endMany'
  apiTokens: 'insert' | 'beginSession' | 'useSession' | 'revoke'
  broughtSpace: 'begin' | 'end' | 'endOf'
  candidates: 'put' | 'remove'
  changeRequests:
    | 'insert'
    | 'update'
    | 'say'
    | 'unsay'
    | 'keepInverse'
    | 'keepMade'
    | 'keepBasis'
    | 'setRunner'
    | 'countWritten'
  discoveries:
    | 'insert'
    | 'update'
    | 'delete'
    | 'associate'
    | 'disassociate'
    | 'mark'
    | 'unmark'
    | 'unmarkAllOf'
    | 'forgetScopes'
  evidence: 'begin' | 'setLog' | 'putTile' | 'makeKey' | 'insertCheckpoint' | 'eraseOrigins'
  exceptions: 'insert' | 'update' | 'use'
  findings: 'insert' | 'change'
  findingScans: 'setProgress' | 'ask' | 'advance' | 'end'
  history: 'changed' | 'changedTags' | 'ended'
  ipams: 'insert' | 'update' | 'delete' | 'insertScope' | 'describeScope' | 'deleteScopes'
  journal: 'commitTo' | 'record' | 'recordDecision' | 'recordOwn' | 'dropRulings'
  natGateways: 'insert' | 'markDeleted' | 'forgetDeleted' | 'insertAddress' | 'deleteAddress'
  networkObjects:
    | 'insert'
    | 'change'
    | 'delete'
    | 'deleteOfVpc'
    | 'deleteOfSubnet'
    | 'insertPart'
    | 'changePart'
    | 'deletePart'
  observations: 'insert' | 'end' | 'takeBack' | 'forget' | 'forgetGone' | 'removeSome'
  organizations:
    | 'create'
    | 'insertAccount'
    | 'insertCreation'
    | 'insertNode'
    | 'moveNode'
    | 'removeNode'
    | 'renameNode'
    | 'changeAccount'
    | 'remove'
    | 'delegate'
    | 'undelegate'
    | 'enableService'
    | 'disableService'
  keptBytes: 'count'
  outbox:
    | 'insert'
    | 'insertDelivery'
    | 'changeDelivery'
    | 'changeWaiting'
    | 'removeDelivery'
    | 'forgetDeliveries'
    | 'forgetDeliveriesOf'
    | 'forgetEvents'
    | 'holdWaiting'
    | 'countMails'
    | 'forgetMails'
    | 'setProgress'
  policies:
    | 'insert'
    | 'delete'
    | 'addVersion'
    | 'insertVersion'
    | 'putInForce'
    | 'assign'
    | 'unassign'
    | 'changeKinds'
    | 'changeModes'
    | 'setContact'
  pools: 'insert' | 'update' | 'delete' | 'share' | 'unshare' | 'insertCidr' | 'setCidrState' | 'deleteCidr' | 'seeFull'
  putOffs: 'bringBack'
  resourceTypes: 'insert' | 'delete'
  resting: 'begin' | 'drop' | 'end' | 'endAll' | 'endHold' | 'extendHold' | 'reclaim' | 'remove' | 'restAsOne'
  retention: 'takeTurn'
  roleBindings: 'insert' | 'delete' | 'deleteAt'
  adoptions: 'insert' | 'ask' | 'forgetQuestions'
  simulations: 'insert' | 'set' | 'addGroups' | 'addPools' | 'dropResults' | 'drop'
  sources: 'insert' | 'change' | 'deleteAt' | 'remove' | 'insertSnapshot' | 'changeSnapshot' | 'forgetSnapshots'
  space:
    | 'add'
    | 'begin'
    | 'confirm'
    | 'drop'
    | 'dropPools'
    | 'extend'
    | 'flush'
    | 'hold'
    | 'record'
    | 'release'
    | 'remove'
    | 'take'
    | 'takeExactly'
  recordSinks: 'setProgress'
  subscriptions: 'insert' | 'change' | 'deleteAt' | 'remove'
  tags: 'put' | 'remove' | 'removeAll' | 'removeAllOf' | 'takeAllOf'
  tokens: 'keep' | 'forget'
  vpcs:
    | 'insert'
    | 'delete'
    | 'setAttributes'
    | 'setDhcpOptions'
    | 'setSubnetAttributes'
    | 'deleteSubnetCidr'
    | 'insertCidr'
    | 'setHolding'
    | 'deleteCidr'
    | 'insertSubnet'
    | 'deleteSubnet'
    | 'insertSubnetCidr'
  witnesses: 'put' | 'putLog'
}
/** A transaction that cannot change anything: it has no method that would. */
export type ReadTransaction = Omit<
  Transaction,
  | keyof Writes
  | 'nextSequence'
  | 'moveGovernanceEpoch'
  | 'holdGovernance'
  | 'governingActs'
  | 'aside'
  | 'probe'
  | 'subjects'
> & { readonly [Noun in keyof Writes]: Omit<Transaction[Noun], Writes[Noun]> }

/**
 * How a work ends of which nothing remains but a record: `instead` writes it, and answers. Where the work had changed
 * something, that is taken back first and `instead` runs in a transaction of its own (`isAnew`): numbers that were drawn before
 * are anybody's then.
 */
export interface RolledBack<T> {
  readonly instead: (tx: Transaction, isAnew: boolean) => Promise<T>
}

/** What a store is told of a work that changes something. */
export interface AskedOf {
  /** What it will look up first, where it is known: tokens of a transaction can be looked up together. */
  readonly token?: Uint8Array | undefined
  /** Who asks: where very many wait, nobody has all of the places. */
  readonly sender?: string | undefined
  /** When the request arrived, by `performance.now()`: it waits for a database that is away until its deadline, and no longer. */
  readonly since?: number | undefined
  /** It takes back whatever it does: it shares no transaction with others, who would have to begin again, and lets them go first. */
  readonly isTried?: boolean | undefined
  /** It is as long as whoever asks makes it, as what is only tried is. */
  readonly isLong?: boolean | undefined
  /** Of whoever governs the top: all those who wait are theirs. */
  readonly isOfTop?: (() => boolean) | undefined
  /** What whoever asks is told where they have kept others waiting so long that theirs rests; undefined: it waits. */
  readonly refuse?: ((restMs: number) => unknown) | undefined
}

/** An audit entry by all that tells it from another: a copy may have drawn the same number for something else. */
export interface Mark {
  /** Of the database. */
  readonly installation: string
  readonly n: number
  readonly at: number
  readonly requestId: string
}
/** What a server knows as one of several. */
export interface Among {
  /** The newest entry that this server has acknowledged. */
  readonly mark: Mark | undefined
  /** Another server has committed for this one, which is about to acknowledge it. */
  acknowledge(mark: Mark): void
  /** How many servers hand over to this one what they are asked: nobody waits at those. */
  followers: number
}

export interface Store {
  /**
   * Runs `work` in a transaction that is on disk when the promise resolves. Works that queue while another commit is
   * under way share one transaction, so `work` may run twice: it must touch nothing but the transaction.
   * It ends with a value, and what it did is committed; or with what is recorded in place of it (`RolledBack`), and what it
   * did is taken back. What it throws is what the caller gets, and nothing that it did remains.
   */
  write<T>(work: (tx: Transaction) => Promise<T | RolledBack<T>>, asked?: AskedOf): Promise<T>
  /**
   * Runs `work` on a consistent view of what is committed. Where it takes long and others wait for a connection, it is begun
   * again on another view, so that it may run several times.
   * @param since as in `AskedOf`
   * @param sender likewise
   * @param asker who waits for it: once they are gone, no more is read, and it is refused
   */
  read<T>(work: (tx: ReadTransaction) => Promise<T>, since?: number, sender?: string, asker?: Asker): Promise<T>
  /** Of several servers on one database; undefined where there is only ever one. */
  readonly among?: Among
  /** Waits for what is queued, then closes the files. */
  close(): Promise<void>
}

export type { Asker, GovernanceFacts, KeptName }
