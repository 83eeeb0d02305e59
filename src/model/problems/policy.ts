// What is wrong with policies, their settings, assignments and exceptions, and with types of resources.
import { articleFor } from '../article.ts'
import { momentText, type NamingFacts, namingText, quotedList } from './phrases.ts'
import type { Say } from './said.ts'

export const policyProblems = {
  // Rules of documents
  'one-of-types': ({ known }: { known: string }) => `it must be one of ${known}`,
  'too-many-rules': ({ max }: { max: number }) => `a document has at most ${max} rules`,
  'pool-listed-twice': () => 'the pool is listed more than once',
  'pool-of-other-ipam': () => "the pool must belong to the policy's IPAM",
  'pool-in-other-locale': ({ has = 'None', locale }: { has: string | undefined; locale: string }, { name }: Say) =>
    `its ${name('locale')} is ${has}, not ${locale}`,
  'type-needs-public-pool': ({ resourceType }: OfType) => `${resourceType} needs a pool in the public scope`,
  'type-needs-ipv4-pool': ({ resourceType }: OfType) => `${resourceType} needs an ipv4 pool`,
  'type-needs-service': ({ resourceType, service }: OfType & { service: string }, { name }: Say) =>
    `${resourceType} needs ${name('awsService')} ${service}`,
  'network-inside': ({ resourceType }: OfType) =>
    `it divides a network, and no network of its own is made of a part of one: it is none for ${resourceType}`,
  'subnet-inside': ({ resourceType }: OfType) =>
    `it divides a subnet, which holds no subnets: it is none for ${resourceType}`,

  // Settings
  'lengths-of-type': ({ resourceType, min, max }: OfType & Bounds) =>
    `for ${resourceType} netmask lengths are from ${min} to ${max}`,
  'has-no-settings': () => 'this resource has no settings',
  'no-such-setting': ({ of, known }: { of: 'policy' | 'ipam' | 'pool'; known: readonly string[] }) =>
    `it is no setting of ${of === 'ipam' ? 'an IPAM' : `a ${of}`}; known are ${quotedList(known)}`,
  'setting-takes': ({ allowed }: { allowed: string }) => `allowed is ${allowed}`,
  'empty-part-of-key': () => 'no part of the key may be empty',
  'not-narrowed': () => 'it cannot be narrowed',
  'narrowed-by-pool': ({ key }: { key: string }) =>
    `it is written \`${key}/IPAM-POOL-ID\` or \`${key}/LOCALE/TYPE/IPAM-POOL-ID\``,
  'narrowed-by-pair': ({ key }: { key: string }) =>
    `it is written \`${key}\`, \`${key}/TYPE\` or \`${key}/LOCALE/TYPE\``,
  'no-resource-type': ({ type, known }: { type: string; known: readonly string[] }) =>
    `\`${type}\` is no resource type; known are ${quotedList(known)}`,

  // What two policies cannot both have
  'lengths-at-odds': ({ setting, min, max }: Bounds & { setting: string }) =>
    `${setting} would be from /${min} to /${max}`,
  'tag-at-odds': ({ key, values: [one, other] }: { key: string; values: readonly [string, string] }) =>
    `tag ${key} would have to be both ${one} and ${other}`,
  'no-pool-in-common': (pools: OfFamily) => `they list no ${poolOf(pools)} in common`,
  'no-pool-in-common-with-all': (pools: OfFamily) =>
    `together with the other final policies they list no ${poolOf(pools)} in common`,

  // Policies, their assignments and candidates
  'enable-on-itself': ({ account }: { account: string }) =>
    `account ${account} may enable its policies on itself only; other targets are for the organization's delegated administrator of IPAM`,
  'must-replace-default': ({ target }: { target: string }) =>
    `it must be the default policy of \`${target}\` that this default takes the place of`,
  'enabled-on': ({ targets, others }: { targets: readonly string[]; others: number }) =>
    `the policy is enabled on ${targets.join(', ')}${others > 0 ? ` and ${others} others` : ''}; disable it there first`,
  'not-enabled-on': ({ target }: { target: string }) => `the policy is not enabled on \`${target}\``,
  'other-default': ({ target, policy }: { target: string; policy: string }) =>
    `\`${target}\` has the default policy ${policy}, and there can be one; disable one of the two there first`,
  'pair-twice': ({ first }: { first: number }) => `documents.${first} is for the same locale and resource type`,
  'nothing-other': ({ members }: { members: readonly string[] }) =>
    `Nothing would be other: give one of ${members.join(', ')}.`,
  'acts-already': ({ version, mode }: { version: number; mode: string }) =>
    `version ${version} in mode \`${mode}\` is what acts already`,
  'other-candidate': ({ member, asked, now, target }: { member: string; asked: string; now: string; target: string }) =>
    `the candidate on \`${target}\` has the ${member} \`${now}\` by now, and \`${asked}\` was looked at: look at it again`,
  'no-candidate-there': ({ target, version }: { target: string; version: number }) =>
    `the policy is enabled on \`${target}\` too, where version ${version} is not the candidate; make it the candidate there first, or enable a policy of its own on one of the two in place of this one (\`replaces\`)`,
  'tag-says-otherwise': ({
    resourceType,
    locale,
    key,
    value,
  }: OfType & { locale: string; key: string; value: string }) =>
    `a tag says otherwise for ${resourceType} in ${locale}, and \`${key}\` cannot say \`${value}\`: take that tag away first`,

  // Types of resources
  'type-there': ({ name }: { name: string }) => `there is a type \`${name}\` already`,
  'came-with-program': () => 'it came with the program; only what was added can be deleted',
  'policies-have-documents': ({ policies }: { policies: readonly NamingFacts[] }) =>
    `Policies have documents for it: ${policies.map(namingText).join(', ')}`,
  'exceptions-not-over': () => 'Exceptions for it are not over',
  'space-of-type': () => 'Space is allocated or held for it; release it first',
  'no-type-name': () => '`CLOUD:NAME` is expected, in small letters, digits and `-`, such as `oci:public-ip`',
  'reserved-clouds': ({ clouds }: { clouds: readonly string[] }) =>
    `the clouds ${clouds.join(', ')} are reserved; add it under a cloud of its own`,
  'needs-one': () => 'it needs at least one',
  'needs-family': () => 'it needs at least one family',
  'has-none-inside': () => 'only what takes a CIDR has addresses inside',
  'min-above-max': () => '`min` is the shortest, so it is not greater than `max`',
  'default-outside-min-max': () => '`default` is between `min` and `max`',
  'one-address-length': ({ bits }: { bits: number }) => `what takes one address has ${bits} as its only netmask length`,

  // Exceptions
  'grants-nothing': ({ grantable }: { grantable: readonly string[] }) => {
    const all = ['pools', 'provider', ...grantable].map((name) => `\`${name}\``)
    return `name at least one of ${all.slice(0, -1).join(', ')} and ${all.at(-1)}`
  },
  'no-choice-of-it': ({ resourceType }: OfType) =>
    `${articleFor(resourceType)} \`${resourceType}\` has no choice of it; leave it out`,
  'grant-outside': ({ resourceType, min, max }: OfType & Bounds) =>
    `for \`${resourceType}\` it must lie within ${min} to ${max}, the smaller number first`,
  'not-shared-and-not-yours': ({ pool, target, owner }: { pool: string; target: string; owner?: string }) =>
    `the pool \`${pool}\` is not shared with \`${target}\`, and you may not approve at ${owner === undefined ? 'the account that owns it' : `\`${owner}\`, which owns it`}`,
  'grants-twice': () =>
    '`grants` says all that is granted: leave out `poolId`, `provider` and `netmaskLength`, or `grants`',
  'end-twice': () => 'say either `expiresAt` or `for`',
  'not-denied': () => 'it was not denied: say what to permit, such as `poolId`',
  'granted-by-now': () => 'the same request would be granted by now: ask again',
  'no-exception-helps': ({ next }: { next: string }) => `no exception would have it granted; nearest change: ${next}`,
  'no-target': () => 'an account, ou-… or r-… is expected',
  'asked-for-it': ({ asked, by, exception, action, target, shared }: AskedFacts) =>
    `\`${asked}\` asked for \`${exception}\`, and so \`${by}\` cannot ${action} it${shared === undefined ? '' : ` (\`${shared}\` may stand behind both: by sign-in, or as who made the token of the other)`}; somebody else who may approve at \`${target}\` must`,
  'unreviewed-before': (facts: UnreviewedFacts) =>
    `${unreviewedText(facts)} must review it before there is another one`,
  'unreviewed-there': (facts: UnreviewedFacts & { brought?: string }) =>
    `${unreviewedText(facts)} must review it before you bring ${facts.brought === undefined ? 'a new account' : `\`${facts.brought}\``} under it; somebody else may do that now`,
  'in-the-past': () => 'it must not be in the past',
  'not-later-than-start': () => 'it must be later than now and than `startsAt`',
  'not-later-than-present-end': () => 'it must be later than the present end',
  'break-glass-too-long': ({ hours }: { hours: number }) => `break-glass ends within ${hours} hours`,
  'too-far-ahead': ({ days }: { days: number }) => `it must be at most ${days} days ahead`,
  'lapses-before-exception': () => 'it would lapse before the exception begins',
  'held-beyond-exception': () => 'it would be held for longer than the exception could last',
  'exception-state': ({ state, action }: { state: string; action: keyof typeof statesFor }) =>
    `it is ${state}, and only ${statesFor[action]}`,
  'other-end': ({ asked, said }: { asked: number; said: number }) =>
    `it is asked for until ${momentText(asked)}, and not until ${momentText(said)}`,
  'asked-end-passed': () => 'the end that it asks for has passed; deny it, and ask anew',
  'renewal-end-unnamed': ({ by, until }: { by: string; until: number }) =>
    `${by} asks to renew it until ${momentText(until)}; to approve that, name this end as \`expiresAt\``,
  'renewal-waits': ({ by }: { by: string }) => `${by} has asked to renew it already; approve or deny that first`,
  'break-glass-not-renewed': () => 'break-glass is not renewed; request an exception',
  'only-break-glass-is-reviewed': () => 'only break-glass is reviewed',
  'reviewed-already': ({ by }: { by: string }) => `${by} has reviewed it already`,
}

interface OfType {
  readonly resourceType: string
}
interface Bounds {
  readonly min: number
  readonly max: number
}
interface OfFamily {
  /** Where pools of both are listed. */
  readonly family?: 4 | 6
}
const poolOf = ({ family }: OfFamily): string => (family === undefined ? 'pool' : `IPv${family} pool`)
const statesFor = {
  approve: 'what is requested can be approved',
  deny: 'what is requested can be denied',
  revoke: 'what is approved or active can be revoked',
  renew: 'what was approved can be renewed',
} as const

interface AskedFacts {
  readonly asked: string
  readonly by: string
  readonly exception: string
  readonly action: string
  readonly target: string
  /** What may stand behind both, where they are not the same. */
  readonly shared?: string
}
interface UnreviewedFacts extends OfType {
  readonly requester: string
  readonly target: string
  readonly locale: string
  /** What may stand behind both, where they are not the same. */
  readonly shared?: string
}
const unreviewedText = ({ requester, target, locale, resourceType, shared }: UnreviewedFacts): string =>
  `\`${requester}\` made it for \`${target}\`, \`${locale}\` and \`${resourceType}\`, and it still awaits review${shared === undefined ? '' : ` (\`${shared}\` may stand behind both)`}: somebody else who may approve at \`${target}\``
