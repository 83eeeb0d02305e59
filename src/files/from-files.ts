// What files say, as things with names: each once, and every name in them one that is there.
import { isAccountId } from '#model/organization.ts'
import type { DocumentParams } from '#model/policy/document.ts'
import { builtInTypes } from '#model/policy/resource-types.ts'
import type { Compatibility } from '#model/policy/values.ts'
import { meantBy } from '#model/words-alike.ts'
import {
  AccountNames,
  canonical,
  comesAlong,
  Estate,
  type FileProblem,
  keyUnder,
  type Members,
  nearness,
  nounOf,
  type Position,
  partOf,
  rootKey,
  severalWords,
  type Thing,
  type ThingKind,
  unitKey,
} from './estate.ts'
import {
  actsAlready,
  draftsByContent,
  pairOf,
  plain,
  sortedCidrs,
  sortedTexts,
  wholeAssignment,
  wholeDocument,
} from './members.ts'
import { policyMembers, poolChangeable, poolFixed } from './shape.ts'
import type { Source, Way } from './sources.ts'

/** An item of a file, whatever its kind: its shape has been checked. */
type Item = Readonly<Record<string, unknown>>
const itemsOf = (value: unknown): readonly Item[] => (value ?? []) as readonly Item[]
const textOf = (value: unknown): string => value as string

export interface FilesRead {
  readonly estate: Estate
  readonly problems: readonly FileProblem[]
}

/**
 * @param known what the server has: names may be its own, too. Undefined where nobody is asked: then names are looked for in the files
 * alone, and only those of kinds that the files speak of.
 * @param removes whether what the files do not have is removed: then nothing in them may name it
 */
export function estateOf(
  sources: readonly Source[],
  known?: Estate,
  { removes = false }: { readonly removes?: boolean } = {},
): FilesRead {
  const reader = new FilesReader(known, removes)
  // All that can be named goes first.
  for (const source of sources) reader.addNamed(source)
  for (const source of sources) reader.addNaming(source)
  return { estate: reader.estate, problems: reader.problems }
}

/** By the names of IPAMs, whose the files say that they are. */
export const ownersIn = (sources: readonly Source[]): ReadonlyMap<string, string> =>
  new Map(
    sources.flatMap(({ content }) =>
      itemsOf(content.ipams).flatMap(({ id, name, account }) =>
        id === undefined && name !== undefined ? [[textOf(name), textOf(account)] as const] : [],
      ),
    ),
  )

/** The ids of what the server has, by kind. */
const idsOf = (known: Estate | undefined): ReadonlyMap<string, Thing> =>
  new Map([...(known?.all() ?? [])].flatMap((thing) => (thing.id === undefined ? [] : [[thing.id, thing] as const])))

const nearOf = (parent: string | undefined) => (parent === rootKey ? nearness.atRoot : nearness.below)

class FilesReader {
  readonly estate = new Estate()
  readonly problems: FileProblem[] = []
  readonly #known: Estate | undefined
  readonly #byId: ReadonlyMap<string, Thing>
  readonly #accounts = new AccountNames()

  readonly #removes: boolean

  constructor(known: Estate | undefined, removes: boolean) {
    this.#known = known
    this.#removes = removes
    this.#byId = idsOf(known)
    const administrator = known?.of('organization').get(rootKey)?.members.ipamAdministrator
    for (const { key, name, parent } of known?.of('account').values() ?? [])
      if (name !== undefined)
        this.#accounts.add(name, key, key === administrator ? nearness.speaksForAll : nearOf(parent))
  }

  // What can be named ---------------------------------------------------------------------------------------------------

  addNamed(source: Source): void {
    const { content } = source
    const { organization, resourceTypes, ipams, pools, policies, roleBindings } = content
    const { spoken } = this.estate
    if (organization) {
      spoken.add('unit').add('account').add('organization')
      this.#addAccounts(source, organization.accounts, ['organization', 'accounts'], rootKey)
      this.#addUnits(source, organization.units, ['organization', 'units'], rootKey)
    }
    if (resourceTypes) spoken.add('resourceType')
    for (const [index, type] of itemsOf(resourceTypes).entries()) {
      const way = ['resourceTypes', index]
      this.#add({
        kind: 'resourceType',
        key: textOf(type.resourceType),
        members: plain('resourceType', type),
        at: source.at(way),
      })
    }
    if (ipams) spoken.add('ipam').add('scope')
    for (const [index, ipam] of itemsOf(ipams).entries()) this.#addScopes(source, ipam, ['ipams', index])
    if (pools) spoken.add('pool')
    for (const [index, pool] of itemsOf(pools).entries()) this.#addPool(source, pool, ['pools', index], undefined)
    if (policies) spoken.add('policy')
    if (roleBindings) spoken.add('roleBinding')
  }

  #addUnits(source: Source, units: unknown, way: Way, parent: string): void {
    for (const [index, unit] of itemsOf(units).entries()) {
      const here = [...way, index]
      const name = textOf(unit.name)
      const key = unitKey(parent, name)
      const members = plain('unit', { tags: unit.tags })
      this.#add({ kind: 'unit', key, parent, name, members, ...this.#placeOf(source, here, unit) })
      this.#addAccounts(source, unit.accounts, [...here, 'accounts'], key)
      this.#addUnits(source, unit.units, [...here, 'units'], key)
    }
  }

  #addAccounts(source: Source, accounts: unknown, way: Way, parent: string): void {
    for (const [index, { account, name, ...facts }] of itemsOf(accounts).entries()) {
      const here = [...way, index]
      // One without a number is the one that the server has by this name, or a new one.
      const found = account ?? this.#accounts.find(textOf(name))
      if (found === 'several') {
        this.#note(
          source.at([...here, 'name']),
          [...here, 'name'],
          'several accounts have this name: say its number',
          name,
        )
        continue
      }
      const key = textOf(found ?? `new ${textOf(name)}`)
      const members = plain('account', { ...facts, parent })
      const placed = this.#placeOf(source, here, facts)
      const isAdded = this.#add({
        kind: 'account',
        key,
        parent,
        name: textOf(name),
        members: { ...members, name },
        ...placed,
      })
      if (isAdded) this.#accounts.add(textOf(name), key, nearOf(parent))
    }
  }

  #addScopes(source: Source, ipam: Item, way: Way): void {
    const key = this.#partOf(source, ipam, way)
    if (key === undefined) return
    this.#add({ kind: 'ipam', key, ...nameOf(ipam), members: {}, ...this.#placeOf(source, way, ipam) })
    for (const [index, scope] of itemsOf(ipam.scopes).entries()) {
      const here = [...way, 'scopes', index]
      const part = scope.default === undefined ? this.#partOf(source, scope, here) : textOf(scope.default)
      if (part === undefined) continue
      const { default: _, id: _id, name: _name, ...facts } = scope
      const members = plain('scope', { ...facts, ...(scope.default === undefined ? {} : { name: scope.name }) })
      const thing = { kind: 'scope', key: `${key}/${part}`, parent: key, ...nameOf(scope), members } as const
      this.#add({ ...thing, ...this.#placeOf(source, here, scope) })
    }
  }

  #addPool(source: Source, pool: Item, way: Way, above: Thing | undefined): void {
    const part = this.#partOf(source, pool, way)
    if (part === undefined) return
    const parent = above?.key ?? this.#scopeKey(textOf(pool.scope))
    const key = keyUnder(parent, part)
    const facts = Object.fromEntries([...poolFixed, ...poolChangeable].map((name) => [name, pool[name]]))
    const family = above ? above.members.family : pool.family
    const members = plain('pool', { ...facts, family, cidrs: sortedCidrs(pool.cidrs as string[]) })
    const thing: Thing = {
      kind: 'pool',
      key,
      parent,
      ...nameOf(pool),
      members,
      ...this.#placeOf(source, way, pool),
    }
    if (!this.#add(thing)) return
    for (const [index, below] of itemsOf(pool.pools).entries()) {
      this.#addPool(source, below, [...way, 'pools', index], thing)
    }
  }

  // What names others ---------------------------------------------------------------------------------------------------

  addNaming(source: Source): void {
    const { organization, ipams, pools, policies, roleBindings } = source.content
    if (organization) {
      const way = ['organization', 'ipamAdministrator']
      const account = organization.ipamAdministrator
      // Several files may speak of the organization, and one of them names who runs the IPAM.
      if (account !== undefined) {
        const members = account === null ? {} : { ipamAdministrator: this.#account(source, way, account) }
        this.#add({ kind: 'organization', key: rootKey, members, at: source.at(way) })
      }
    }
    for (const [index, ipam] of itemsOf(ipams).entries()) {
      const { scopes: _, name: _name, id: _id, account, ...facts } = ipam
      const way = ['ipams', index]
      this.#change('ipam', keyOf(ipam), () =>
        plain('ipam', {
          ...facts,
          account: this.#account(source, [...way, 'account'], textOf(account)),
          operatingRegions: sortedTexts(facts.operatingRegions as string[]),
        }),
      )
    }
    for (const [index, pool] of itemsOf(pools).entries()) {
      const way = ['pools', index]
      const scope = this.#scopeKey(textOf(pool.scope))
      this.#require(source, [...way, 'scope'], 'scope', scope, textOf(pool.scope))
      this.#sharePool(source, pool, way, scope)
    }
    for (const [index, policy] of itemsOf(policies).entries()) this.#addPolicy(source, policy, ['policies', index])
    for (const [index, binding] of itemsOf(roleBindings).entries())
      this.#addBinding(source, binding, ['roleBindings', index])
  }

  #sharePool(source: Source, pool: Item, way: Way, parent: string): void {
    const key = keyUnder(parent, keyOf(pool))
    const shared = pool.sharedWith as readonly string[] | undefined
    if (shared) {
      const nodes = shared.map((node, index) => this.#node(source, [...way, 'sharedWith', index], node))
      this.#change('pool', key, (members) => plain('pool', { ...members, sharedWith: sortedTexts(nodes) }))
    }
    for (const [index, below] of itemsOf(pool.pools).entries())
      this.#sharePool(source, below, [...way, 'pools', index], key)
  }

  #addPolicy(source: Source, policy: Item, way: Way): void {
    const part = this.#partOf(source, policy, way)
    if (part === undefined) return
    const ipam = this.#ipamKey(textOf(policy.ipam))
    this.#require(source, [...way, 'ipam'], 'ipam', ipam, textOf(policy.ipam))
    const places = new Map<string, Position>()
    const compatibility = (policy.compatibility ?? this.#compatibilityOf(ipam)) as Compatibility
    const documents = this.#documents(source, policy, way, compatibility)
    for (const [index, document] of itemsOf(policy.documents).entries())
      places.set(`documents ${pairOf(document as never)}`, source.at([...way, 'documents', index]))
    const drafts = this.#drafts(source, policy, way, compatibility)
    const assignments: Record<string, Members> = {}
    for (const [index, assignment] of itemsOf(policy.assignments).entries()) {
      const here = [...way, 'assignments', index]
      const target = this.#node(source, [...here, 'target'], textOf(assignment.target))
      if (assignments[target]) this.#note(source.at(here), here, 'the policy is enabled there already', target)
      const { candidate } = assignment as { readonly candidate?: Item }
      assignments[target] = wholeAssignment(assignment)
      const said = { compatibility, documents, drafts }
      if (candidate) this.#checkCandidate(source, [...here, 'candidate'], said, assignments[target])
      places.set(`assignments ${target}`, source.at(here))
    }
    const facts = Object.fromEntries(policyMembers.map((member) => [member, policy[member]]))
    const members = { ...plain('policy', facts), compatibility, documents, drafts, assignments }
    const placed = this.#placeOf(source, way, policy)
    this.#add({
      kind: 'policy',
      key: `${ipam}/${part}`,
      parent: ipam,
      ...nameOf(policy),
      members,
      ...placed,
      places: new Map([...placed.places, ...places]),
    })
  }

  #documents(
    source: Source,
    { documents: listed }: Item,
    way: Way,
    compatibility: Compatibility,
  ): Record<string, Members> {
    const documents: Record<string, Members> = {}
    for (const [index, document] of itemsOf(listed).entries()) {
      const here = [...way, 'documents', index]
      const pair = pairOf(document as never)
      if (documents[pair]) this.#note(source.at(here), here, 'there is another document for this locale and type', pair)
      documents[pair] = this.#document(source, document, here, compatibility)
    }
    return documents
  }
  #drafts(source: Source, policy: Item, way: Way, usual: Compatibility): Record<string, Members> {
    const drafts: Record<string, Members> = {}
    for (const [index, draft] of itemsOf(policy.drafts).entries()) {
      const here = [...way, 'drafts', index]
      const name = textOf(draft.name)
      const compatibility = (draft.compatibility ?? usual) as Compatibility
      const content = { compatibility, documents: this.#documents(source, draft, here, compatibility) }
      const same = draftsByContent(drafts).get(canonical(content))
      if (drafts[name]) this.#note(source.at(here), here, 'the policy has another draft of this name', name)
      else if (same !== undefined) this.#note(source.at(here), here, 'another draft of the policy says the same', same)
      drafts[name] = content
    }
    return drafts
  }
  /** @param policy all that it says */
  #checkCandidate(source: Source, way: Way, policy: Members, assignment: Members): void {
    const { draft, mode } = assignment.candidate as Item
    const drafts = policy.drafts as Members
    if (draft === undefined && mode === undefined) {
      this.#note(source.at(way), way, 'it says neither a `draft` nor a `mode`')
      return
    }
    if (draft === undefined || Object.hasOwn(drafts, textOf(draft))) {
      if (actsAlready(policy, assignment)) this.#note(source.at(way), way, 'it says what is in force there already')
      return
    }
    const here = [...way, 'draft']
    const names = Object.keys(drafts)
    const meant = meantBy(textOf(draft), names)
    this.#note(
      source.at(here),
      here,
      'the policy has no draft of this name',
      draft,
      names.join(', ') || undefined,
      meant,
    )
  }

  #document(source: Source, document: Item, way: Way, compatibility: Compatibility): Members {
    this.#require(
      source,
      [...way, 'resourceType'],
      'resourceType',
      textOf(document.resourceType),
      textOf(document.resourceType),
    )
    const rules = itemsOf(document.rules).map(({ pool, when }, index) => {
      const here = [...way, 'rules', index]
      const key = this.#poolKey(textOf(pool))
      this.#require(source, [...here, 'pool'], 'pool', key, textOf(pool))
      return {
        pool: key,
        ...(when === undefined ? {} : { when: this.#condition(source, when as Item, [...here, 'when']) }),
      }
    })
    return wholeDocument({ ...document, rules } as unknown as DocumentParams, compatibility)
  }

  #condition(source: Source, { accounts, organizationalUnits, tags }: Item, way: Way): Members {
    const nodes = (name: string, given: unknown, find: (here: Way, text: string) => string) =>
      given === undefined
        ? {}
        : { [name]: sortedTexts((given as string[]).map((text, index) => find([...way, name, index], text))) }
    return {
      ...nodes('accounts', accounts, (here, text) => this.#account(source, here, text)),
      ...nodes('organizationalUnits', organizationalUnits, (here, text) => this.#node(source, here, text)),
      ...(tags === undefined ? {} : { tags }),
    }
  }

  #addBinding(source: Source, binding: Item, way: Way): void {
    const { principal, role, effect = 'permit' } = binding
    const text = textOf(binding.node)
    const node = text === '*' ? '*' : this.#node(source, [...way, 'node'], text)
    const key = `${textOf(principal)} ${textOf(role)} ${node} ${textOf(effect)}`
    this.#add({ kind: 'roleBinding', key, members: { principal, role, node, effect }, at: source.at(way) })
  }

  // Names ---------------------------------------------------------------------------------------------------------------

  #account(source: Source, way: Way, text: string): string {
    const found = this.#accounts.find(text)
    if (found === 'several') {
      this.#note(source.at(way), way, 'several accounts have this name: say its number', text)
      return text
    }
    const key = found ?? text
    if (isAccountId(text) && !this.#known) return key
    this.#require(source, way, 'account', key, text)
    return key
  }

  #node(source: Source, way: Way, text: string): string {
    if (/^(ou|r)-/.test(text)) {
      const known = this.#byId.get(text)
      if (this.#known && !known && !text.startsWith('r-') && !this.#known.mentioned.has(text))
        this.#note(source.at(way), way, 'there is no such unit', text)
      return known?.key ?? (text.startsWith('r-') ? rootKey : text)
    }
    if (!text.startsWith('/')) return this.#account(source, way, text)
    const key = text === rootKey ? rootKey : text.replace(/(?<!\/)\/+$/, '')
    if (key !== rootKey) this.#require(source, way, 'unit', key, text)
    return key
  }

  #ipamKey = (text: string): string => this.#byId.get(text)?.key ?? text
  #poolKey = (text: string): string => this.#byId.get(text)?.key ?? text
  #scopeKey = (text: string): string => this.#byId.get(text)?.key ?? text

  /** What an IPAM says of policies that do not say. */
  #compatibilityOf(ipam: string): unknown {
    const members = this.estate.of('ipam').get(ipam)?.members ?? this.#known?.of('ipam').get(ipam)?.members
    return members?.policyCompatibility ?? 'strict'
  }

  /** Notes a name that nothing has, of what is known. */
  #require(source: Source, way: Way, kind: ThingKind, key: string, text: string): void {
    if (this.estate.of(kind).has(key) || this.#known?.mentioned.has(key)) return
    if (this.#known?.of(kind).has(key)) {
      if (!this.#removes || !this.estate.spoken.has(kind) || comesAlong({ kind, key })) return
      const problem = `the server has this ${nounOf[kind]}, the files do not, and it would be removed`
      this.#note(source.at(way), way, problem, text)
      return
    }
    if (kind === 'resourceType' && builtInTypes.has(key)) return
    const several = this.#known && severalIn(this.#known, kind, key)
    if (several) {
      this.#note(source.at(way), way, severalWords(several.kind, several.key), text, several.ids.join(', '))
      return
    }
    if (!this.#known && (!this.estate.spoken.has(kind) || isIdText(text))) return
    this.#note(
      source.at(way),
      way,
      `there is no ${nounOf[kind]} of this name`,
      text,
      this.#near(kind, key),
      this.#meant(kind, key),
    )
  }

  /** One that differs in case or by a slip of the keys. */
  #meant(kind: ThingKind, key: string): string | undefined {
    return meantBy(key, [...this.#names(kind)])
  }
  #names = (kind: ThingKind): Set<string> =>
    new Set([...this.estate.of(kind).keys(), ...(this.#known?.of(kind).keys() ?? [])])

  /** Names that might have been meant. */
  #near(kind: ThingKind, key: string): string | undefined {
    const last = key.split('/').at(-1)!.toLowerCase()
    const names = [...this.#names(kind)]
    const near = names.filter((name) => name.split('/').at(-1)!.toLowerCase() === last)
    const shown = near.length > 0 ? near : names.length <= nearMax ? names : []
    return shown.length === 0 ? undefined : sortedTexts(shown).slice(0, nearMax).join(', ')
  }

  /** The part of the key that is its own; notes where there is none. */
  #partOf(source: Source, item: Item, way: Way): string | undefined {
    if (item.name !== undefined || item.id !== undefined) return keyOf(item)
    this.#note(source.at(way), way, 'it has neither a `name` nor an `id`')
    return undefined
  }

  #placeOf(source: Source, way: Way, item: Item) {
    const places = new Map(Object.keys(item).map((name) => [name, source.at([...way, name])]))
    const anchor = (item.id as string | undefined) ?? source.anchorAt([...way, 'name'])
    return { at: source.at(way), places, ...(anchor === undefined ? {} : { id: anchor }) }
  }

  #add(thing: Thing): boolean {
    const other = this.estate.add(thing)
    if (!other) return true
    const { file, line } = other.at!
    this.problems.push({
      ...thing.at!,
      path: '',
      problem: `${nounOf[thing.kind]} \`${thing.key}\` is there already, at ${file}:${line}`,
      value: thing.key,
    })
    return false
  }
  #change(kind: ThingKind, key: string, change: (members: Members) => Members): void {
    const thing = this.estate.of(kind).get(key)
    if (thing) this.estate.of(kind).set(key, { ...thing, members: change(thing.members) })
  }
  #note(at: Position, way: Way, problem: string, value?: unknown, allowed?: string, meant?: string): void {
    const more = {
      ...(value === undefined ? {} : { value: String(value) }),
      ...(allowed === undefined ? {} : { allowed }),
      ...(meant === undefined ? {} : { meant }),
    }
    this.problems.push({ ...at, path: way.join('.'), problem, ...more })
  }
}

/** What makes ambiguous what a key names: of it, and of what it is under, something of which several have the name. */
function severalIn(known: Estate, kind: ThingKind, key: string) {
  const parts = key.split('/')
  for (let length = 1; length <= parts.length; length++) {
    const above = parts.slice(0, length).join('/')
    const kinds: readonly ThingKind[] = length === parts.length ? [kind] : ['ipam', 'scope', 'pool']
    for (const one of kinds) {
      const ids = known.several(one, above)
      if (ids) return { kind: one, key: above, ids: ids.slice(0, nearMax) }
    }
  }
  return undefined
}
const nearMax = 5
const nameOf = (item: Item): { name?: string } => (item.name === undefined ? {} : { name: textOf(item.name) })
const keyOf = ({ id, name }: Item): string => (id === undefined ? partOf(textOf(name)) : textOf(id))
const isIdText = (text: string): boolean => /^(ipam|ou|r)-/.test(text)
