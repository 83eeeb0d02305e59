// What others are told of: each kind of event is one value, and what is told of one is facts, which become words where they are shown.
import { dayMs } from './clock.ts'
import type { DigestPeriod } from './delivery.ts'
import { type Facts, type FindingStatus, type Severity, severities } from './finding.ts'
import type { ObjectNoun } from './kinds.ts'
import type { Action } from './roles.ts'

/** Only what JSON gives back as it was. Of a finding, with what its control has seen. */
export type EventFacts = Readonly<Record<string, Facts[string] | Facts | undefined>>

/** What a control says of what it has seen, in words: controls are known above this layer. */
export type FindingWords = (control: string, facts: Facts) => string

interface EventKind {
  /** Undefined: that of the finding which it tells of. */
  readonly severity?: Severity
  /** What lets somebody be told, at the node that the event is filed under. */
  readonly read: Action
  /** What its subject is; undefined: whatever a finding is about. */
  readonly about?: ObjectNoun | 'access-key' | 'evidence-log'
  /** One sentence: what has happened. */
  readonly summary: string
  /** One sentence about one, made of its facts where it is told. */
  words(facts: EventFacts, findingWords: FindingWords): string
  /** The control whose findings are told of so when they open, in place of `finding.opened`. */
  readonly control?: string
  /** Of what comes all the time: told to those alone who ask for it by name. */
  readonly isNamedAlone?: true
  /** Of such a one: what is told beside what the control has seen. */
  more?(facts: Facts, now: number): Facts
  /** Of such a one: whether other facts of a finding that goes on are told, too. */
  isToldAgain?(before: Facts, after: Facts): boolean
}

const kind = <F extends object>(
  value: Omit<EventKind, 'words'> & { words(facts: F, findingWords: FindingWords): string },
): EventKind & { readonly facts?: F } => ({ ...value, words: (facts, say) => value.words(facts as F, say) })

/** Of an exception, and of what has become of it. */
export type ExceptionFacts = {
  readonly target: string
  readonly locale: string
  readonly resourceType: string
  readonly resource?: string
  readonly reason: string
  readonly requestedBy: string
  /** Who has decided, or done, what is told. */
  readonly by?: string
  readonly note?: string
  readonly expiresAt: string
  /** What is told is about a later end. */
  readonly isRenewal?: true
}
const what = ({ target, locale, resourceType }: ExceptionFacts): string =>
  `an exception for \`${resourceType}\` in \`${locale}\`, for \`${target}\``
const noted = (note: string | undefined): string => (note ? `: «${note}»` : '.')
const exceptionKind = (severity: Severity, summary: string, words: (facts: ExceptionFacts) => string) =>
  kind<ExceptionFacts>({ severity, read: 'exception:read', about: 'exception', summary, words })

/** Of a change request, and of what has become of it. */
export type ChangeFacts = {
  readonly reason: string
  readonly author: string
  /** Who has done what is told; nobody where a clock has. */
  readonly by?: string
  readonly note?: string
  /** So many have to approve it, and so many have. */
  readonly approvers?: number
  readonly approved?: number
  readonly class?: string
  /** So many stages of a rollout are made. */
  readonly stage?: number
  readonly stages?: number
  /** What it was halted for, or failed on. */
  readonly why?: string
}
const change = ({ reason, author }: ChangeFacts): string => `the change «${reason}» of ${author}`
const staged = ({ stage, stages }: ChangeFacts): string =>
  stage === undefined ? '' : `, after stage ${stage} of ${stages}`
const changeKind = (severity: Severity, summary: string, words: (facts: ChangeFacts) => string) =>
  kind<ChangeFacts>({ severity, read: 'change:read', about: 'change-request', summary, words })

/** Of a finding. */
export type FindingFacts = {
  readonly findingId: string
  readonly control: string
  readonly of: Facts
}
const saidOf = ({ control, of }: FindingFacts, say: FindingWords): string => say(control, of)

/** Days before its end at which an exception is told of. */
export const endsSoonDays = 7

/** Names never change: subscriptions and those who receive events know them. What comes before the dot is the group. */
export const eventKinds = {
  'exception.requested': exceptionKind(
    'medium',
    'Somebody asks for an exception, or for a later end of one.',
    (facts) =>
      facts.isRenewal
        ? `${facts.requestedBy} asks for a later end (${facts.expiresAt}) of ${what(facts)}${noted(facts.reason)}`
        : `${facts.requestedBy} asks for ${what(facts)}, until ${facts.expiresAt}${noted(facts.reason)}`,
  ),
  'exception.approved': exceptionKind(
    'informational',
    'An exception, or a later end of one, was approved.',
    (facts) => `${facts.by} has approved ${what(facts)}, until ${facts.expiresAt}.`,
  ),
  'exception.denied': exceptionKind(
    'low',
    'An exception, or a later end of one, was denied.',
    (facts) => `${facts.by} has denied ${what(facts)}${noted(facts.note)}`,
  ),
  'exception.revoked': exceptionKind(
    'medium',
    'An exception was ended before its time.',
    (facts) => `${facts.by} has revoked ${what(facts)}${noted(facts.note)}`,
  ),
  'exception.ends-soon': exceptionKind(
    'low',
    `An exception ends in ${endsSoonDays} days.`,
    (facts) => `In ${endsSoonDays} days, at ${facts.expiresAt}, ends ${what(facts)}.`,
  ),
  'exception.ended': exceptionKind(
    'low',
    'An exception is over: what was taken under it stays, as a finding.',
    (facts) => `Since ${facts.expiresAt} is over: ${what(facts)}.`,
  ),
  'break-glass.used': exceptionKind(
    'critical',
    'Somebody broke the glass: an exception is in force that nobody has approved.',
    (facts) => `${facts.requestedBy} broke the glass: ${what(facts)}, until ${facts.expiresAt}${noted(facts.reason)}`,
  ),
  'break-glass.reviewed': exceptionKind(
    'informational',
    'Somebody else has looked at a break-glass.',
    (facts) => `${facts.by} has reviewed ${what(facts)}${noted(facts.note)}`,
  ),
  'break-glass.awaits-review': kind<FindingFacts>({
    read: 'finding:read',
    summary: 'A break-glass awaits the review of somebody else.',
    control: 'break-glass-review',
    words: saidOf,
  }),
  'policy.changed': kind<{ readonly version: number; readonly by: string; readonly isNew?: true }>({
    severity: 'medium',
    read: 'policy:read',
    about: 'ipam-policy',
    summary: 'A policy says something else, or there is a new one.',
    words: ({ version, by, isNew }) =>
      isNew ? `${by} has made the policy.` : `${by} has put version ${version} of the policy in force.`,
  }),
  'policy.deleted': kind<{ readonly by: string }>({
    severity: 'medium',
    read: 'policy:read',
    about: 'ipam-policy',
    summary: 'A policy was deleted.',
    words: ({ by }) => `${by} has deleted the policy.`,
  }),
  'assignment.changed': kind<{
    readonly target: string
    readonly by: string
    /** Where it is enabled; without it, it is not any more. */
    readonly kind?: string
    readonly mode?: string
  }>({
    severity: 'high',
    read: 'policy:read',
    about: 'ipam-policy',
    summary: 'A policy was enabled or disabled somewhere, or is so otherwise.',
    words: ({ target, by, kind: as, mode }) =>
      as === undefined
        ? `${by} has disabled the policy for \`${target}\`.`
        : `${by} has enabled the policy for \`${target}\`, as \`${as}\`, mode \`${mode}\`.`,
  }),
  'change-request.proposed': changeKind(
    'informational',
    'Somebody proposes a change.',
    (facts) => `Proposed: ${change(facts)}.`,
  ),
  'change-request.awaits-approval': changeKind(
    'medium',
    'A change request waits for approval, or says something else than before.',
    (facts) =>
      `${facts.approvers} must approve ${change(facts)}${facts.class === undefined ? '' : ` (\`${facts.class}\`)`}, and ${facts.approved} have.`,
  ),
  'change-request.approved': changeKind(
    'low',
    'A change request was approved by as many as it needs.',
    (facts) => `Approved: ${change(facts)}.`,
  ),
  'change-request.applied': changeKind(
    'medium',
    'A change was made as it was approved, or a stage of its rollout.',
    (facts) => `Made: ${change(facts)}${staged(facts)}.`,
  ),
  'change-request.halted': changeKind(
    'high',
    'The rollout of a change was halted, and waits for somebody to resume or revert it.',
    (facts) => `Halted${staged(facts)}, for \`${facts.why}\`: ${change(facts)}.`,
  ),
  'change-request.reverted': changeKind(
    'high',
    'A change was taken back.',
    (facts) => `${facts.by} has reverted ${change(facts)}${noted(facts.note)}`,
  ),
  'change-request.failed': changeKind(
    'high',
    'A change that was approved could not be made when its window opened.',
    (facts) => `Not made, for \`${facts.why}\`: ${change(facts)}.`,
  ),
  'change-request.break-glass': changeKind(
    'critical',
    'Somebody broke the glass: a change was made, resumed or reverted without what it needs otherwise.',
    (facts) => `${facts.by} broke the glass for ${change(facts)}${noted(facts.note)}`,
  ),
  'pool.nearly-full': kind<FindingFacts>({
    read: 'finding:read',
    summary: 'A pool is nearly full, or fuller than it was.',
    control: 'pool-nearly-full',
    words: saidOf,
    isToldAgain: ({ usedPercent: before }, { usedPercent: after }) => Number(after) > Number(before),
  }),
  'pool.soon-dry': kind<FindingFacts>({
    read: 'finding:read',
    summary: 'A pool runs dry soon, if its use goes on as it went; with days.',
    control: 'pool-soon-full',
    words: saidOf,
    more: ({ week }, now) => ({ days: Math.max(0, Math.ceil((Date.parse(String(week)) - now) / dayMs)) }),
  }),
  'source.stale': kind<FindingFacts>({
    read: 'finding:read',
    summary: 'A source has told nothing for longer than it should.',
    control: 'source-stale',
    words: saidOf,
  }),
  'finding.opened': kind<FindingFacts>({
    read: 'finding:read',
    summary: 'A finding was opened, of a control that has no event of its own.',
    words: saidOf,
  }),
  'finding.reopened': kind<FindingFacts>({
    read: 'finding:read',
    summary: 'A finding that was resolved or set aside is open again.',
    words: (facts, say) => `Again: ${saidOf(facts, say)}`,
  }),
  'finding.suppressed': kind<FindingFacts & { readonly by: string; readonly reason: string; readonly until: string }>({
    read: 'finding:read',
    summary: 'Somebody has set a finding aside for a time.',
    words: (facts, say) => `Set aside by ${facts.by} until ${facts.until}, «${facts.reason}»: ${saidOf(facts, say)}`,
  }),
  'finding.resolved': kind<FindingFacts>({
    read: 'finding:read',
    summary: 'A finding is resolved: of any control.',
    words: (facts, say) => `Resolved: ${saidOf(facts, say)}`,
  }),
  'token.made': kind<{ readonly principal: string; readonly by: string; readonly expiresAt: string }>({
    severity: 'low',
    read: 'token:read',
    about: 'api-token',
    summary: 'A token of the native API was made.',
    words: ({ principal, by, expiresAt }) => `${by} has made a token for ${principal}, until ${expiresAt}.`,
  }),
  'access-key.made': kind<{ readonly user: string }>({
    severity: 'medium',
    read: 'token:read',
    about: 'access-key',
    summary: 'An access key was made by the operator.',
    words: ({ user }) => `An access key for \`${user}\` was made at the server.`,
  }),
  'evidence.checkpoint': kind<{ readonly size: number; readonly checkpoint: string }>({
    severity: 'informational',
    read: 'history:read',
    about: 'evidence-log',
    summary:
      'A checkpoint of the log of evidence was signed. It goes to subscriptions alone that name it, or its group.',
    isNamedAlone: true,
    words: ({ size }) => `The log of evidence has ${size} leaves.`,
  }),
  'evidence.refused': kind<{ readonly witness: string; readonly problem: string }>({
    severity: 'critical',
    read: 'history:read',
    about: 'evidence-log',
    summary: 'A witness does not sign the log of evidence: it has seen another one under its name.',
    words: ({ witness, problem }) => `Witness \`${witness}\` does not sign the log of evidence: ${problem}.`,
  }),
  'evidence.forked': kind<{ readonly size: number; readonly seen: string; readonly conflict: string }>({
    severity: 'critical',
    read: 'history:read',
    about: 'evidence-log',
    summary: 'A log that this server is a witness for shows two histories.',
    words: ({ size }) => `Of its first ${size} leaves the log has signed two roots: it shows two histories.`,
  }),
  'subscription.paused': kind<{ readonly target: string; readonly failures: number }>({
    severity: 'high',
    read: 'notification:read',
    about: 'subscription',
    summary: 'The target of a subscription fails: it is asked less often until it answers.',
    words: ({ target, failures }) => `${failures} deliveries to \`${target}\` have failed, one after the other.`,
  }),
  // Who is accountable is told where that is somebody else: whoever made the tokens of a service.
  'subscription.test': kind<{ readonly by: string; readonly accountable?: string }>({
    severity: 'informational',
    read: 'notification:read',
    about: 'subscription',
    summary: 'Somebody tries whether a subscription arrives. It goes to that subscription alone.',
    words: ({ by }) => `${by} tries whether this arrives. It does.`,
  }),
} as const satisfies Readonly<Record<string, EventKind>>

export type EventName = keyof typeof eventKinds
export const eventNames = Object.keys(eventKinds) as readonly EventName[]
/** What is told of one of a kind. */
export type FactsOf<Name extends EventName> = NonNullable<(typeof eventKinds)[Name]['facts']>

export const eventKindOf = (name: string): EventKind | undefined =>
  Object.hasOwn(eventKinds, name) ? (eventKinds as Readonly<Record<string, EventKind>>)[name] : undefined

/** Names of kinds, and of their groups: each is good in a subscription. */
export const eventSelectors = [...new Set(eventNames.flatMap((name) => [groupOf(name), name]))].sort()
function groupOf(name: string): string {
  return name.slice(0, name.indexOf('.'))
}

const byControl = new Map(
  eventNames.flatMap((name) => {
    const control = eventKindOf(name)?.control
    return control === undefined ? [] : [[control, name] as const]
  }),
)
/** What a finding of a control is told of as when it opens. */
export const openedAs = (control: string): EventName => byControl.get(control) ?? 'finding.opened'

/** What asks for all kinds, also those that come with a later version. */
export const everyEvent = 'all'

/** What an event is told in. */
export const targetFormats = ['webhook', 'slack', 'teams', 'mail', 'ocsf', 'asff', 'syslog'] as const
export type TargetFormat = (typeof targetFormats)[number]

interface FormatTraits {
  /** How it goes out. */
  readonly over: 'http' | 'mail' | 'syslog'
  /** By the signature of standard webhooks. */
  readonly isSigned: boolean
  /** It has words for findings alone. */
  readonly isOfFindings: boolean
  /** It has words for many events at once. */
  readonly hasDigests: boolean
}
const forPeople = { isOfFindings: false, hasDigests: true } as const
const eachAlone = { isOfFindings: false, hasDigests: false } as const
export const formatTraits: Readonly<Record<TargetFormat, FormatTraits>> = {
  webhook: { over: 'http', isSigned: true, ...forPeople },
  slack: { over: 'http', isSigned: false, ...forPeople },
  teams: { over: 'http', isSigned: false, ...forPeople },
  mail: { over: 'mail', isSigned: false, ...forPeople },
  ocsf: { over: 'http', isSigned: true, ...eachAlone },
  asff: { over: 'http', isSigned: true, ...eachAlone, isOfFindings: true },
  syslog: { over: 'syslog', isSigned: false, ...eachAlone },
}

/** Whether events of a kind are about a finding. */
export const isOfFinding = (name: string): boolean => {
  const found = eventKindOf(name)
  return found !== undefined && found.about === undefined
}
/** The kinds that a subscription asks for, of those that its format has words for. */
export const kindsWanted = ({ events, format }: Pick<Wanted, 'events' | 'format'>): readonly EventName[] =>
  eventNames.filter((name) => isAskedFor(events, name) && (!formatTraits[format].isOfFindings || isOfFinding(name)))

export interface Wanted {
  /** Kinds and groups; none: all. */
  readonly events: readonly string[]
  readonly severity: Severity
  readonly format: TargetFormat
}
const isAskedFor = (events: readonly string[], name: string): boolean =>
  (events.length === 0 && !eventKindOf(name)?.isNamedAlone) || events.includes(name) || events.includes(groupOf(name))
/** Whether a subscription asks for an event: by its kind, and by how much it matters. */
export const isWanted = (
  { events, severity: least, format }: Wanted,
  { kind: name, severity }: { readonly kind: string; readonly severity: Severity },
): boolean =>
  isAskedFor(events, name) &&
  severities.indexOf(severity) <= severities.indexOf(least) &&
  (!formatTraits[format].isOfFindings || isOfFinding(name))

/** An event as it is told to somebody, whatever the format. */
export interface ToldEvent {
  readonly id: string
  readonly kind: string
  readonly severity: Severity
  readonly at: number
  /** What it is about. */
  readonly subject: string
  readonly node: string
  /** What the node, and pools and policies in the facts, are called: as far as whoever is told may know. */
  readonly names: Readonly<Record<string, string>>
  readonly facts: EventFacts
  readonly summary: string
  /** Of what is told of a finding: the finding, as it was then. */
  readonly finding?: ToldFinding
  /** Where it can be looked at; undefined where nobody knows how this server is reached. */
  readonly link?: string
  /** Whose subscription it is. */
  readonly contact?: string
  /** How many of the same it has taken the place of. */
  readonly repeats?: number
  /** How many others of its kind it stands for, which the same requester has brought about at the node. */
  readonly others?: number
  /** Names this installation. */
  readonly source: string
}

/** Many events in one message. */
export interface ToldDigest {
  /** Of the first of its deliveries: the same as long as the message is. */
  readonly id: string
  readonly digest: DigestPeriod
  /** The worst of all. */
  readonly severity: Severity
  readonly from: number
  readonly until: number
  readonly subscription: string
  readonly node: string
  readonly nodeName?: string
  readonly total: number
  /** By kind and severity, those that matter most first. */
  readonly counts: readonly { readonly event: string; readonly severity: Severity; readonly count: number }[]
  /** Those that matter most: the latest of each object. */
  readonly shown: readonly ToldBrief[]
  /** Where all are listed. */
  readonly link?: string
  readonly contact?: string
  readonly source: string
}
export interface ToldBrief {
  readonly event: string
  readonly severity: Severity
  readonly at: number
  readonly subject: string
  /** With its id, as far as whoever is told may know it. */
  readonly called: string
  readonly summary: string
  /** How often the same happened to it. */
  readonly times: number
}
export const isDigest = (told: ToldEvent | ToldDigest): told is ToldDigest => 'digest' in told

/** What of an event says what it is joined with. */
type Joinable = Parameters<typeof topicOf>[0] & { readonly node: string; readonly requester: string }
/**
 * As what an event is told once where several of it wait: what one requester has done to the same object again, and what is found of
 * the same again. Undefined: it is told by itself, as whatever the server alone brings about.
 */
export const joinedAs = (event: Joinable): string | undefined =>
  event.requester === '' && !isOfFinding(event.kind)
    ? undefined
    : [topicOf(event), event.node, event.requester].join('\n')
/** As what those of a requester are told of whom very much waits already: by kind and node. What is critical is always told by itself. */
export const othersAs = ({ kind: name, severity, node, requester }: Joinable & { readonly severity: Severity }) =>
  requester === '' || severity === 'critical' ? undefined : ['others', name, node, requester].join('\n')

/** What makes two events the same of the same object. */
export const topicOf = ({
  kind: name,
  subject,
  source,
  facts,
}: {
  readonly kind: string
  readonly subject: string
  readonly source: string
  readonly facts: EventFacts
}): string => [name, source, String(facts.control ?? ''), subject].join('\n')

/** What formats of findings say beside the event. */
export interface ToldFinding {
  readonly findingId: string
  readonly control: string
  /** What its control watches for. */
  readonly title: string
  /** One sentence about it, whatever has become of it. */
  readonly said: string
  readonly status: FindingStatus
  readonly of: Facts
  readonly firstSeenAt: number
  readonly resourceType?: string
  readonly locale?: string
  readonly sourceId?: string
  /** Of one that was set aside. */
  readonly suppression?: { readonly reason: string; readonly until: string }
}
/** What has become of a finding that an event of this kind tells of. */
export const statusTold = (name: string): FindingStatus =>
  name === 'finding.resolved' ? 'resolved' : name === 'finding.suppressed' ? 'suppressed' : 'open'
