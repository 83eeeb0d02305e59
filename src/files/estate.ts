// Everything governed as things with names: what files say and what a server has, in one form, so that they can be compared.
import { kindOf } from '#model/identifier.ts'
import { isAccountId, isTargetId } from '#model/organization.ts'

/** In the order in which one kind needs another. */
export const thingKinds = [
  'resourceType',
  'unit',
  'account',
  'organization',
  'ipam',
  'scope',
  'pool',
  'policy',
  'roleBinding',
] as const
export type ThingKind = (typeof thingKinds)[number]

/** As people call them, for sentences. */
export const nounOf: Readonly<Record<ThingKind, string>> = {
  resourceType: 'resource type',
  unit: 'unit',
  account: 'account',
  organization: 'organization',
  ipam: 'IPAM',
  scope: 'scope',
  pool: 'pool',
  policy: 'policy',
  roleBinding: 'role binding',
}

const pluralOf = (kind: ThingKind): string => `${nounOf[kind].replace(/y$/, 'ie')}s`
export const severalWords = (kind: ThingKind, key: string): string =>
  `several ${pluralOf(kind)} are called \`${key}\`: say the id of the one that is meant`

export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}
/** What is wrong with files, and where. */
export interface FileProblem extends Position {
  /** The member, such as `pools.0.locale`; empty for the file as a whole. */
  readonly path: string
  readonly problem: string
  readonly value?: string
  readonly allowed?: string
  /** Of what is allowed, what was likely to be said. */
  readonly meant?: string
  /** It is not wrong as it is, and will be in the way. */
  readonly isWarning?: true
}

export type Members = Readonly<Record<string, unknown>>
export interface Thing {
  readonly kind: ThingKind
  /** The names of all that it is under and its own, or its number; unique among its kind. */
  readonly key: string
  /** The key of what it is directly under. */
  readonly parent?: string
  /** Undefined where it has none. */
  readonly name?: string
  /** What it says, with the keys of other things in place of ids. */
  readonly members: Members
  /** What it has on the server; in a file, the id in the comment behind its name. */
  readonly id?: string
  /** Where it stands in a file. */
  readonly at?: Position
  /** Where what it says stands, by the member and parts of it, such as `documents us-east-1 eip`. */
  readonly places?: ReadonlyMap<string, Position>
}

export class Estate {
  readonly #things = new Map<ThingKind, Map<string, Thing>>(thingKinds.map((kind) => [kind, new Map()]))
  /** Kinds that are spoken of: of others it is not known what there is. */
  readonly spoken = new Set<ThingKind>()
  /** By kind and the key that it would be: the ids of several of one name. None of them has it, and each goes by its id. */
  readonly #several = new Map<string, readonly string[]>()

  /**
   * Numbers and ids that the server names and that are none of these things: of accounts that are closed or gone, of pools inside of
   * networks, of what the caller does not see. Files may go on naming them, and no more than that.
   */
  readonly mentioned = new Set<string>()

  addSeveral(kind: ThingKind, key: string, ids: readonly string[]): void {
    this.#several.set(`${kind} ${key}`, ids)
  }
  several(kind: ThingKind, key: string): readonly string[] | undefined {
    return this.#several.get(`${kind} ${key}`)
  }

  /** The other thing of this kind and key, where there is one already. */
  add(thing: Thing): Thing | undefined {
    const known = this.of(thing.kind).get(thing.key)
    if (!known) this.of(thing.kind).set(thing.key, thing)
    return known
  }
  of(kind: ThingKind): Map<string, Thing> {
    return this.#things.get(kind)!
  }
  *all(): Generator<Thing> {
    for (const kind of thingKinds) yield* this.of(kind).values()
  }
}

// Names --------------------------------------------------------------------------------------------------------------

/** A part of a key: a name may have the slash in it that is between names. */
export const partOf = (name: string): string => name.replaceAll('%', '%25').replaceAll('/', '%2F')
export const keyUnder = (parent: string | undefined, part: string): string =>
  parent === undefined || parent === '' ? part : `${parent}/${part}`
/** The root of the organization, and the key of a unit below it: `/`, `/Prod`. */
export const rootKey = '/'
export const unitKey = (parent: string, name: string): string =>
  parent === rootKey ? `/${partOf(name)}` : `${parent}/${partOf(name)}`

/** Default scopes come and go with their IPAM, and who runs the IPAM is said by a member. */
export const comesAlong = ({ kind, key }: Pick<Thing, 'kind' | 'key'>): boolean =>
  (kind === 'scope' && /\/(private|public)$/.test(key)) || kind === 'organization'

/** An id in a comment, with which it begins. */
export function anchorIn(comment: string | null | undefined): string | undefined {
  const [word = ''] = (comment ?? '').trim().split(/[\s,;]+/)
  return kindOf(word) !== undefined || isTargetId(word) ? word : undefined
}

/** Which accounts go first of those of one name: whoever names one further below takes none from those above. */
export const nearness = { speaksForAll: 0, atRoot: 1, below: 2 } as const
type Nearness = (typeof nearness)[keyof typeof nearness]
/** Accounts by their names, for references to them. */
export class AccountNames {
  readonly #keys = new Map<string, Map<string, Nearness>>()
  /** @param near of what is known in two ways, the nearer */
  add(name: string, key: string, near: Nearness): void {
    const keys = this.#keys.get(name) ?? new Map<string, Nearness>()
    const known = keys.get(key) ?? near
    this.#keys.set(name, keys.set(key, near < known ? near : known))
  }
  /** The key of the one account that is called so; several; or undefined where none is known. */
  find(name: string): string | 'several' | undefined {
    if (isAccountId(name)) return name
    const keys = [...(this.#keys.get(name) ?? [])]
    const nearest = Math.min(...keys.map(([, near]) => near))
    const [one, other] = keys.flatMap(([key, near]) => (near === nearest ? [key] : []))
    return other === undefined ? one : 'several'
  }
  /** How an account is written in files. */
  nameOf(number: string, name: string | undefined): string {
    return name !== undefined && !name.startsWith('/') && name !== '*' && this.find(name) === number ? name : number
  }
}

/** The same texts for equal values, whatever the order of their members. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
    .join(',')}}`
}
