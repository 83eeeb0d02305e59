// Who asks. Only `api/aws/sigv4.ts` and `api/rest/session.ts` (and, for the operator's own commands, `cli`) make one.

export interface Principal {
  /** The twelve digits of the account that the caller acts in. */
  readonly account: string
  /** `arn:aws:iam::ACCOUNT:user/NAME`, `…:root`, or `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`. */
  readonly arn: string
  /** The access key that signed. Never the secret. */
  readonly accessKeyId: string
  /** `AIDA…` for users, `AROA…:SESSION` for assumed roles; what `GetCallerIdentity` calls UserId. */
  readonly userId: string
  /**
   * The epoch of keys at which the key was read: a transaction of another one looks whether it is still good. Undefined
   * where no key of the register signed.
   */
  readonly keyEpoch?: string
  /** Milliseconds since 1970, by the clock of the database; undefined where it does not end by itself, or was looked at. */
  readonly expiresAt?: number
  /** Who asks over the native API; a signed request has none, and may do what its account may. */
  readonly native?: NativePrincipal
}

export interface NativePrincipal {
  /** `user:NAME` or `service:NAME`. */
  readonly name: string
  /** `group:NAME`, as the identity provider said at sign-in. */
  readonly groups: readonly string[]
  /** What the token is narrowed to; empty: whatever the principal may. */
  readonly scopes: readonly string[]
  /** Who it is for the identity provider, whatever name that gives them: its issuer and their subject there. */
  readonly subject?: string
  /** Who made the token, and who made theirs: names and subjects. Empty where a sign-in or the operator did. */
  readonly makers: readonly string[]
  /** Groups that sign-ins behind the token proved, of its principal and of makers; no other groups of makers are known. */
  readonly makerGroups?: readonly MakerGroups[]
}

/** The groups of somebody behind a token, as the sign-in proved them that it was made with, itself or through others. */
export interface MakerGroups {
  readonly name: string
  readonly groups: readonly string[]
  /** When that sign-in is over; 0 where it was ended before. From then on the groups only forbid. */
  readonly until: number
}

/** A principal, and the groups whose permits count for it at a moment. */
export interface Party {
  readonly name: string
  readonly groups: readonly string[]
  /** Those that a sign-in behind the token proved, also where it has ended: what is forbidden to them binds it. */
  readonly formerGroups: readonly string[]
}

/**
 * Those whose rights a token has, each of whom must be permitted what is done with it: its principal, and whoever made it for
 * them. The name beside a subject is what is authorized, and not the subject, which has no roles. Permits of groups end with the
 * sign-in that proved them, and forbids do not: else whoever is bound by one would only have to make a longer token.
 */
export function partiesOf(
  { name, groups, makers, makerGroups = [] }: Pick<NativePrincipal, 'name' | 'groups' | 'makers' | 'makerGroups'>,
  now: number,
): readonly Party[] {
  const others = makers.filter((maker) => maker !== name && isPrincipalName(maker))
  const groupsOf = (party: string, after: number): string[] =>
    makerGroups.flatMap((one) => (one.name === party && one.until > after ? one.groups : []))
  const formerGroups = (party: string): string[] => groupsOf(party, Number.NEGATIVE_INFINITY)
  return [
    { name, groups, formerGroups: formerGroups(name) },
    ...others.map((maker) => ({ name: maker, groups: groupsOf(maker, now), formerGroups: formerGroups(maker) })),
  ]
}

/** As it is on record: `user:NAME` of the native API, with the home account. */
export const arnOfNative = (account: string, name: string): string =>
  `arn:cadastre::${account}:${name.replace(':', '/')}`
/** Of the native API, as it is on record (`arn:cadastre::ACCOUNT:user/NAME`): `user:NAME`. */
export const nameOfNative = (arn: string): string => arn.slice(arn.lastIndexOf(':') + 1).replace('/', ':')

/** Who has done something, as it is told: by the name of the native API, or by the name that AWS has for them. */
export const whoIs = ({ arn, native }: Pick<Principal, 'arn' | 'native'>): string => native?.name ?? arn

/** A person signs in, or gets a token from the operator; a service gets its tokens from others; a group has none. */
export type PrincipalKind = 'user' | 'service' | 'group'
export const principalKind = (name: string): PrincipalKind => name.slice(0, name.indexOf(':')) as PrincipalKind

const principalPattern = /^(user|service|group):[\w.@+=,-]{1,128}$/
export const isPrincipalName = (text: string): boolean => principalPattern.test(text)

/** Whoever did something: by name, and by what else is known of the person. */
export interface Actor {
  readonly by: string
  readonly subject?: string
  readonly makers?: readonly string[]
}

/**
 * For whom it is counted what somebody uses up: whoever made the first of the tokens that led to theirs, or else themselves.
 * Else whoever may make tokens would have as many shares as names.
 */
export const accountableFor = ({ by, makers }: Actor): string => makers?.[0] ?? by

export const accountableOf = ({ name, makers }: Pick<NativePrincipal, 'name' | 'makers'>): string =>
  accountableFor({ by: name, makers })

/** Those who stand behind a token that `native` makes for somebody else. */
export const makersOf = ({ name, subject, makers }: NativePrincipal): readonly string[] => [
  ...new Set([...makers, name, ...(subject === undefined ? [] : [subject])]),
]

/**
 * By what a principal is known to itself, where names alone would mix up those who bear them: anybody who may make tokens may
 * name a service, so that one with makers is another one than the one of that name that others made.
 */
export const bearerOf = ({ by, makers = [] }: Actor): string =>
  makers.length === 0 || !by.startsWith('service:') ? by : `${by} by ${makers.join(', ')}`

export const isSameBearer = (one: Actor, other: Actor): boolean => bearerOf(one) === bearerOf(other)

/** The same as `sharedIdentity`, of bearers: the name of a service that somebody made shows nothing of who is behind it. */
export function sharedBearer(one: Actor, other: Actor): string | undefined {
  const behindOther = identitiesBehind(other)
  return identitiesBehind(one).find((self) => behindOther.includes(self))
}

/** Names and subjects by which those are known who stand behind what somebody did. */
export const identitiesBehind = (actor: Actor): readonly string[] => [
  ...(bearerOf(actor) === actor.by ? selvesOf(actor) : []),
  ...(actor.makers ?? []),
]

const selvesOf = ({ by, subject }: Actor): readonly string[] => (subject === undefined ? [by] : [by, subject])

/**
 * What shows that two acts may be one person's: the same name, the same subject, that one made the token of the other, or that
 * somebody made both of their tokens. People get theirs from nobody but a sign-in and the operator, who are no makers.
 */
export function sharedIdentity(one: Actor, other: Actor): string | undefined {
  const behindOther = [...selvesOf(other), ...(other.makers ?? [])]
  return [...selvesOf(one), ...(one.makers ?? [])].find((self) => behindOther.includes(self))
}
