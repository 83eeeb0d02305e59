// Differences as what is to be done: operations of the native API, in an order in which each finds what it needs.
import { isAccountId } from '#model/organization.ts'
import type { Compatibility } from '#model/policy/values.ts'
import type { GovernedOperation } from '#operations/governance/operations.native.ts'
import type { Change, Compared } from './comparing.ts'
import { canonical, type Estate, type Members, rootKey, type Thing, type ThingKind, thingKinds } from './estate.ts'
import type { ServerRead } from './from-server.ts'
import { shortDocument } from './members.ts'

/** What is to be done, and for which of the changes. */
export interface Intent {
  readonly operations: readonly GovernedOperation[]
  /** The key of the thing that each operation is about. */
  readonly about: readonly string[]
}

/** @param removed of what the files do not have: what is to be removed */
export function intentOf(files: Estate, server: ServerRead, compared: Compared, removed: readonly Thing[]): Intent {
  return new Intending(files, server, compared).intent(removed)
}

/** By which all that is governed is brought to what files say. */
export const doneByFiles = [
  ...['createResourceType', 'deleteResourceType'],
  ...['createUnit', 'updateUnit', 'deleteUnit'],
  ...['createAccount', 'updateAccount', 'moveAccount', 'removeAccount'],
  ...['suspendAccount', 'resumeAccount', 'closeAccount'],
  ...['putIpamAdministrator', 'deleteIpamAdministrator'],
  ...['createIpam', 'updateIpam', 'deleteIpam'],
  ...['createScope', 'updateScope', 'deleteScope'],
  ...['createPool', 'updatePool', 'deletePool', 'provisionPoolCidr', 'deprovisionPoolCidr'],
  ...['createPolicy', 'updatePolicy', 'deletePolicy', 'putPolicyDocument', 'deletePolicyDocument'],
  ...['putPolicyAssignment', 'deletePolicyAssignment'],
  ...['draftPolicyVersion', 'putAssignmentCandidate', 'deleteAssignmentCandidate'],
  ...['createRoleBinding', 'deleteRoleBinding'],
]
/** What files do not do, with the reason in the guide. */
export const notByFiles = [
  ...['promoteAssignmentCandidate', 'restorePolicyVersion'],
  ...['requestException', 'renewException', 'approveException', 'denyException', 'revokeException'],
  'createOrganization',
]

/** Of each kind, the member of a request that names one. */
const idMember: Readonly<Record<ThingKind, string>> = {
  resourceType: 'resourceType',
  unit: 'unitId',
  account: 'account',
  organization: 'account',
  ipam: 'ipamId',
  scope: 'scopeId',
  pool: 'poolId',
  policy: 'policyId',
  roleBinding: 'bindingId',
}
/** What stands for nothing in a change, by member. */
const nothing: Members = {
  tags: {},
  requiredTags: {},
  sharedWith: [],
  tier: 'advanced',
  enablePrivateGua: false,
  meteredAccount: 'ipam-owner',
  policyCompatibility: 'strict',
  unmatched: 'provider',
  changeControl: 'none',
  changeFreezes: [],
  avoidsObserved: false,
}

class Intending {
  readonly #files: Estate
  readonly #server: ServerRead
  readonly #compared: Compared
  readonly #operations: GovernedOperation[] = []
  readonly #about: string[] = []
  /** Of what is new, by kind and key: what the operations behind call it. */
  readonly #labels = new Map<string, string>()

  constructor(files: Estate, server: ServerRead, compared: Compared) {
    this.#files = files
    this.#server = server
    this.#compared = compared
  }

  intent(removed: readonly Thing[]): Intent {
    const changes = this.#compared.changes
    const of = (kind: ThingKind): Change[] => changes.filter((change) => change.kind === kind)
    const gone = (kind: ThingKind): Thing[] => removed.filter((thing) => thing.kind === kind).sort(deepestFirst)
    // What stands in the way goes first: who a policy is enabled on, and space that is to go elsewhere.
    for (const change of of('policy')) this.#endAssignments(change)
    for (const policy of gone('policy')) this.#endAllAssignments(policy)
    for (const pool of gone('pool')) this.#takeCidrs(pool, pool.members.cidrs as string[])
    for (const change of of('pool').toSorted((a, b) => deepestFirst(a, b)))
      this.#takeCidrs(this.#found(change), cidrsGone(change))
    for (const kind of thingKinds) for (const change of of(kind).toSorted(shallowestFirst)) this.#make(change)
    for (const change of of('policy')) this.#beginAssignments(change)
    for (const change of of('account')) this.#turnAccount(change, ['suspended', 'closed'])
    for (const kind of thingKinds.toReversed()) for (const thing of gone(kind)) this.#remove(thing)
    return { operations: this.#operations, about: this.#about }
  }

  // Making and changing ---------------------------------------------------------------------------------------------------

  #make(change: Change): void {
    const thing = this.#files.of(change.kind).get(change.key)!
    if (change.action === 'create') this.#create(thing)
    else this.#change(change, thing)
  }

  #create(thing: Thing): void {
    const { kind, key, parent, name, members } = thing
    switch (kind) {
      case 'resourceType':
        this.#do(key, 'createResourceType', members)
        return
      case 'unit':
        this.#do(key, 'createUnit', { name, parentId: this.#node(parent!), tags: members.tags }, thing)
        return
      case 'account': {
        const { parent: _, status: _status, ...facts } = members
        const number = isAccountId(key) ? { account: key } : {}
        this.#do(key, 'createAccount', { ...facts, ...number, parentId: this.#node(parent!) }, thing)
        return
      }
      case 'organization':
        this.#putAdministrator(thing)
        return
      case 'ipam':
        this.#createIpam(thing)
        return
      case 'scope':
        this.#createScope(thing)
        return
      case 'pool':
        this.#createPool(thing)
        return
      case 'policy': {
        const { documents, drafts: _, assignments: _assignments, ...facts } = members
        this.#do(key, 'createPolicy', { ipamId: this.#id('ipam', parent!), name, ...facts }, thing)
        for (const document of Object.values(documents as Record<string, Members>)) this.#putDocument(thing, document)
        return
      }
      case 'roleBinding':
        this.#do(key, 'createRoleBinding', { ...members, node: this.#node(members.node as string) })
        return
    }
  }

  #createIpam(thing: Thing): void {
    const { key, name, members } = thing
    this.#do(key, 'createIpam', { ...members, name, account: this.#node(members.account as string) }, thing)
  }
  #createScope(thing: Thing): void {
    const { key, parent, name, members } = thing
    const part = key.split('/').at(-1)
    if (part !== 'private' && part !== 'public') {
      this.#do(key, 'createScope', { ipamId: this.#id('ipam', parent!), name, ...members }, thing)
      return
    }
    // It is there with its new IPAM.
    const scopeId = `${this.#id('ipam', parent!)}.${part}ScopeId`
    if (Object.keys(members).length > 0) this.#do(key, 'updateScope', { scopeId, ...members })
  }
  #createPool(thing: Thing): void {
    const { key, parent, name, members } = thing
    const { cidrs = [], sharedWith, ...facts } = members
    const isTop = !this.#files.of('pool').has(parent!) && !this.#server.estate.of('pool').has(parent!)
    const under = isTop ? {} : { parentPoolId: this.#id('pool', parent!) }
    const shared = sharedWith ? { sharedWith: (sharedWith as string[]).map((node) => this.#node(node)) } : {}
    const scopeId = this.#id('scope', key.split('/').slice(0, 2).join('/'))
    this.#do(key, 'createPool', { name, scopeId, ...under, ...facts, ...shared }, thing)
    for (const cidr of cidrs as string[]) this.#do(key, 'provisionPoolCidr', { poolId: this.#id('pool', key), cidr })
  }

  #change(change: Change, thing: Thing): void {
    const { kind, key } = change
    const id = { [idMember[kind]]: this.#id(kind, key) }
    const given: Record<string, unknown> = {}
    for (const { member, before, after } of change.members) {
      if (kind === 'account' && member === 'parent') {
        this.#do(key, 'moveAccount', { account: key, parentId: this.#node(after as string) })
      } else if (member === 'cidrs') {
        const had = new Set(before as string[] | undefined)
        for (const cidr of ((after ?? []) as string[]).filter((one) => !had.has(one)))
          this.#do(key, 'provisionPoolCidr', { ...id, cidr })
      } else if (member === 'status' || /^(documents|drafts|assignments) /.test(member)) continue
      else if (member === 'sharedWith') given[member] = ((after ?? []) as string[]).map((node) => this.#node(node))
      else given[member] = after ?? (member in nothing ? nothing[member] : null)
    }
    if (kind === 'organization') {
      this.#putAdministrator(thing)
      return
    }
    // What it is to have may be had by one alone that is in use.
    if (kind === 'account') this.#turnAccount(change, ['active'])
    if (Object.keys(given).length > 0)
      this.#do(key, `update${kind.charAt(0).toUpperCase()}${kind.slice(1)}`, { ...id, ...given })
    if (kind !== 'policy') return
    for (const { member, before, after } of change.members) {
      if (!member.startsWith('documents ')) continue
      if (after) this.#putDocument(thing, after as Members)
      else {
        const { locale, resourceType } = before as Members
        this.#do(key, 'deletePolicyDocument', { ...id, locale, resourceType })
      }
    }
  }

  #putAdministrator({ key, members }: Thing): void {
    const { ipamAdministrator } = members as { readonly ipamAdministrator?: string }
    if (ipamAdministrator === undefined) this.#do(key, 'deleteIpamAdministrator', {})
    else this.#do(key, 'putIpamAdministrator', { account: this.#node(ipamAdministrator) })
  }
  #turnAccount({ action, key, members }: Change, states: readonly string[]): void {
    const status = members.find(({ member }) => member === 'status')?.after as string | undefined
    if (status === undefined || !states.includes(status) || (action === 'create' && status === 'active')) return
    this.#do(key, turns[status]!, { account: this.#id('account', key) })
  }

  #putDocument(policy: Thing, whole: Members): void {
    const document = this.#document(whole, policy.members.compatibility as Compatibility)
    this.#do(policy.key, 'putPolicyDocument', { policyId: this.#id('policy', policy.key), ...document })
  }
  #document(whole: Members, compatibility: Compatibility): Members {
    const { rules, ...document } = shortDocument(whole, compatibility)
    const asked = (rules as { pool: string; when?: Members }[]).map(({ pool, when }) => ({
      poolId: this.#id('pool', pool),
      ...(when ? { when: this.#condition(when) } : {}),
    }))
    return { ...document, rules: asked }
  }
  #draft(policy: Thing, name: string): void {
    const { compatibility, documents } = (policy.members.drafts as Record<string, Members>)[name]!
    const asked = Object.values(documents as Record<string, Members>).map((document) =>
      this.#document(document, compatibility as Compatibility),
    )
    const input = { policyId: this.#id('policy', policy.key), compatibility, documents: asked }
    this.#do(policy.key, 'draftPolicyVersion', input, { kind: 'policy', key: draftKey(policy.key, name) })
  }
  #condition({ accounts, organizationalUnits, ...rest }: Members): Members {
    const nodes = (keys: unknown) => (keys as string[]).map((key) => this.#node(key))
    return {
      ...(accounts ? { accounts: nodes(accounts) } : {}),
      ...(organizationalUnits ? { organizationalUnits: nodes(organizationalUnits) } : {}),
      ...rest,
    }
  }

  // Assignments -------------------------------------------------------------------------------------------------------------

  #endAssignments(change: Change): void {
    if (change.action === 'create') return
    for (const { member, after } of change.members) {
      if (!member.startsWith('assignments ') || after !== undefined) continue
      const targetId = this.#node(member.slice('assignments '.length))
      this.#do(change.key, 'deletePolicyAssignment', { policyId: change.id, targetId })
    }
  }
  #endAllAssignments({ key, id, members }: Thing): void {
    for (const target of Object.keys(members.assignments as Members)) {
      this.#do(key, 'deletePolicyAssignment', { policyId: id, targetId: this.#node(target) })
    }
  }
  #beginAssignments({ key, members }: Change): void {
    for (const { member, before, after } of members) {
      if (!member.startsWith('assignments ') || after === undefined) continue
      const id = { policyId: this.#id('policy', key), targetId: this.#node(member.slice('assignments '.length)) }
      const { candidate: had, ...was } = (before ?? {}) as Members
      const { candidate, ...is } = after as Members
      if (canonical(was) !== canonical(is)) this.#do(key, 'putPolicyAssignment', { ...id, ...is })
      if (canonical(had) === canonical(candidate)) continue
      if (candidate) this.#putCandidate(key, id, candidate as Members)
      else this.#do(key, 'deleteAssignmentCandidate', id)
    }
  }
  #putCandidate(key: string, id: Members, { draft, mode }: Members): void {
    const version =
      draft === undefined ? undefined : this.#versionOf(this.#files.of('policy').get(key)!, draft as string)
    this.#do(key, 'putAssignmentCandidate', { ...id, version, mode })
  }
  /** The version that a draft is, or what draws its number. */
  #versionOf(policy: Thing, draft: string): number | string {
    const known = this.#compared.drafted.get(policy)?.get(draft)
    if (known !== undefined) return known
    const key = draftKey(policy.key, draft)
    if (!this.#labels.has(`policy ${key}`)) this.#draft(policy, draft)
    return `${this.#labels.get(`policy ${key}`)}.version`
  }

  // Removing ------------------------------------------------------------------------------------------------------------------

  #found = ({ kind, key }: Change): Thing | undefined => {
    const thing = this.#files.of(kind).get(key)
    return thing && this.#compared.matched.get(thing)
  }
  #takeCidrs(pool: Thing | undefined, cidrs: readonly string[] = []): void {
    for (const cidr of cidrs) if (pool) this.#do(pool.key, 'deprovisionPoolCidr', { poolId: pool.id, cidr })
  }
  #remove({ kind, key, id }: Thing): void {
    const operation = kind === 'account' ? 'removeAccount' : `delete${kind.charAt(0).toUpperCase()}${kind.slice(1)}`
    this.#do(key, operation, { [idMember[kind]]: kind === 'resourceType' ? key : id })
  }

  // Names -----------------------------------------------------------------------------------------------------------------------

  /** The id on the server, or the label of what is made before. */
  #id(kind: ThingKind, key: string): string {
    const label = this.#labels.get(`${kind} ${key}`)
    if (label !== undefined) return label
    const thing = this.#files.of(kind).get(key)
    const found = (thing && this.#compared.matched.get(thing)) ?? this.#server.estate.of(kind).get(key)
    if (found?.id !== undefined) return found.id
    const part = key.split('/').at(-1)
    if (kind === 'scope' && (part === 'private' || part === 'public'))
      return `${this.#id('ipam', key.split('/')[0]!)}.${part}ScopeId`
    return key
  }
  #node(key: string): string {
    if (key === rootKey) return this.#server.rootId ?? key
    if (key.startsWith('/')) return this.#id('unit', key)
    return this.#id('account', key)
  }

  #do(about: string, operation: string, given: Members, made?: Pick<Thing, 'kind' | 'key'>): void {
    const input = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
    const as = made ? `new-${this.#labels.size + 1}` : undefined
    if (made) this.#labels.set(`${made.kind} ${made.key}`, `$${as}`)
    this.#operations.push({ operation, input, ...(as === undefined ? {} : { as }) })
    this.#about.push(about)
  }
}

/** What a draft goes by beside the policy that it is of: no key has a line in it. */
const draftKey = (policy: string, name: string): string => `${policy}\n${name}`
/** What brings an account into a state. */
const turns: Readonly<Record<string, string>> = {
  active: 'resumeAccount',
  suspended: 'suspendAccount',
  closed: 'closeAccount',
}
const depthOf = ({ key }: { readonly key: string }): number => key.split('/').length
const deepestFirst = (a: { readonly key: string }, b: { readonly key: string }): number => depthOf(b) - depthOf(a)
const shallowestFirst = (a: { readonly key: string }, b: { readonly key: string }): number => depthOf(a) - depthOf(b)

function cidrsGone({ action, members }: Change): string[] {
  const change = members.find(({ member }) => member === 'cidrs')
  if (action === 'create' || !change) return []
  const has = new Set(change.after as string[] | undefined)
  return ((change.before ?? []) as string[]).filter((cidr) => !has.has(cidr))
}
