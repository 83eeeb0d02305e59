// The steps of a trace in words: made where they are shown, from the facts that are on record.

import { articleFor } from '../article.ts'
import { provider } from './decision.ts'
import { boundsText } from './setting.ts'
import { type GrantedSettings, gateNamed, grantedIn } from './settings.ts'
import type { Granted, Reason, ReasonFacts, RecordedStep, Why, WordedStep } from './trace.ts'

/** Of the request what words speak of: the facts do not repeat it. */
export interface About {
  readonly account: string
  readonly locale: string
  readonly resourceType: string
}

/** A step as it is shown: in words where it is facts, and as it was put on record where it has words itself. */
export function inWords(step: RecordedStep, about: About): WordedStep {
  if ('because' in step) return step as WordedStep
  const { kind, result } = step
  const subject = step.subject ?? (step.why === 'no-document' ? pairOf(about) : 'policy')
  const words = reasonInWords(step, { ...about, subject })
  const isOfPool = kind === 'exception' && 'pool' in step && step.why !== 'unshared'
  return { kind, subject, result, because: isOfPool ? `${step.pool}: ${words}` : words }
}

/** A reason that a newer server has put on record and that is not known here stands there by its name. */
export function reasonInWords(reason: Reason, about: About & { readonly subject?: string }): string {
  const words = wordsOf[reason.why] as ((facts: Reason, about: About) => string) | undefined
  return words ? words(reason, about) : reason.why
}

const pairOf = ({ resourceType, locale }: About): string => `${resourceType} in ${locale}`
const momentText = (at: number): string => new Date(at).toISOString()

const grantsText = ({ pools = [], provider: isProvider, ...settings }: Granted): string =>
  [
    ...pools,
    ...(isProvider ? [provider] : []),
    ...grantedIn(settings as GrantedSettings).map(({ grant, granted }) => grant.words(granted)),
  ].join(', ')

function noneFrom(setting: string): string {
  const exceptions = gateNamed(setting)?.exceptions
  return exceptions && 'because' in exceptions ? exceptions.because : setting
}

const assignedText = ({ version, assigned, target, mode = 'enforce' }: ReasonFacts['has-document']): string =>
  `version ${version}, ${assigned} on ${target} (${mode})`

const wordsOf: {
  readonly [W in Why]: (facts: ReasonFacts[W], about: About & { readonly subject?: string }) => string
} = {
  'no-policy': () => 'no policy that is enforced is enabled on its path',
  'has-document': (facts, about) => `${assignedText(facts)}, has a document for ${pairOf(about)}`,
  'has-no-document': (facts, about) =>
    `${assignedText(facts)}, has no document for ${pairOf(about)}${facts.isWhole ? ', and as with AWS the nearest wins whole' : ''}`,
  'no-document': () => 'no document speaks of it',
  unmatched: (_, about) =>
    `no document speaks of ${pairOf(about)}, and ${about.subject} lets nothing pass outside policy`,
  watching: ({ mode, pools }) =>
    `assignments in mode ${mode} do not act; enforced, the request would be ${pools ? `given ${pools.join(', ')}` : 'denied'}`,

  tags: ({ tags }) => `it asks for ${tags.join(', ')}`,
  'size-outside': ({ length, ...bounds }) => `/${length} is outside ${boundsText(bounds)}`,
  'no-size': ({ min, minBy, max, maxBy }) =>
    `no size is left: ${minBy} allows from /${min} on, and ${maxBy} up to /${max}`,

  listed: ({ rule }) => `rule ${rule} lists it`,
  'for-other-accounts': (_, { account }) => `its condition names other accounts than ${account}`,
  'for-other-units': (_, { account }) => `${account} is in none of the units that its condition names`,
  'for-other-tags': ({ key, values, tag }) =>
    `its condition asks for tag ${key} on the account or above to be ${values.join(' or ')}, and it is ${tag ?? 'not set'}`,
  narrowed: ({ policy, target }) => `final policy ${policy} on ${target} does not list it`,

  unlisted: ({ onExplicit }) =>
    `the rules do not list it, and on-explicit is ${onExplicit}${onExplicit === 'steer' ? ': the rules are used instead' : ''}`,
  'named-listed': () => 'the caller named it, and the rules list it',
  'named-allowed': () => 'the caller named it, and nothing forbids it',
  'not-shared': () => 'the account does not own it, and it is not shared with it',
  'lies-in': ({ pools }) => `it lies in ${pools.join(', ')}`,

  absent: () => 'there is no such pool',
  locale: ({ locale = 'None' }, about) => `its locale is ${locale}, the request's ${about.locale}`,
  family: ({ holds }) => `it holds IPv${holds}`,
  scope: ({ scope }) => `its scope is ${scope}`,
  service: ({ service = 'none' }, { resourceType }) => `its AWS service is ${service}, and ${resourceType} needs ec2`,
  'network-inside': () => 'it divides a network, and no network of its own is made of a part of one',
  'subnet-inside': () => 'it divides a subnet, which holds no subnets',
  'free-tier': () => 'its IPAM is of the free tier, which serves its owner alone',
  outside: ({ cidr }) => `${cidr} is not in its CIDRs`,
  'pool-tags': ({ tags }) => `it asks for tags ${tags.join(', ')}`,
  'no-length': () => 'neither the request nor policy says a netmask length, and it has no default',
  'no-default-length': () => 'it has no default netmask length',
  'too-large': ({ length, min }) => `/${length} is larger than its /${min}`,
  'too-small': ({ length, max }) => `/${length} is smaller than its /${max}`,
  'length-outside': ({ length, ...bounds }) => `/${length} is outside ${boundsText(bounds)}`,
  'default-outside': ({ length, ...bounds }, { resourceType }) =>
    `its default /${length} is outside ${boundsText(bounds)}, which ${articleFor(resourceType)} ${resourceType} can have`,

  needless: () => 'another exception is enough',
  grants: ({ until, ...granted }) => `it grants ${grantsText(granted)} until ${momentText(until)}`,
  others: ({ named, ...granted }) => `it grants ${grantsText(granted)}${named === undefined ? '' : `, not ${named}`}`,
  'size-not-granted': (granted) => `it grants ${grantsText(granted)}, which is not enough`,
  'none-from': ({ setting }) => noneFrom(setting),
  expired: ({ at }) => `it expired at ${momentText(at)}`,
  begins: ({ at }) => `it starts at ${momentText(at)}`,
  'same-without': () => 'policy answers the same without it',
  'in-reserve': () => 'policy allows the request without it; it counts where nothing else has room',
  'of-reserve': () => 'nothing that policy allows without it has room',
  unshared: ({ pool }, { account }) => `${pool}: its owner does not share it with ${account} any more`,

  'cidr-taken': ({ cidr }) => `${cidr} is not free`,
  full: ({ length }) => `no /${length} is free`,
  served: () => 'it served the request',
  'no-room': () => 'no candidate has room',
  'no-room-else': () => 'no candidate has room, and on-exhausted is provider',
  'no-rule-else': () => 'no rule can serve, and on-exhausted is provider',
}
