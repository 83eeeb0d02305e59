// What is different between files and a server: which thing is which, and what each says otherwise.
import {
  canonical,
  comesAlong,
  type Estate,
  type FileProblem,
  keyUnder,
  type Members,
  nounOf,
  severalWords,
  type Thing,
  type ThingKind,
  thingKinds,
  unitKey,
} from './estate.ts'
import type { ServerRead } from './from-server.ts'
import { draftsByContent, versionOf } from './members.ts'

export interface MemberChange {
  readonly member: string
  readonly before?: unknown
  readonly after?: unknown
}
export interface Change {
  readonly kind: ThingKind
  readonly action: 'create' | 'change' | 'remove'
  /** As the files call it; of what they do not have, as the server does. */
  readonly key: string
  /** The account that has it, or will: names say nothing of that. */
  readonly owner?: string
  /** How it was called, where that changes. */
  readonly keyBefore?: string
  readonly id?: string
  readonly members: readonly MemberChange[]
  /** Whose requests it is about: nodes, accounts and principals. */
  readonly for: readonly string[]
  readonly at?: { readonly file: string; readonly line: number }
  /** Of what is new: what the server has that is called the same but for case. */
  readonly alike?: string
  /** Who changed it on the server last, by other means than files. */
  readonly drift?: Drift
}
export interface Drift {
  readonly action: string
  readonly principal: string
  readonly at: string
}

export interface Compared {
  readonly changes: readonly Change[]
  /** What the server has and the files do not, of kinds that the files speak of. */
  readonly missing: readonly Thing[]
  readonly problems: readonly FileProblem[]
  /** By kind and key of the files: the thing of the server. */
  readonly matched: ReadonlyMap<Thing, Thing>
  /** Of a policy, by the name of a draft: the version of the server that says the same. */
  readonly drafted: ReadonlyMap<Thing, ReadonlyMap<string, number>>
}

/** What is made once, and keeps it. */
const fixed: { readonly [K in ThingKind]?: readonly string[] } = {
  ipam: ['account', 'region'],
  pool: ['family', 'locale', 'awsService', 'publicIpSource', 'publiclyAdvertisable'],
}
/** What cannot be taken away again, only changed. */
const kept: { readonly [K in ThingKind]?: readonly string[] } = {
  pool: ['minNetmaskLength', 'maxNetmaskLength'],
}
/** What the server chooses where a file says nothing. */
const chosen: { readonly [K in ThingKind]?: readonly string[] } = {
  account: ['email', 'cloud', 'externalId', 'status'],
  ipam: ['operatingRegions'],
  pool: ['publicIpSource'],
}

const owned: readonly ThingKind[] = ['ipam', 'scope', 'pool', 'policy']

export function compare(files: Estate, server: ServerRead): Compared {
  return new Comparing(files, server).compare()
}

class Comparing {
  readonly #files: Estate
  readonly #server: Estate
  readonly #matched = new Map<Thing, Thing>()
  readonly #taken = new Map<Thing, Thing>()
  readonly #inLowerCase = new Map<ThingKind, ReadonlyMap<string, string>>()
  readonly #problems: FileProblem[] = []
  readonly #drafted = new Map<Thing, ReadonlyMap<string, number>>()
  /** By kind: what the server's keys are called in the files. */
  readonly #renamed = new Map<string, string>()

  readonly #ownerOnServer: ServerRead['ownerOf']

  constructor(files: Estate, { estate, ownerOf }: ServerRead) {
    this.#files = files
    this.#server = estate
    this.#ownerOnServer = ownerOf
  }

  compare(): Compared {
    for (const kind of thingKinds) if (kind !== 'roleBinding') this.#match(kind)
    // What bindings are called follows from what the nodes are.
    this.#match('roleBinding')
    const changes = thingKinds.flatMap((kind) =>
      [...this.#files.of(kind).values()]
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .flatMap((thing) => this.#changeOf(thing) ?? []),
    )
    const missing = [...this.#server.all()].filter(
      (thing) => this.#files.spoken.has(thing.kind) && !this.#taken.has(thing) && !comesAlong(thing),
    )
    return { changes, missing, problems: this.#problems, matched: this.#matched, drafted: this.#drafted }
  }

  // Which is which --------------------------------------------------------------------------------------------------------

  #match(kind: ThingKind): void {
    const theirs = this.#server.of(kind)
    const byId = new Map(
      [...theirs.values()].flatMap((thing) => (thing.id === undefined ? [] : [[thing.id, thing] as const])),
    )
    // Names first: an id in a comment says something only where the name does not.
    const ours = [...this.#files.of(kind).values()].sort((a, b) => a.key.split('/').length - b.key.split('/').length)
    for (const thing of ours) {
      const found = theirs.get(kind === 'roleBinding' ? this.#bindingKeyBefore(thing) : this.#keyBefore(thing))
      const marked = thing.id === undefined ? undefined : byId.get(thing.id)
      if (found && marked && found !== marked) {
        this.#note(
          thing,
          `the ${nounOf[kind]} of this name is \`${found.id}\`, and the comment says \`${thing.id}\`: one of the two is another one's`,
          thing.id,
        )
      } else if (found) this.#take(thing, found)
      else if (marked) this.#rename(thing, marked)
      else {
        const several = this.#server.several(kind, this.#keyBefore(thing))
        if (several) this.#note(thing, severalWords(kind, thing.key), undefined, several.join(', '))
      }
    }
  }

  /** Its key, were nothing above it called otherwise. */
  #keyBefore({ kind, key, parent }: Thing): string {
    const own = key.split('/').at(-1)!
    if (kind === 'account' || parent === undefined) return key
    const above = this.#parentOf(kind, parent)
    const before = above && this.#matched.get(above)
    if (!before) return key
    return kind === 'unit' ? unitKey(before.key, decode(own)) : keyUnder(before.key, own)
  }
  #parentOf(kind: ThingKind, parent: string): Thing | undefined {
    const kinds: readonly ThingKind[] = kind === 'pool' ? ['pool', 'scope'] : kind === 'unit' ? ['unit'] : ['ipam']
    return kinds.map((one) => this.#files.of(one).get(parent)).find((found) => found !== undefined)
  }
  #bindingKeyBefore({ members: { principal, role, node, effect } }: Thing): string {
    const before = this.#matched.get(this.#files.of('unit').get(node as string)!)?.key ?? node
    return `${principal} ${role} ${before} ${effect}`
  }

  #rename(thing: Thing, marked: Thing): void {
    const { kind } = thing
    const parent = this.#parentOf(kind, thing.parent ?? '')
    const parentBefore = parent ? this.#matched.get(parent)?.key : thing.parent
    if (kind !== 'account' && parentBefore !== marked.parent) {
      const what = `this is \`${marked.key}\` (${thing.id}), which would be moved${thing.name === marked.name ? '' : ' and called otherwise at the same time'}`
      this.#note(
        thing,
        `${what}: a ${nounOf[kind]} stays where it was made. Take the id out of the comment for a new one`,
        thing.key,
        marked.key,
      )
      return
    }
    if (this.#files.of(kind).has(marked.key)) {
      this.#note(
        thing,
        `\`${thing.id}\` is \`${marked.key}\`, which stands in the files too: take the id out of the comment for a new one`,
        thing.id,
      )
      return
    }
    this.#take(thing, marked)
  }

  #take(thing: Thing, found: Thing): void {
    const other = this.#taken.get(found)
    if (other) {
      this.#note(thing, `\`${found.id}\` stands behind two: the other one is \`${other.key}\``, found.id)
      return
    }
    this.#matched.set(thing, found)
    this.#taken.set(found, thing)
    if (thing.key !== found.key) this.#renamed.set(`${thing.kind} ${found.key}`, thing.key)
  }

  // What each says otherwise ----------------------------------------------------------------------------------------------

  #changeOf(thing: Thing): Change | undefined {
    const { kind, key, at } = thing
    const found = this.#matched.get(thing)
    const placed = at ? { at: { file: at.file, line: at.line } } : {}
    if (!found) {
      const said = flat(thing.members).map(([member, after]) => ({ member, after }))
      const members = [...said, ...this.#toBeDrafted(thing)]
      const alike = this.#alike(thing)
      const more = { ...placed, ...(alike === undefined ? {} : { alike }) }
      return { kind, action: 'create', key, ...this.#ownerOf(thing), members, for: audienceOf(thing), ...more }
    }
    const asBefore = this.#asInFiles(found, thing)
    const before = new Map(flat(asBefore))
    const after = new Map(flat(thing.members))
    const changed: MemberChange[] = []
    if (
      thing.name !== undefined &&
      thing.name !== found.name &&
      kind !== 'account' &&
      !before.has('name') &&
      !after.has('name')
    ) {
      changed.push({ member: 'name', before: found.name, after: thing.name })
    }
    for (const member of new Set([...before.keys(), ...after.keys()])) {
      const [was, is] = [before.get(member), after.get(member)]
      if (canonical(was) === canonical(is)) continue
      if (is === undefined && chosen[kind]?.includes(member)) continue
      const isFixed = fixed[kind]?.includes(member) || kind === 'resourceType'
      if (isFixed)
        this.#note(thing, `\`${member}\` stays as it was made: \`${shown(was)}\``, shown(is), shown(was), member)
      if (is === undefined && kept[kind]?.includes(member)) {
        this.#note(thing, `\`${member}\` can be changed, and not taken away`, undefined, shown(was), member)
      }
      changed.push({
        member,
        ...(was === undefined ? {} : { before: was }),
        ...(is === undefined ? {} : { after: is }),
      })
    }
    changed.push(...this.#toBeDrafted(thing))
    if (changed.length === 0) return undefined
    const renamed = thing.key === found.key ? {} : { keyBefore: found.key }
    const about = [...new Set([...audienceOf(thing), ...audienceOf({ ...found, members: asBefore })])].sort()
    const id = found.id === undefined ? {} : { id: found.id }
    const owner = this.#ownerOf(thing)
    return { kind, action: 'change', key, ...owner, ...renamed, ...id, members: changed, for: about, ...placed }
  }

  /** Two that are told apart by case alone are mostly one that was written wrongly. */
  #alike({ kind, key }: Thing): string | undefined {
    let names = this.#inLowerCase.get(kind)
    if (!names) {
      names = new Map([...this.#server.of(kind).keys()].map((one) => [one.toLowerCase(), one]))
      this.#inLowerCase.set(kind, names)
    }
    const found = names.get(key.toLowerCase())
    // What is below such a one has nothing of its own to say.
    return found !== undefined && aboveOf(found) === aboveOf(key) ? found : undefined
  }

  /** What is in an IPAM is the account's that has that. */
  #ownerOf(thing: Thing): { readonly owner?: string } {
    if (!owned.includes(thing.kind)) return {}
    const found = this.#matched.get(thing)
    const ipam = thing.key.split('/')[0]!
    const [ours, theirs] = [this.#files.of('ipam').get(ipam), found ?? this.#server.of('ipam').get(ipam)]
    const owner = found
      ? this.#ownerOnServer(found)
      : (ours?.members.account ?? (theirs && this.#ownerOnServer(theirs)))
    return owner === undefined ? {} : { owner: owner as string }
  }

  /** What the server says, with what the files call what it names. */
  #asInFiles({ kind, members }: Thing, thing: Thing): Members {
    const unit = (key: string): string => this.#renamed.get(`unit ${key}`) ?? key
    const pool = (key: string): string => this.#renamed.get(`pool ${key}`) ?? key
    if (kind === 'account') return { ...members, parent: unit(members.parent as string) }
    if (kind === 'roleBinding') return { ...members, node: unit(members.node as string) }
    if (kind === 'pool' && members.sharedWith)
      return { ...members, sharedWith: (members.sharedWith as string[]).map(unit).sort() }
    if (kind !== 'policy') return members
    const documentsIn = (documents: unknown): Members =>
      mapped(documents as Record<string, Members>, (pair, document) => {
        const rules = (document.rules as { pool: string; when?: Members }[]).map(({ pool: key, when }) => ({
          pool: pool(key),
          ...(when ? { when: { ...when, ...unitsIn(when, unit) } } : {}),
        }))
        return [pair, { ...document, rules }]
      })
    const drafts = mapped(members.drafts as Record<string, Members>, (label, draft) => [
      label,
      { ...draft, documents: documentsIn(draft.documents) },
    ])
    const names = this.#nameDrafts(drafts, thing)
    const assignments = mapped(members.assignments as Record<string, Members>, (target, value) => {
      const { draft, ...candidate } = (value.candidate ?? {}) as { readonly draft?: string }
      const named = draft === undefined ? candidate : { draft: names.get(draft) ?? draft, ...candidate }
      return [unit(target), value.candidate ? { ...value, candidate: named } : value]
    })
    return { ...members, documents: documentsIn(members.documents), assignments }
  }

  /** What the files call the server's drafts: they go by what they say. */
  #nameDrafts(drafts: Members, thing: Thing): ReadonlyMap<string, string> {
    const byContent = draftsByContent(thing.members.drafts as Members)
    const names = new Map(
      Object.entries(drafts).flatMap(([label, draft]) => {
        const name = byContent.get(canonical(draft))
        return name === undefined ? [] : [[label, name] as const]
      }),
    )
    this.#drafted.set(thing, new Map([...names].map(([label, name]) => [name, versionOf(label)])))
    return names
  }
  /** What candidates name and no version says. Other drafts are nothing to a server: they wait in the files. */
  #toBeDrafted(thing: Thing): MemberChange[] {
    if (thing.kind !== 'policy') return []
    const { drafts, assignments } = thing.members as Readonly<Record<'drafts' | 'assignments', Record<string, Members>>>
    const named = Object.values(assignments).flatMap(({ candidate }) => (candidate as Members | undefined)?.draft ?? [])
    return [...new Set(named as string[])]
      .filter((name) => !this.#drafted.get(thing)?.has(name))
      .map((name) => ({ member: `drafts ${name}`, after: drafts[name] }))
  }

  #note({ kind, key, at, places }: Thing, problem: string, value?: string, allowed?: string, member?: string): void {
    const position = (member === undefined ? undefined : places?.get(member)) ?? at!
    const more = { ...(value === undefined ? {} : { value }), ...(allowed === undefined ? {} : { allowed }) }
    this.#problems.push({ ...position, path: `${kind} ${key}`, problem, ...more })
  }
}

const aboveOf = (key: string): string => key.slice(0, key.lastIndexOf('/') + 1)
const decode = (part: string): string => part.replaceAll('%2F', '/').replaceAll('%25', '%')
const shown = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'))
const mapped = (
  members: Readonly<Record<string, Members>>,
  map: (name: string, value: Members) => readonly [string, Members],
): Members => Object.fromEntries(Object.entries(members).map(([name, value]) => map(name, value)))
const unitsIn = ({ organizationalUnits }: Members, unit: (key: string) => string): Members =>
  organizationalUnits ? { organizationalUnits: (organizationalUnits as string[]).map(unit).sort() } : {}

/** Members, with those of documents and assignments apart: each is changed by itself. Drafts are said by what names them. */
function flat(members: Members): (readonly [string, unknown])[] {
  return Object.entries(members).flatMap(([member, value]): (readonly [string, unknown])[] =>
    member === 'documents' || member === 'assignments'
      ? Object.entries(value as Members).map(([part, inner]) => [`${member} ${part}`, inner] as const)
      : member === 'drafts'
        ? []
        : [[member, value] as const],
  )
}

/** Whom a thing is for. */
function audienceOf({ kind, key, members }: Thing): string[] {
  switch (kind) {
    case 'policy':
      return Object.keys(members.assignments as Members).sort()
    case 'pool':
      return [...((members.sharedWith ?? []) as string[])]
    case 'roleBinding':
      return [members.principal as string]
    case 'unit':
    case 'account':
      return [key]
    default:
      return []
  }
}
